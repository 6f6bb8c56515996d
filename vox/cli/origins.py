"""`vox origins`: which web pages may use the daemon."""

import click

from vox.cli.options import json_option
from vox.cli.output import Output
from vox.paths import Home

__all__ = ["command"]

_EPILOG = """\b
Examples:
  vox origins add https://example.com
  vox origins add "http://localhost:*"
  vox origins list
  vox origins remove https://example.com
"""


@click.group("origins", short_help="Say which web pages may use the daemon.", epilog=_EPILOG)
def command() -> None:
    """Say which web pages may use the daemon, and so the microphone. None may, unless they are listed. A daemon that
    runs takes a change over at once."""


@command.command("list", epilog="\b\nExample:\n  vox origins list --json")
@json_option
@click.pass_obj
def list_command(output: Output) -> None:
    """List the pages that may use the daemon, from origins.json, origins.d and config.json."""
    from vox.config import load
    from vox.config.origins import Origins

    home = Home.from_env()
    allowed = Origins(home.root, load(home).settings.allowed_origins).listed()
    if output.json:
        output.object({"origins": allowed})
        return
    for origin in allowed:
        output.line(origin)


@command.command("add", epilog="\b\nExample:\n  vox origins add https://example.com")
@click.argument("origin")
@json_option
@click.pass_obj
def add_command(output: Output, origin: str) -> None:
    """Let the pages of ORIGIN use the daemon: scheme, host and port, as https://example.com."""
    _edit(output, origin, True)


@command.command("remove", epilog="\b\nExample:\n  vox origins remove https://example.com")
@click.argument("origin")
@json_option
@click.pass_obj
def remove_command(output: Output, origin: str) -> None:
    """Take ORIGIN off the list in origins.json."""
    _edit(output, origin, False)


def _edit(output: Output, origin: str, listed: bool) -> None:
    from vox.config.origin_edit import edit_origins

    changed = edit_origins(Home.from_env().root / "origins.json", origin, listed=listed)
    if output.json:
        output.object({"origin": origin, "listed": listed, "changed": changed})
    elif listed:
        output.line(f"allowed: {origin}" if changed else f"was allowed already: {origin}")
    else:
        output.line(f"removed: {origin}" if changed else f"was not in origins.json: {origin}")
