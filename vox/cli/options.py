"""Options that several commands share, and the client they give."""

from typing import TYPE_CHECKING, Any

import click

from vox import __version__
from vox.cli.output import Output

if TYPE_CHECKING:
    from vox.client import Client

__all__ = ["json_option", "max_wait_option", "no_start_option", "open_client", "turn_params"]


def _set_json(ctx: click.Context, _: click.Parameter, given: bool) -> None:
    if given:
        ctx.ensure_object(Output).json = True


json_option: Any = click.option(
    "--json", is_flag=True, is_eager=True, expose_value=False, callback=_set_json, help="Print one JSON object."
)

no_start_option: Any = click.option(
    "--no-start", "start", flag_value=False, default=True, help="Fail rather than start the daemon."
)


max_wait_option: Any = click.option(
    "--max-wait",
    type=click.FloatRange(0),
    metavar="SECONDS",
    help="Wait no longer for a free place; 0 not at all. Default: as long as the provider's queue allows.",
)


def turn_params(output: Output, max_wait: float | None) -> dict[str, Any]:
    """Parameters of a call that may have to wait: for how long, and whether somebody watches."""
    return {
        "maxWaitMs": None if max_wait is None else round(max_wait * 1000),
        "progress": True if output.has_status else None,
    }


def open_client(output: Output, start: bool) -> "Client":
    """The client of a command: named for telemetry, and telling when it has to start the daemon."""
    from vox.client.api import Client
    from vox.client.discovery import find
    from vox.paths import Home

    home = Home.from_env()
    address = find(home)
    if address is None and start:
        output.status("Starting the daemon")
    elif address is not None and address.version != __version__:
        output.note(f"The daemon is version {address.version}, this is {__version__}: vox daemon restart")
    return Client(home, start=start, client_id="vox-cli")
