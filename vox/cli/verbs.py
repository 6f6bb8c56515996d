"""A command whose verbs have a module each, and whose first verb is meant where none is named."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["Verbs"]


class Verbs(click.Group):
    """Like `transcribe`: `vox transcribe talk.mp3` is `vox transcribe file talk.mp3`.

    Args:
        verbs: `module:attribute` of each, loaded when it is used; the first is meant where none is named.
        bare: Whether it is meant where nothing at all is given, too; else that asks for help.
    """

    def __init__(self, name: str, verbs: dict[str, str], *, bare: bool = False, **options: Any) -> None:
        super().__init__(name, no_args_is_help=not bare, **options)
        self._verbs, self._first = verbs, next(iter(verbs))

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in their order."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a verb."""
        if cmd_name not in self._verbs:
            return None
        module, _, attribute = self._verbs[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the first verb where none is; help is that of all."""
        named = args and (args[0] in self._verbs or args[0] in ctx.help_option_names)
        if not named and (args or not self.no_args_is_help):
            args = [self._first, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Complete verbs, and the options of the first."""
        first = self.get_command(ctx, self._first)
        if first is None or not incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return first.shell_complete(click.Context(first, ctx, self._first, resilient_parsing=True), incomplete)
