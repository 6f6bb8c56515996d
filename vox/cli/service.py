"""`vox service`: the daemon as a service of the system, from login on."""

import os
import subprocess
from typing import TYPE_CHECKING, Any

import click

from vox.cli.options import json_option
from vox.cli.output import NOT_FOUND, Output
from vox.paths import Home

if TYPE_CHECKING:
    from vox.daemon.service import Manager, State

__all__ = ["command"]

_WORDS = {True: "yes", False: "no", None: "unknown"}

_EPILOG = """\b
Examples:
  vox service install --dry-run
  vox service install
  vox service status
  vox service uninstall
"""

_dry_run: Any = click.option("--dry-run", is_flag=True, help="Show the file and the commands, and do nothing.")


@click.group("service", short_help="Have the daemon run from login on.", epilog=_EPILOG)
def command() -> None:
    """Have the system run the daemon from login on, and start it again when it fails.

    Made for it: a user unit of systemd on Linux, a launchd agent on macOS, a scheduled task on Windows. None of them
    needs an administrator.
    """


@command.command("install", epilog="\b\nExample:\n  vox service install --dry-run")
@_dry_run
@json_option
@click.pass_obj
def install_command(output: Output, dry_run: bool) -> None:
    """Write the service's file, and start the service now and at every login.

    Doing it again does no harm: it brings the file up to date after Python or Vox has moved. A daemon that runs by hand
    is stopped, and the service takes over.
    """
    from vox.cli.daemon import stop_daemon
    from vox.daemon.service import State, install
    from vox.daemon.service.program import left_out

    home = Home.from_env()
    manager = _manager(home)
    if dry_run:
        _tell_plan(output, manager)
        return
    before = State.of(manager)
    fine = before.installed and before.current and before.enabled and before.running
    if not fine:
        home.ensure()
        output.status("Starting the service")
        install(manager, make_way=lambda: before.running or stop_daemon())
    _tell(output, manager, State.of(manager), changed=not fine)
    output.note(manager.hint)
    if names := left_out():
        output.note(f"set here, but not for the service: {', '.join(names)}; write settings into {home.config_json}")


@command.command("uninstall", epilog="\b\nExample:\n  vox service uninstall")
@_dry_run
@json_option
@click.pass_obj
def uninstall_command(output: Output, dry_run: bool) -> None:
    """Stop the service, and remove all that was made for it. Models, settings and logs stay."""
    from vox.daemon.service import uninstall

    manager = _manager(Home.from_env())
    if dry_run:
        steps = [*manager.uninstall_steps(), *manager.forget_steps()]
        _tell_commands(output, manager, [step.argv for step in steps], {"remove": [str(manager.path)]})
        return
    removed, unreached = uninstall(manager)
    if output.json:
        output.object({"removed": removed, "file": str(manager.path), "managerError": unreached})
        return
    output.line(f"removed: {manager.path}" if removed else "The service is not installed.")
    if unreached is not None and removed:
        output.note(f"removed without its manager: {unreached}")


@command.command("status", epilog="\b\nExample:\n  vox service status --json")
@json_option
@click.pass_obj
def status_command(output: Output) -> int:
    """Show whether the service is installed, enabled and running. Exit status 1 means that it does not run."""
    from vox.daemon.service import State

    home = Home.from_env()
    manager = _manager(home)
    return _tell(output, manager, State.of(manager))


@command.command("logs", epilog="\b\nExample:\n  vox service logs --lines 20")
@click.option("--lines", type=click.IntRange(1), default=80, show_default=True, help="Show that many, the last ones.")
@json_option
@click.pass_obj
def logs_command(output: Output, lines: int) -> None:
    """Show what the service manager has kept of starts and failures. The daemon's own log: vox logs."""
    told = _manager(Home.from_env()).log(lines)
    if output.json:
        output.object({"lines": told.splitlines()})
    elif told:
        output.line(told)
    else:
        output.note("nothing is kept of the service")


def _manager(home: Home) -> "Manager":
    from vox.daemon.service import manager_for

    return manager_for(home)


def _tell_plan(output: Output, manager: "Manager") -> None:
    if not output.json:
        output.line(f"# {manager.path}")
        output.line(manager.text().rstrip("\n"))
        output.line("\n# then")
    commands = [step.argv for step in manager.install_steps()]
    _tell_commands(output, manager, commands, {"text": manager.text()})


def _tell_commands(output: Output, manager: "Manager", commands: list[tuple[str, ...]], more: dict[str, Any]) -> None:
    if output.json:
        output.object(
            {"dryRun": True, "file": str(manager.path), "commands": [list(argv) for argv in commands], **more}
        )
        return
    for argv in commands:
        output.line(_typed(argv))
    if "remove" in more:
        output.line(f"# and remove {manager.path}")


def _typed(argv: tuple[str, ...]) -> str:
    """As somebody would type it."""
    if os.name == "nt":
        return subprocess.list2cmdline(argv)
    import shlex

    return shlex.join(argv)


def _tell(output: Output, manager: "Manager", state: "State", **more: Any) -> int:
    """Show the state. Returns the exit status."""
    outside = _daemon_outside(state)
    running = state.running if state.running is not None or outside is None else state.installed
    if output.json:
        facts = {"installed": state.installed, "current": state.current, "enabled": state.enabled, "running": running}
        output.object(facts | {"pid": state.pid, "detail": state.detail, "file": str(manager.path), **more})
        return 0 if running else NOT_FOUND
    output.line(f"installed: {_WORDS[state.installed]}")
    output.line(f"enabled: {_WORDS[state.enabled]}")
    output.line(f"running: {_WORDS[running]}" + (f" (process {state.pid})" if state.pid else ""))
    output.line(f"file: {manager.path} ({manager.name})")
    if state.detail:
        output.line(f"detail: {state.detail}")
    if state.installed and not state.current:
        output.note("the file is not what it would be today: vox service install")
    if outside is not None and state.running is False:
        output.note(
            f"a daemon runs outside of the service, process {outside}: vox daemon stop, then vox service install"
        )
    return 0 if running else NOT_FOUND


def _daemon_outside(state: "State") -> int | None:
    """The process of a daemon that answers and is not the service's; where the manager does not tell, any that does."""
    from vox.client.discovery import find
    from vox.client.launch import connect

    home = Home.from_env()
    channel = connect(home)
    if channel is None:
        return None
    channel.close()
    address = find(home)
    return address.pid if address is not None and address.pid != state.pid else None
