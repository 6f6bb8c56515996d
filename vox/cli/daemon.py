"""`vox daemon`: the background process itself."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vox.cli.options import json_option, open_client
from vox.cli.output import NOT_FOUND, Output
from vox.client.discovery import find
from vox.errors import DaemonUnavailable, ServiceUnavailable
from vox.paths import Home

__all__ = ["command", "stop_daemon"]

_STOP_S = 8.0  # a daemon gives its providers four and a half seconds
_LOOK_EVERY_S = 0.02

_NOT_RUNNING = "Vox daemon is not running."

_EPILOG = """\b
Examples:
  vox daemon              run in the foreground, until Ctrl-C
  vox daemon start
  vox daemon status --json
  vox daemon restart
"""


@click.group("daemon", invoke_without_command=True, short_help="Run, start and stop the daemon.", epilog=_EPILOG)
@click.pass_context
def command(ctx: click.Context) -> int | None:
    """Run the daemon in the foreground; or start, stop, restart it in the background, or ask for its status."""
    if ctx.invoked_subcommand is not None:
        return None
    import gc

    from vox.daemon.app import main

    gc.enable()
    return main([])


@command.command("start", epilog="\b\nExample:\n  vox daemon start")
@json_option
@click.pass_obj
def start_command(output: Output) -> None:
    """Start the daemon in the background, if it does not run yet."""
    _start(output)


@command.command("stop", epilog="\b\nExample:\n  vox daemon stop")
@json_option
@click.pass_obj
def stop_command(output: Output) -> None:
    """Stop the daemon, and with it every provider."""
    stopped = stop_daemon()
    if output.json:
        output.object({"running": False, "stopped": stopped})
    else:
        output.line("Vox daemon stopped." if stopped else _NOT_RUNNING)


@command.command("restart", epilog="\b\nExample:\n  vox daemon restart")
@json_option
@click.pass_obj
def restart_command(output: Output) -> None:
    """Stop the daemon if it runs, and start it anew: after an upgrade, or a change of the configuration.

    A daemon that is the service's is started anew by the service.
    """
    start_service = _of_the_service()
    stop_daemon()
    if start_service is not None:
        start_service()
    _start(output)


@command.command("status", epilog="\b\nExample:\n  vox daemon status --json")
@json_option
@click.pass_obj
def status_command(output: Output) -> int:
    """Tell whether the daemon runs, and where. Exit status 1 means that it does not."""
    home = Home.from_env()
    with open_client(output, start=False) as client:
        try:
            client.connect()
        except DaemonUnavailable as error:
            if "pid" in error.details:  # it runs, but hangs
                raise
            _tell_absent(output, home)
            return NOT_FOUND
        _tell(output, client.call("health"), home)
    return 0


def _start(output: Output) -> None:
    with open_client(output, start=True) as client:
        facts = client.call("health")
    if output.json:
        output.object({"running": True, **facts})
    else:
        output.line("Vox daemon is running.")


def _of_the_service() -> Callable[[], None] | None:
    """What starts the daemon that runs, if it is the service's."""
    from vox.daemon.service import State, manager_for, start

    home = Home.from_env()
    try:
        manager = manager_for(home)
    except ServiceUnavailable:
        return None
    if not manager.path.exists():
        return None
    state, address = State.of(manager), find(home)
    if not (state.installed and state.enabled) or state.detail is not None:  # detail: it fails, or cannot be asked
        return None
    mine = state.running if state.pid is None else address is not None and address.pid == state.pid
    return None if mine is False else lambda: start(manager)


def stop_daemon() -> bool:
    """Stop the daemon, and wait until its process is gone. Returns False when there was none.

    Raises:
        DaemonUnavailable: It does not end.
    """
    from vox.client.api import Client

    home = Home.from_env()
    address = find(home)
    if address is None or not Client(home, start=False, client_id="vox-cli").stop():
        return False
    deadline = time.monotonic() + _STOP_S
    while _alive(address.pid):
        if time.monotonic() > deadline:
            raise DaemonUnavailable(f"The daemon, process {address.pid}, has not ended yet. Its log: {home.daemon_log}")
        time.sleep(_LOOK_EVERY_S)
    return True


def _alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has collected does not."""
    if os.name != "posix":
        return False  # there, asking would end it; the daemon has said that it stops
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state != "Z"


def _tell(output: Output, facts: dict[str, Any], home: Home) -> None:
    if output.json:
        output.object({"running": True, **facts})
        return
    output.line("status: running")
    for name in ("pid", "port", "socket", "version", "startedAt"):
        if facts[name] is not None:
            output.line(f"{name}: {facts[name]}")
    output.line(f"runtime: {home.runtime_json}")


def _tell_absent(output: Output, home: Home) -> None:
    stale = find(home) is not None
    if output.json:
        output.object({"running": False, "stale": stale})
        return
    output.line(_NOT_RUNNING)
    if stale:
        output.note(f"{home.runtime_json} was left by a daemon that did not end in order; the next start replaces it.")
