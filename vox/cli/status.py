"""`vox status`: the daemon and its providers at a glance."""

from typing import Any

import click

from vox.cli.options import json_option, open_client
from vox.cli.output import NOT_FOUND, Output
from vox.cli.providers import status_line
from vox.errors import DaemonUnavailable

__all__ = ["command"]

_EPILOG = """\b
Examples:
  vox status
  vox status --json

\b
Exit status: 0 running, 1 not running.
"""


@click.command("status", short_help="Show what the daemon is doing.", epilog=_EPILOG)
@json_option
@click.pass_obj
def command(output: Output) -> int:
    """Show the daemon and its providers. Nothing is started for it."""
    with open_client(output, start=False) as client:
        try:
            client.connect()
        except DaemonUnavailable as error:
            if "pid" in error.details:  # it runs, but hangs
                raise
            if output.json:
                output.object({"running": False})
            else:
                output.line("Vox daemon is not running.")
            return NOT_FOUND
        facts = client.status()
    if output.json:
        output.object({"running": True, **facts})
        return 0
    output.line(f"{facts['service']} {facts['version']} pid={facts['pid']} up={facts['uptimeMs'] // 1000}s")
    for door in facts["doors"]:
        output.line(f"{door['name']}: {door['url']}")
    for alias in facts.get("aliases", []):
        output.line(_alias_line(alias))
    if facts["socket"]:
        output.line(f"socket: {facts['socket']}")
    for provider in facts["providers"]:
        output.line(status_line(provider))
    return 0


def _alias_line(alias: dict[str, Any]) -> str:
    place = f"{alias['door']} port {alias['port']}"
    return f"{place}: listening" if alias["listening"] else f"{place}: taken by another program; use the address above"
