"""`vox doctor`: is everything in place, and what to do where it is not."""

import os
import sys
from typing import Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import NOT_FOUND, Output
from vox.errors import DaemonUnavailable
from vox.paths import Home

__all__ = ["command"]

_STYLES = {"warning": "33", "error": "31"}  # yellow, red

_EPILOG = """\b
Examples:
  vox doctor
  vox doctor --json

\b
Exit status: 0 ready, 1 not ready.
"""


@click.command("doctor", short_help="Check that everything is in place.", epilog=_EPILOG)
@json_option
@no_start_option
@click.pass_obj
def command(output: Output, start: bool) -> int:
    """Check that everything is in place, and say what to do where it is not.

    The daemon checks itself and its providers. When it cannot be reached, what can be seen without it is checked.
    """
    try:
        with open_client(output, start) as client:
            output.status("Checking")
            report = client.call("doctor.run")
    except DaemonUnavailable as error:
        report = {"ready": False, "checks": [*_without_daemon(Home.from_env()), _daemon_check(error)]}
    if output.json:
        output.object(report)
    else:
        _show(output, report)
    return 0 if report["ready"] else NOT_FOUND


def _show(output: Output, report: dict[str, Any]) -> None:
    output.line(f"ready: {str(report['ready']).lower()}")
    for check in report["checks"]:
        output.line(f"{check['status']:<7} {check['name']} {check['detail']}", style=_STYLES.get(check["status"], ""))
        remedy = check.get("remediation")
        if remedy:
            output.line(f"        action: {remedy['label']} - {remedy['detail']}")


def _without_daemon(home: Home) -> list[dict[str, Any]]:
    return [_python(), _home_folder(home), *_configuration(home)]


def _python() -> dict[str, Any]:
    return {"name": "python", "status": "ok", "detail": f"{sys.version.split()[0]} at {sys.executable}"}


def _home_folder(home: Home) -> dict[str, Any]:
    try:
        home.ensure()
    except OSError as error:
        return _bad("home", f"{home.root} cannot be made: {error.strerror}", "Choose another home", "set VOX_HOME")
    if not os.access(home.root, os.W_OK):
        return _bad("home", f"{home.root} cannot be written", "Make it yours", f"chown -R $USER {home.root}")
    return {"name": "home", "status": "ok", "detail": str(home.root)}


def _configuration(home: Home) -> list[dict[str, Any]]:
    from vox.config import load

    problems = load(home).problems
    if not problems:
        return [{"name": "configuration", "status": "ok", "detail": str(home.providers_json)}]
    return [
        _bad("configuration", str(problem), "Mend the file", "vox config validate", status="warning")
        for problem in problems
    ]


def _daemon_check(error: DaemonUnavailable) -> dict[str, Any]:
    return _bad("daemon", error.message, "Run it in the foreground", "vox daemon")


def _bad(name: str, detail: str, label: str, how: str, status: str = "error") -> dict[str, Any]:
    remedy = {"action": "run", "label": label, "detail": how}
    return {"name": name, "status": status, "detail": detail, "remediation": remedy}
