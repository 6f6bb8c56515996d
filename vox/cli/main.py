"""The command tree. A command's module is loaded when that command is used, never for another one or for `--help`."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from vox import __version__
from vox.cli.output import Output
from vox.errors import Cancelled, InvalidRequest, VoxError

__all__ = ["COMMANDS", "LazyGroup", "cli", "main"]

COMMANDS = {
    "transcribe": "Recognise the speech in audio files.",
    "speak": "Speak a text.",
    "voices": "List the voices that can speak.",
    "models": "List, install and preload models.",
    "providers": "Look at the programs that do the work.",
    "status": "Show what the daemon is doing.",
    "daemon": "Run, start and stop the daemon.",
    "doctor": "Check that everything is in place.",
    "config": "Show and check the configuration.",
}
"""The commands and their short help: `vox.cli.NAME` holds each as `command`."""

_CANCELLED = Cancelled.exit_status
_PIPE_CLOSED = 128 + 13  # what a shell shows for a program that SIGPIPE has ended
_SIGNALS = ("SIGTERM", "SIGHUP")

_EPILOG = """\b
Examples:
  vox transcribe talk.mp3
  vox speak "Good morning." --out morning.wav
  vox models
"""


class LazyGroup(click.Group):
    """The `vox` command: finds commands by name, and turns every failure into a message and an exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"vox.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands' short help, from the table: no command is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run, and end the process with the exit status of what happened."""
        words = list(sys.argv[1:] if args is None else args)
        output = extra.setdefault("obj", Output(json="--json" in _before_rest(words)))
        extra["standalone_mode"] = False
        try:
            status: Any = super().main(args, *rest, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            _drop_stdout()
            sys.exit(_PIPE_CLOSED)
        except (Exception, KeyboardInterrupt) as error:
            status = _fail(output, error)
        sys.exit(status if isinstance(status, int) else 0)


@click.group(
    cls=LazyGroup,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", "-V", message="vox %(version)s")
@click.option("--debug", is_flag=True, envvar="VOX_DEBUG", help="Show where an error comes from.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing on stderr but errors.")
@click.pass_obj
def cli(output: Output, debug: bool, quiet: bool) -> None:
    """Local speech recognition and synthesis.

    The daemon starts by itself when a command needs it. Results go to stdout, everything else to stderr.
    """
    output.debug, output.quiet = debug, quiet


def main() -> NoReturn:
    """The program `vox`."""
    _end_cleanly_on_signals()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    cli.main(prog_name="vox")


def _fail(output: Output, error: BaseException) -> int:
    """Say what went wrong. Returns the exit status."""
    if output.debug and not isinstance(error, click.ClickException):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return _CANCELLED
    told = _as_vox_error(error)
    if output.json:
        output.object({"error": told.info()})
    elif isinstance(error, click.UsageError):
        error.show()
    else:
        output.error(told)
    return told.exit_status


def _as_vox_error(error: BaseException) -> VoxError:
    if isinstance(error, VoxError):
        return error
    if isinstance(error, click.ClickException):
        return InvalidRequest(error.format_message())
    if isinstance(error, OSError):
        return VoxError(f"{error.filename or 'The system'}: {error.strerror or error}")
    return VoxError(f"vox failed: {type(error).__name__}: {error}. Show where with: vox --debug …")


def _before_rest(words: list[str]) -> list[str]:
    return words[: words.index("--")] if "--" in words else words


def _drop_stdout() -> None:
    """Whoever read us is gone: what is still buffered must not fail a second time when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end_cleanly_on_signals() -> None:
    """Temporary files are removed and calls cancelled also when a supervisor ends us."""
    import signal

    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, lambda got, _: sys.exit(128 + got))
