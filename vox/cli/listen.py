"""`vox listen`: what is said into the microphone, a line for each utterance, until Ctrl-C."""

import json
from typing import TYPE_CHECKING, Any

import click

from vox.cli.listening import ended_early, say, stopped_by_interrupt
from vox.cli.options import no_start_option, open_client
from vox.cli.output import Output
from vox.errors import Cancelled, MicrophoneUnavailable

if TYPE_CHECKING:
    from vox.client import Client

__all__ = ["command"]

_EPILOG = """\b
Examples:
  vox listen
  vox listen --json | jq -r 'select(.event == "session.utterance").text'

\b
Ctrl-C ends it when the last words are there, a second one at once. Exit
status: 0 ended by you, 69 no microphone, 75 another session has it.
"""


@click.command("listen", short_help="Write down what is said into the microphone.", epilog=_EPILOG)
@click.option("--model", metavar="ID", help="Model; see `vox models`. Default: the first that is installed.")
@click.option("--language", metavar="TAG", help="Language spoken, as in en or pt-BR, for models that ask.")
@click.option("--device", metavar="NAME", help="Microphone. Default: the system's.")
@click.option("--partials", is_flag=True, help="Show on stderr what is being said just now.")
@click.option("--json", "as_json", is_flag=True, help="Print every event as JSON, one a line.")
@no_start_option
@click.pass_obj
def command(
    output: Output,
    model: str | None,
    language: str | None,
    device: str | None,
    partials: bool,
    as_json: bool,
    start: bool,
) -> None:
    """Write down what is said into the microphone: a line for each utterance, until Ctrl-C."""
    wanted = {"model": model, "language": language, "device": device, "guesses": partials}
    with open_client(output, start) as client:
        while _listen(output, client, wanted, as_json=as_json) == "recording_timeout":
            pass  # a day is over, and nobody said that this was enough


def _listen(output: Output, client: "Client", wanted: dict[str, Any], *, as_json: bool) -> str:
    """One session. Returns what ended it."""
    with client.live(**wanted, utterances=True) as session, stopped_by_interrupt(session):
        for event in session:
            if as_json:
                line = {"event": f"session.{event.name}", **event.data}
                output.line(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
            elif event.name == "utterance":
                output.line(event.text)
            else:
                say(output, event)
        answer = session.answer
    if "text" not in answer:
        raise Cancelled("The session was cancelled.")
    if answer["endedBy"] == "microphone_lost":
        raise MicrophoneUnavailable("The microphone went away, and there is no other.")
    ended_early(output, {} if answer["endedBy"] == "recording_timeout" else answer)
    return answer["endedBy"]
