"""`vox agent`: a terminal program that is spoken to."""

import os
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from vox.cli.options import no_start_option, open_client
from vox.cli.output import Output
from vox.errors import Unsupported

if TYPE_CHECKING:
    from vox.cli.terminal.session import Session
    from vox.client import Client

__all__ = ["command"]

_CANNOT_BE_RUN, _NOT_FOUND = 126, 127  # what a shell says of a file that is no program, and of none at all

_CLAIM_KEYS = ("ctrl-\\", "ctrl-]", "ctrl-^", "ctrl-_", "none")
_NEWLINE_KEYS = ("alt-enter", "ctrl-j", "enter", "blank")

_EPILOG = """\b
Examples:
  vox agent claude
  vox agent tests -- bash
  vox agent notes --status-line -- vim notes.txt

\b
Exit status: that of CMD; 64 wrong use, 69 no daemon, 75 another agent has
the name, 126 CMD cannot be run, 127 there is no CMD.
"""


@click.command("agent", short_help="Run a terminal program and speak to it.", epilog=_EPILOG)
@click.argument("name", metavar="NAME")
@click.argument("cmd", nargs=-1, type=click.UNPROCESSED, metavar="[-- CMD...]")
@click.option("--status-line", is_flag=True, help="Show in the last line who is spoken to, and how that stands.")
@click.option(
    "--claim-key", type=click.Choice(_CLAIM_KEYS), default="ctrl-\\", help="Has NAME spoken to. Default: ctrl-\\."
)
@click.option("--newline", type=click.Choice(_NEWLINE_KEYS), help="Key between utterances. Default: as CMD reads keys.")
@click.option("--no-focus", "focus", is_flag=True, default=True, flag_value=False, help="Do not follow the keyboard.")
@no_start_option
@click.pass_obj
def command(
    output: Output,
    name: str,
    cmd: tuple[str, ...],
    status_line: bool,
    claim_key: str,
    newline: str | None,
    focus: bool,
    start: bool,
) -> int:
    """Run a terminal program and speak to it: what is said to the agent NAME is typed into CMD.

    Without CMD, the program is the one called NAME. It has the whole terminal and every key; what is said comes as if
    it were typed. "Ok send" presses Enter. Speaking goes to the agent whose terminal has the keyboard, to the one that
    is named ("agent tests"), and to this one with the claim key.

    Without a phrase that sends it, an utterance is followed by a new line: Alt+Enter in a program that takes all keys
    as they are, Enter in an editor, and a blank in one that reads lines, such as a shell, where Enter would run what
    was said.
    """
    if os.name != "posix":
        raise Unsupported("vox agent needs a Unix terminal.")
    words = cmd or (name,)
    if shutil.which(words[0]) is None:
        is_file = os.sep in words[0] and os.path.exists(words[0])
        output.note(f"{words[0]}: " + ("this cannot be run" if is_file else "there is no such program"))
        return _CANNOT_BE_RUN if is_file else _NOT_FOUND
    with open_client(output, start) as client:
        session = _session(client, name, words, (claim_key, newline), focus=focus, status_line=status_line)
        status = session.run()
    if session.failure is not None:
        output.note(f"{name} was not spoken to any more: {session.failure.message}")
    return status


def _session(
    client: "Client",
    name: str,
    words: Sequence[str],
    keys: tuple[str, str | None],
    *,
    focus: bool,
    status_line: bool,
) -> "Session":
    """Become the agent, start the program, and put both together."""
    import time

    from vox.cli.terminal.keys import Keyboard
    from vox.cli.terminal.program import Program
    from vox.cli.terminal.screen import Screen
    from vox.cli.terminal.session import Session
    from vox.cli.terminal.status_line import StatusLine
    from vox.cli.terminal.typist import Typist
    from vox.cli.terminal.voice import Voice
    from vox.cli.terminal.watcher import Watcher
    from vox.client.agents.stream import agent_stream, status_stream

    claim, newline = keys
    screen, watcher = Screen(), Watcher()
    line = StatusLine(name, claim, watcher) if status_line and screen.is_shown else None
    messages = agent_stream(client.whereabouts, name, resume_s=None, changed=lambda there: voice.connected(there))
    messages.__enter__()
    size = screen.size()
    environment = {**os.environ, "VOX_AGENT": name}
    program = Program(words, environment, line.within(size) if line is not None else size, screen.attributes)
    status = status_stream(client.whereabouts, resume_s=None) if line is not None else None
    voice = Voice(name, client.door(), messages, status)
    typist = Typist(newline, program.reads, time.monotonic)
    keyboard = Keyboard(claim, watcher)
    return Session(screen, program, voice, typist, keyboard, watcher, focus=focus, status_line=line)
