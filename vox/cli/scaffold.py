"""`vox providers new`: a provider that works, to put an engine into."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any, NamedTuple

import click

from vox.cli.options import json_option
from vox.cli.output import Output, as_json
from vox.errors import InvalidRequest

__all__ = ["ENDINGS", "Scaffold", "new_command", "render"]

ENDINGS = {"python": ".py", "typescript": ".ts", "sh": ".sh"}
"""Language → how its file's name ends; there is a template for each."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RUNTIMES = {"node": ["node"], "bun": ["bun"], "deno": ["deno", "run", "--allow-read"]}

_EPILOG = """\b
Examples:
  vox providers new my-engine --lang python
  vox providers new my-voice --lang typescript --kind tts
"""


class Scaffold(NamedTuple):
    """What is to be written, and how it is named in providers.json."""

    path: Path
    text: str
    command: list[str]
    kinds: list[str]


@click.command("new", epilog=_EPILOG)
@click.argument("name")
@click.option("--lang", type=click.Choice(list(ENDINGS)), default="python", show_default=True, help="Write it in that.")
@click.option(
    "--kind", type=click.Choice(["asr", "tts", "both"]), default="asr", show_default=True, help="What it does."
)
@click.option(
    "--in", "folder", type=click.Path(file_okay=False, path_type=Path), default=".", help="Write it into that folder."
)
@json_option
@click.pass_obj
def new_command(output: Output, name: str, lang: str, kind: str, folder: Path) -> None:
    """Write a provider that works, in one file: put your engine where it says so.

    It passes `vox providers check` as it is. A file that exists already is left alone.
    """
    made = render(name, lang, kind, folder)
    _write(made)
    providers: list[dict[str, Any]] = [{"id": name, "kind": one, "command": made.command} for one in made.kinds]
    check = ["vox", "providers", "check", "--", *made.command]
    if output.json:
        output.object({"file": str(made.path), "providers": providers, "check": check})
        return
    output.line(f"Wrote {made.path}")
    output.line("\nCheck it:\n  " + " ".join(check))
    output.line("\nName it in providers.json:\n" + as_json({"providers": providers}))
    output.line(f"\nUse it:\n  {_first_call(name, made.kinds)}")


def render(name: str, lang: str, kind: str, folder: Path) -> Scaffold:
    """The provider of that name, not written yet.

    Raises:
        InvalidRequest: The name cannot be that of a file and a provider.
    """
    if not _NAME.fullmatch(name):
        raise InvalidRequest(f"{name!r} is no name for a provider: use letters, digits, dots, dashes and underscores.")
    kinds = ["asr", "tts"] if kind == "both" else [kind]
    path = folder.absolute() / f"{name}{ENDINGS[lang]}"
    names = {"name": name, "kind": kind, "file": path.name, **_models(name, kinds)}
    template = Path(__file__).with_name("templates") / f"{lang}.in"
    text = _filled("".join(_chosen(template.read_text(encoding="utf-8"), kinds)), names)
    return Scaffold(path, text, [*_runner(lang), str(path)], kinds)


def _write(made: Scaffold) -> None:
    made.path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with made.path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(made.text)
    except FileExistsError:
        raise InvalidRequest(f"{made.path} is there already. Choose another name, or remove it first.") from None
    if made.text.startswith("#!"):
        made.path.chmod(0o755)


def _models(name: str, kinds: list[str]) -> dict[str, str]:
    return {"asr": f"{name}:v1", "tts": f"{name}-tts:v1" if len(kinds) > 1 else f"{name}:v1"}


def _chosen(template: str, kinds: list[str]) -> list[str]:
    """The lines for these kinds. `%% asr` begins lines for one kind, `%% else` those for its absence, `%% end` ends."""
    kept: list[str] = []
    open_parts: list[bool] = []
    for line in template.splitlines(keepends=True):
        if not line.startswith("%% "):
            if all(open_parts):
                kept.append(line)
        elif (word := line[3:].strip()) == "else":
            open_parts[-1] = not open_parts[-1]
        elif word == "end":
            open_parts.pop()
        else:
            open_parts.append(word in kinds)
    return kept


def _filled(text: str, names: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: names[found[1]], text)


def _runner(lang: str) -> list[str]:
    if lang == "python":
        return [sys.executable]  # the one in which the kit is installed
    if lang == "sh":
        return ["sh"]
    return next((words for program, words in _RUNTIMES.items() if shutil.which(program)), _RUNTIMES["node"])


def _first_call(name: str, kinds: list[str]) -> str:
    if "asr" in kinds:
        return f"vox transcribe --model {name}:v1 recording.wav"
    return f'vox speak --model {name}:v1 "Good morning."'
