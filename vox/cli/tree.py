"""The command tree. A command's module is loaded when that command is used, never for another one."""

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from vox import __version__
from vox.cli.output import Output, end_with_closed_pipe
from vox.cli.overview import COMMANDS, overview
from vox.errors import Cancelled, InvalidRequest, VoxError

__all__ = ["LazyGroup", "cli"]


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

    def get_help(self, ctx: click.Context) -> str:
        """The overview, which is the same whether click prints it or not."""
        return overview()

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whoever reads its results may leave before the end, as `head` does."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            end_with_closed_pipe()

    def main(self, args: Sequence[str] | None = None, *rest: Any, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run, and end the process with the exit status of what happened."""
        words = list(sys.argv[1:] if args is None else args)
        output = extra.setdefault("obj", Output(json="--json" in _before_rest(words)))
        extra["standalone_mode"] = False
        try:
            status: Any = super().main(args, *rest, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            end_with_closed_pipe()
        except (Exception, KeyboardInterrupt) as error:
            status = _fail(output, error)
        sys.exit(status if isinstance(status, int) else 0)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", "-V", message="vox %(version)s")
@click.option("--debug", is_flag=True, envvar="VOX_DEBUG", help="Show where an error comes from.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing on stderr but errors.")
@click.pass_obj
def cli(output: Output, debug: bool, quiet: bool) -> None:
    """Local speech recognition and synthesis."""
    output.debug, output.quiet = debug, quiet


def _fail(output: Output, error: BaseException) -> int:
    """Say what went wrong. Returns the exit status."""
    if output.debug and not isinstance(error, click.ClickException):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return Cancelled.exit_status
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
