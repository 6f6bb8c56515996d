"""The program `vox`: what can be answered without loading anything is answered here, the rest by the command tree."""

import os
import sys
from io import TextIOWrapper
from typing import NoReturn

from vox import __version__
from vox.cli.overview import overview

__all__ = ["main"]

_COMPLETION = "_VOX_COMPLETE"  # click's variable for a program called vox
_INTERRUPTED = 128 + 2  # what a shell shows for a program that Ctrl-C has ended


def main() -> NoReturn:
    """Run the program, and end the process."""
    try:
        _open_missing_streams()
        words = sys.argv[1:]
        if _COMPLETION in os.environ:  # a shell asks what could be typed here
            _run()
        if words in ([], ["--help"], ["-h"]):
            _say(overview())
        if words in (["--version"], ["-V"]):
            _say(f"vox {__version__}")
        _run()
    except KeyboardInterrupt:  # while it loaded: commands see to theirs
        sys.exit(_INTERRUPTED)


def _open_missing_streams() -> None:
    """Have a stream that was closed before we began lead nowhere: its number would be that of the next file or socket
    that is opened, and what is for nobody would be written there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8"))


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
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(prog_name="vox")
    finally:
        gc.freeze()
