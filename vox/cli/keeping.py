"""`vox models import|remove`: a model's files from this machine, and away from it."""

import sys
from pathlib import Path
from typing import Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output
from vox.errors import InvalidRequest

__all__ = ["import_command", "remove_command"]

_IMPORT_EPILOG = """\b
Examples:
  vox models import ~/Downloads/parakeet-tdt-0.6b-v3-onnx.zip
  vox models import /media/stick/whisper-base --as whisper:base
  vox models import /data/models/parakeet-v3 --as parakeet:v3 --link
"""


@click.command("import", epilog=_IMPORT_EPILOG)
@click.argument("path", type=click.Path(path_type=Path), metavar="DIR|FILE")
@click.option("--as", "model", metavar="ID", help="Whose files they are. Default: the one model that they fit.")
@click.option("--link", is_flag=True, help="Leave the files of a folder where they are, and point at them.")
@json_option
@no_start_option
@click.pass_obj
def import_command(output: Output, path: Path, model: str | None, link: bool, start: bool) -> None:
    """Take a model's files from a folder, or from a zip or tar archive of one: for machines without a network. They are
    checked, then copied to where the model's provider looks for them."""
    params = {"path": str(path.expanduser().absolute()), "modelId": model, "link": link}
    answer = _work(output, "models.import", params, start)
    if not output.json:
        output.line(f"Imported {answer['model']['id']}")
        if remedy := answer["model"].get("remedy"):
            output.note(f"It cannot be used yet: {remedy}")


@click.command("remove", epilog="\b\nExample:\n  vox models remove whisper:base")
@click.argument("model", metavar="ID")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@json_option
@no_start_option
@click.pass_obj
def remove_command(output: Output, model: str, yes: bool, start: bool) -> None:
    """Delete a model's files, as far as Vox has brought them. It is unloaded before; while calls run, nothing is
    deleted."""
    if not yes and not _agreed(output, model):
        raise InvalidRequest(f"Nothing was removed. Without a question: vox models remove {model} --yes")
    _work(output, "models.remove", {"modelId": model}, start)
    if not output.json:
        output.line(f"Removed {model}")


def _agreed(output: Output, model: str) -> bool:
    """Whether the user says yes; somebody has to be there to be asked."""
    if output.json or not sys.stdin.isatty():
        return False
    return click.confirm(f"Delete the files of {model}?", err=True)


def _work(output: Output, method: str, params: dict[str, Any], start: bool) -> dict[str, Any]:
    with open_client(output, start) as client:
        client.connect()
        with output.progress() as progress:
            answer = client.call(method, params, progress.show)
    if output.json:
        output.object(answer)
    return answer
