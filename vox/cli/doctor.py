"""`vox doctor`: is everything in place, and what to do where it is not."""

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

    The daemon checks itself and its providers. When it cannot be reached, what can be seen without it is checked. It
    takes ten seconds at most, however long a provider takes to start.
    """
    home = Home.from_env()
    try:
        with open_client(output, start) as client:
            output.status("Checking")
            report = _seen_from_here(client.call("doctor.run"), home)
    except DaemonUnavailable as error:
        from vox.daemon.doctor.examination import without_daemon

        report = without_daemon(home, error)
    if output.json:
        output.object(report)
    else:
        _show(output, report)
    return 0 if report["ready"] else NOT_FOUND


def _seen_from_here(report: dict[str, Any], home: Home) -> dict[str, Any]:
    """The report with the programs that this shell finds, whose PATH need not be the daemon's."""
    from vox.daemon.doctor.programs import programs

    others = [check for check in report["checks"] if not check["name"].startswith("program ")]
    return {**report, "checks": [*others, *(check.shape() for check in programs(home))]}


def _show(output: Output, report: dict[str, Any]) -> None:
    output.line(f"ready: {str(report['ready']).lower()}")
    for check in report["checks"]:
        output.line(f"{check['status']:<7} {check['name']} {check['detail']}", style=_STYLES.get(check["status"], ""))
        remedy = check.get("remediation")
        if remedy:
            output.line(f"        action: {remedy['label']} - {remedy['detail']}")
