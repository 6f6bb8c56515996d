"""A command whose verbs have a module each, and whose first verb is meant where none is named."""

from importlib import import_module
from typing import Any

import click

__all__ = ["Verbs"]


class Verbs(click.Group):
    """Like `transcribe`: `vox transcribe talk.mp3` is `vox transcribe file talk.mp3`.

    Args:
        verbs: `module:attribute` of each, loaded when it is used; the first is meant where none is named.
    """

    def __init__(self, name: str, verbs: dict[str, str], **options: Any) -> None:
        super().__init__(name, **options)
        self._verbs = verbs

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
        if args and args[0] not in self._verbs and args[0] not in ctx.help_option_names:
            args = [next(iter(self._verbs)), *args]
        return super().parse_args(ctx, args)
