"""`vox perf`: what the calls have cost so far, computed from the file of measurements."""

from typing import Any

import click

from vox.cli.figures import shown_ms, shown_speed, shown_spread
from vox.cli.options import json_option
from vox.cli.output import NOT_FOUND, Output
from vox.paths import Home

__all__ = ["command"]

_FIGURES = {"total": "totalMs", "inference": "inferenceMs", "queue": "queueMs", "speed": "speed"}
_TABLES = {"By Client": ("client", "byClient", "clientId"), "By Model": ("model", "byModel", "modelId")}
_NAME_WIDTH = 18

_EPILOG = """\b
Examples:
  vox perf dashboard
  vox perf dashboard --client my-app --last 5
  vox perf dashboard --json

\b
Exit status: 0 there are measurements, 1 there are none.
"""


@click.group("perf", invoke_without_command=True, short_help="Show what the calls have cost.", epilog=_EPILOG)
@click.pass_context
def command(ctx: click.Context) -> int:
    """Show what the calls have cost. Without a command: dashboard."""
    return ctx.invoke(dashboard_command) if ctx.invoked_subcommand is None else 0


@command.command("dashboard", epilog=_EPILOG)
@click.option("--client", metavar="NAME", help="Calls of this client only.")
@click.option("--route", metavar="METHOD", help="Calls of this method only, as in transcribe.file.")
@click.option("--last", type=click.IntRange(0), default=20, show_default=True, help="Show that many single calls.")
@json_option
@click.pass_obj
def dashboard_command(output: Output, client: str | None = None, route: str | None = None, last: int = 20) -> int:
    """Show how long the calls took, on the whole and one by one, and how fast the models are. No daemon is needed."""
    from vox.runtime.performance import Performance

    path = Home.from_env().performance_jsonl
    summary = Performance(path).summary(client=client, route=route, last=last)
    if output.json:
        output.object({"log": str(path), **summary})
        return 0 if summary["samples"] else NOT_FOUND
    if summary["unreadable"]:
        output.note(f"{summary['unreadable']} lines of {path} cannot be read; they are left out.")
    if not summary["samples"]:
        found = path.is_file() or client is not None or route is not None
        output.line("No matching performance samples." if found else f"No performance log at {path}")
        return NOT_FOUND
    for line in _dashboard(str(path), summary):
        output.line(line)
    return 0


def _dashboard(path: str, summary: dict[str, Any]) -> list[str]:
    counts = f"samples: {summary['samples']}  success: {summary['success']}  clients: {len(summary['clients'])}"
    lines = ["Vox Performance Dashboard", f"log: {path}", f"{counts}  routes: {', '.join(summary['routes'])}", ""]
    if summary["success"]:
        lines += ["Overall", *_overall(summary["overall"]), ""]
    for title, (head, group, key) in _TABLES.items():
        lines += [title, *_table(head, [(one[key], one) for one in summary[group]]), ""]
    return [*lines, "Recent", *map(_recent, summary["recent"])]


def _overall(figures: dict[str, Any]) -> list[str]:
    return [
        f"  {name + ':':10} {shown_spread(values, shown_speed if name == 'speed' else shown_ms)}"
        for name, key in _FIGURES.items()
        if (values := figures[key])
    ]


def _table(head: str, groups: list[tuple[str, dict[str, Any]]]) -> list[str]:
    width = max([_NAME_WIDTH, *(len(name) for name, _ in groups)])
    lines = [f"  {head:{width}} {'calls':>5} {'p50 total':>10} {'p50 infer':>10} {'avg speed':>16} {'failed':>6}"]
    for name, group in groups:
        total, inference = (shown_ms(group[key]["p50"]) if group[key] else "-" for key in ("totalMs", "inferenceMs"))
        speed = shown_speed(group["speed"]["avg"]) if group["speed"] else "-"
        failed = group["samples"] - group["success"]
        lines.append(f"  {name:{width}} {group['samples']:>5} {total:>10} {inference:>10} {speed:>16} {failed:>6}")
    return lines


def _recent(call: dict[str, Any]) -> str:
    """One call. Fields that a file of another version lacks are left out."""
    stamp = str(call.get("timestamp", "-")).replace("T", " ")
    head = f"  {stamp}  {call.get('clientId', '-')}  {call.get('route', '-')}"
    if call.get("outcome") != "ok":
        return f"{head}  error={call.get('error') or call.get('code') or 'unknown'}"
    times = {"total": "totalMs", "infer": "inferenceMs", "queue": "queueMs", "audio": "audioDurationMs"}
    fields = [f"{name}={shown_ms(call[key])}" for name, key in times.items() if isinstance(call.get(key), int | float)]
    fields += [f"speed={shown_speed(call['speed'])}"] if "speed" in call else []
    fields += [f"{name}={call[key]}" for name, key in (("model", "modelId"), ("voice", "voiceId")) if key in call]
    return f"{head}  {' '.join(fields)}"
