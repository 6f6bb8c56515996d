"""`vox voices`: who can speak."""

from typing import Any

import click

from vox.cli.models import tell_problems
from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output

__all__ = ["command"]

_EPILOG = """\b
Examples:
  vox voices
  vox voices --language de
  vox voices --model espeak:system --json

\b
Exit status: 0, 66 no such model, 69 no daemon.
"""


@click.command("voices", short_help="List the voices that can speak.", epilog=_EPILOG)
@click.argument("verb_or_model", required=False, metavar="[MODEL]")
@click.option("--model", metavar="ID", help="Voices of this model only.")
@click.option("--language", metavar="TAG", help="Voices of this language only, as in en or pt-BR.")
@json_option
@no_start_option
@click.pass_obj
def command(output: Output, verb_or_model: str | None, model: str | None, language: str | None, start: bool) -> None:
    """List the voices that can speak, of all models or of one."""
    named = model or (verb_or_model if verb_or_model != "list" else None)
    with open_client(output, start) as client:
        answer = client.call("synthesize.voices", {"modelId": named})
    voices = [voice for voice in answer["voices"] if _speaks(voice, language)]
    tell_problems(output, answer)
    if output.json:
        output.object({**answer, "voices": voices})
    elif not voices:
        output.line("No voices available.")
    else:
        for voice in voices:
            output.line(_line(voice))


def _speaks(voice: dict[str, Any], language: str | None) -> bool:
    """Whether its tag is the wanted one or more special: `en` finds `en-GB`, not the other way round."""
    if not language:
        return True
    wanted, tag = language.replace("_", "-").lower(), str(voice["language"] or "").replace("_", "-").lower()
    return tag == wanted or tag.startswith(f"{wanted}-")


def _line(voice: dict[str, Any]) -> str:
    text = f"{voice['id']} {voice['name']} {voice['modelId'] or '-'} lang={voice['language'] or '-'}"
    text += f" available={str(voice['available']).lower()}"
    return text + (" default=true" if voice["default"] else "")
