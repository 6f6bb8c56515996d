"""The program `vox`: what can be answered without loading anything is answered here, the rest by the command tree."""

import os
import sys
from typing import NoReturn

from vox import __version__

__all__ = ["COMMANDS", "main", "overview"]

COMMANDS = {
    "transcribe": "Recognise speech, in audio files or live.",
    "listen": "Write down what is said into the microphone.",
    "speak": "Speak a text.",
    "agent": "Run a terminal program and speak to it.",
    "agents": "List agents, and choose who is spoken to.",
    "voices": "List the voices that can speak.",
    "devices": "List microphones and loudspeakers.",
    "models": "List, install, import, remove and preload models.",
    "warmup": "Load models before they are needed.",
    "providers": "Look at the programs that do the work.",
    "history": "Show what was recognised and spoken.",
    "perf": "Show what the calls have cost.",
    "bench": "Compare models: errors, speed, memory.",
    "logs": "Show the daemon's log and its records.",
    "status": "Show what the daemon is doing.",
    "daemon": "Run, start and stop the daemon.",
    "service": "Have the daemon run from login on.",
    "doctor": "Check that everything is in place.",
    "config": "Show, check and change the configuration.",
    "origins": "Say which web pages may use the daemon.",
}
"""The commands and their short help: `vox.cli.NAME` holds each as `command`."""

_COMPLETION = "_VOX_COMPLETE"  # click's variable for a program called vox

_OVERVIEW = """\
Usage: vox [OPTIONS] COMMAND [ARGS]...

  Local speech recognition and synthesis.

  The daemon starts by itself when a command needs it. Results go to stdout,
  everything else to stderr.

Options:
  -V, --version  Show the version and exit.
  --debug        Show where an error comes from.
  -q, --quiet    Say nothing on stderr but errors.
  -h, --help     Show this message and exit; after a command, its own.

Commands:
{commands}

Examples:
  vox transcribe talk.mp3
  vox speak "Good morning." --out morning.wav
  vox models"""


def main() -> NoReturn:
    """Run the program, and end the process."""
    words = sys.argv[1:]
    if _COMPLETION in os.environ:  # a shell asks what could be typed here
        _run()
    if words in ([], ["--help"], ["-h"]):
        _say(overview())
    if words in (["--version"], ["-V"]):
        _say(f"vox {__version__}")
    _run()


def overview() -> str:
    """The help of `vox` itself."""
    width = max(map(len, COMMANDS))
    return _OVERVIEW.format(commands="\n".join(f"  {name:{width}}  {help}" for name, help in COMMANDS.items()))


def _say(text: str) -> NoReturn:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        from vox.cli.output import end_with_closed_pipe

        end_with_closed_pipe()
    sys.exit(0)


def _run() -> NoReturn:
    """Run a command.

    Collecting garbage while modules load, and once more at the end, would cost a fifth of a short command's time; what
    runs long turns the collector on again.
    """
    import gc

    gc.disable()
    from vox.cli.tree import cli

    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        cli.main(prog_name="vox")
    finally:
        gc.freeze()
