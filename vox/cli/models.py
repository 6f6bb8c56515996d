"""`vox models`: what there is to choose from, and getting it ready."""

from typing import Any

import click

from vox.cli.catalog import catalog_command
from vox.cli.keeping import import_command, remove_command
from vox.cli.modelline import model_line
from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output

__all__ = ["command", "tell_problems"]

_KINDS = ("asr", "tts", "all")

_EPILOG = """\b
Examples:
  vox models
  vox models list --kind tts
  vox models list --all
  vox models install parakeet:v3
  vox models import ~/Downloads/parakeet-v3.zip
  vox models remove whisper:base
  vox models preload
  vox models catalog
"""


@click.group(
    "models",
    invoke_without_command=True,
    short_help="List, install, import, remove and preload models.",
    epilog=_EPILOG,
)
@json_option
@no_start_option
@click.pass_context
def command(ctx: click.Context, start: bool) -> None:
    """List, install, import, remove and preload models. Without a command: list."""
    if ctx.invoked_subcommand is None:
        _list(ctx.ensure_object(Output), "all", start)


for other in (catalog_command, import_command, remove_command):
    command.add_command(other)


@command.command("list", epilog="\b\nExample:\n  vox models list --kind tts --json")
@click.option("--kind", type=click.Choice(_KINDS), default="all", help="Recognition, synthesis or both.")
@click.option("--all", "everything", is_flag=True, help="Also those of the catalogue that no provider here serves.")
@json_option
@no_start_option
@click.pass_obj
def list_command(output: Output, kind: str, everything: bool, start: bool) -> None:
    """List the models of all providers, with size, licence, languages and what they need; `do=` says what is missing
    before one can be used."""
    _list(output, kind, start, everything)


@command.command("install", epilog="\b\nExamples:\n  vox models install parakeet:v3\n  vox models pull parakeet:v3")
@click.argument("model", required=False, metavar="[ID]")
@json_option
@no_start_option
@click.pass_obj
def install_command(output: Output, model: str | None, start: bool) -> None:
    """Get a model's files; without ID, those of the default for recognition. What was interrupted, by Ctrl-C too, is
    continued; a file counts when its checksum is right."""
    _prepare(output, "models.install", model, start, "Installed")


command.add_command(install_command, "pull")


@command.command("preload", epilog="\b\nExample:\n  vox models preload moonshine:tiny-en")
@click.argument("model", required=False, metavar="[ID]")
@json_option
@no_start_option
@click.pass_obj
def preload_command(output: Output, model: str | None, start: bool) -> None:
    """Load a model into memory, so that the next call starts faster."""
    _prepare(output, "models.preload", model, start, "Preloaded")


def tell_problems(output: Output, answer: dict[str, Any]) -> None:
    """Tell which providers could not answer; the others have."""
    for problem in answer.get("problems", ()):
        output.note(f"{problem['provider']}: {problem['message']}")


def _list(output: Output, kind: str, start: bool, everything: bool = False) -> None:
    with open_client(output, start) as client:
        answer = client.call("models.list", {"kind": kind})
        if everything:
            answer["models"] += _others(client.call("models.catalog"), answer["models"], kind)
    tell_problems(output, answer)
    if output.json:
        output.object(answer)
    elif not answer["models"]:
        output.line("No models available.")
    else:
        for model in answer["models"]:
            output.line(model_line(model))


def _prepare(output: Output, method: str, model: str | None, start: bool, done: str) -> None:
    with open_client(output, start) as client:
        client.connect()
        with output.progress() as progress:
            answer = client.call(method, {"modelId": model}, progress.show)
    if output.json:
        output.object(answer)
    else:
        output.line(f"{done} {answer['model']['id']}")


def _others(catalog: dict[str, Any], here: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Models of the catalogue that nobody serves, in the form of the others."""
    known = {model["id"] for model in here}
    return [
        {
            **model,
            "installed": False,
            "preloaded": False,
            "available": False,
            "default": False,
            "remedy": f"vox providers add {model['provider']}" if model["provider"] else "",
        }
        for model in catalog["models"]
        if model["id"] not in known and kind in ("all", model["kind"])
    ]
