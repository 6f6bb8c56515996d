"""`vox logs`: what the daemon writes down, from its end."""

import gc

import click

from vox.cli.options import json_option
from vox.cli.output import NOT_FOUND, Output
from vox.cli.tail import grown, tail
from vox.paths import Home

__all__ = ["command"]

_TARGETS = ("daemon", "performance", "history", "voice")

_EPILOG = """\b
Examples:
  vox logs
  vox logs performance --tail 5
  vox logs daemon --follow

\b
Exit status: 0 there is a log, 1 nothing has been written yet.
"""


@click.command("logs", short_help="Show the daemon's log and its records.", epilog=_EPILOG)
@click.argument("target", type=click.Choice(_TARGETS), default="daemon", metavar="[daemon|performance|history|voice]")
@click.option("--tail", "-n", "lines", type=click.IntRange(0), default=80, show_default=True,
              help="Show that many lines.")  # fmt: skip
@click.option("--follow", "-f", is_flag=True, help="Go on showing what is added, until Ctrl-C.")
@json_option
@click.pass_obj
def command(output: Output, target: str, lines: int, follow: bool) -> int:
    """Show the end of the daemon's log, of its measurements, of the history, or of a front end that writes voice.jsonl.
    No daemon is needed for it. The logs of providers: `vox providers logs`."""
    home = Home.from_env()
    logs = {"daemon": home.daemon_log, "performance": home.performance_jsonl, "history": home.history_jsonl}
    log = logs.get(target, home.root / "voice.jsonl")
    shown, offset = tail(log, lines)
    if output.json:
        output.object({"log": str(log), "lines": shown})
        return 0 if shown or log.is_file() else NOT_FOUND
    if not (shown or log.is_file() or follow):
        output.line(f"No log at {log}")
        return NOT_FOUND
    output.line(f"log: {log}")
    for line in shown:
        output.line(line)
    if follow:
        gc.enable()
        for text in grown(log, offset):
            output.text(text)
    return 0
