"""`vox transcribe live`, and what is asked about live sessions."""

import click

from vox.cli.listening import ended_early, say, stopped_by_enter
from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import NOT_FOUND, Output
from vox.cli.transcript import metrics_lines, render
from vox.errors import Cancelled

__all__ = ["cancel_command", "live_command", "status_command", "stop_command"]

_LIVE_EPILOG = """\b
Examples:
  vox transcribe live
  vox transcribe live --model moonshine:base --timestamps > note.txt

\b
Enter stops, Ctrl-C cancels. Exit status: 0 text was found, 1 nothing was
said, 69 no microphone, 75 another session has it, 130 cancelled.
"""


@click.command("live", short_help="Recognise what is said into the microphone.", epilog=_LIVE_EPILOG)
@click.option("--model", metavar="ID", help="Model; see `vox models`. Default: the first that is installed.")
@click.option("--language", metavar="TAG", help="Language spoken, as in en or pt-BR, for models that ask.")
@click.option("--device", metavar="NAME", help="Microphone. Default: the system's.")
@click.option("--timestamps", "--words", "words", is_flag=True, help="Show when each word is spoken.")
@click.option("--metrics", is_flag=True, help="Tell on stderr where the time went.")
@click.option("--partials", is_flag=True, help="Show also what is being said just now.")
@json_option
@no_start_option
@click.pass_obj
def live_command(
    output: Output,
    model: str | None,
    language: str | None,
    device: str | None,
    words: bool,
    metrics: bool,
    partials: bool,
    start: bool,
) -> int:
    """Recognise what is said into the microphone, until Enter is pressed.

    What is recognised so far is shown on stderr; all of it goes to stdout in the end.
    """
    with (
        open_client(output, start) as client,
        client.live(model, language, device=device, words=words or None, guesses=partials) as session,
        stopped_by_enter(session),
    ):
        for event in session:
            say(output, event)
        answer = session.answer
    if "text" not in answer:
        raise Cancelled("The session was cancelled.")
    ended_early(output, answer)
    if metrics:
        for line in metrics_lines(answer, None):
            output.note(line)
    output.object(answer) if output.json else output.text(render(answer, "text", words=words))
    return 0 if answer["text"] else NOT_FOUND


@click.command("status", epilog="\b\nExample:\n  vox transcribe status")
@json_option
@no_start_option
@click.pass_obj
def status_command(output: Output, start: bool) -> None:
    """Show whether a live session runs, and whose it is."""
    with open_client(output, start) as client:
        answer = client.call("transcribe.sessionStatus")
    session = answer["session"]
    if output.json:
        output.object(answer)
        return
    output.line("active: yes" if session else "active: no")
    for name, key in _SHOWN.items() if session else ():
        output.line(f"{name}: {session[key] or '-'}")


@click.command("stop", epilog="\b\nExample:\n  vox transcribe stop")
@click.argument("session", required=False, metavar="[ID]")
@json_option
@no_start_option
@click.pass_obj
def stop_command(output: Output, session: str | None, start: bool) -> None:
    """Stop a live session, and show what was said. Whoever began it gets the text, too."""
    with open_client(output, start) as client:
        answer = client.call("transcribe.stopSession", {"sessionId": session})
    if output.json:
        output.object(answer)
    elif answer["result"] is None:
        output.note("The text takes longer; whoever began the session will have it.")
    else:
        output.text(render(answer["result"], "text"))


@click.command("cancel", epilog="\b\nExample:\n  vox transcribe cancel")
@click.argument("session", required=False, metavar="[ID]")
@json_option
@no_start_option
@click.pass_obj
def cancel_command(output: Output, session: str | None, start: bool) -> None:
    """End a live session without a text."""
    with open_client(output, start) as client:
        answer = client.call("transcribe.cancelSession", {"sessionId": session})
    if output.json:
        output.object(answer)
        return
    output.line("cancelled: true")
    output.line(f"session: {answer['sessionId']}")


_SHOWN = {
    "session": "sessionId",
    "client": "clientId",
    "model": "modelId",
    "state": "state",
    "started": "startedAt",
}
