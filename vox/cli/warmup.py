"""`vox warmup`: having a model in memory before it is needed."""

from typing import Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import NOT_FOUND, Output

__all__ = ["command"]

_WORDS = {
    "modelId": "model",
    "state": "state",
    "requestedBy": "client",
    "scheduledFor": "scheduled",
    "startedAt": "started",
    "completedAt": "completed",
    "lastError": "error",
}

_EPILOG = """\b
Examples:
  vox warmup
  vox warmup start moonshine:tiny-en --wait
  vox warmup schedule 60000
"""

_wait_option: Any = click.option("--wait", is_flag=True, help="Wait until the model is ready; fail if it cannot be.")


@click.group("warmup", invoke_without_command=True, short_help="Load models before they are needed.", epilog=_EPILOG)
@json_option
@no_start_option
@click.pass_context
def command(ctx: click.Context, start: bool) -> None:
    """Load models before they are needed. Without a command: the status of the default recogniser."""
    if ctx.invoked_subcommand is None:
        _ask(ctx.ensure_object(Output), "status", {}, start)


@command.command("status", epilog="\b\nExample:\n  vox warmup status moonshine:tiny-en")
@click.argument("model", required=False, metavar="[ID]")
@json_option
@no_start_option
@click.pass_obj
def status_command(output: Output, model: str | None, start: bool) -> None:
    """Show how far a model is; without ID, the default recogniser."""
    _ask(output, "status", {"modelId": model}, start)


@command.command("start", epilog="\b\nExample:\n  vox warmup start moonshine:tiny-en --wait")
@click.argument("model", required=False, metavar="[ID]")
@_wait_option
@json_option
@no_start_option
@click.pass_obj
def start_command(output: Output, model: str | None, wait: bool, start: bool) -> None:
    """Begin to load a model into memory. Its files must be there."""
    _ask(output, "start", {"modelId": model, "wait": wait}, start)


@command.command("schedule", epilog="\b\nExample:\n  vox warmup schedule 60000 moonshine:tiny-en")
@click.argument("delay", type=click.IntRange(0), default=0, metavar="[MS]")
@click.argument("model", required=False, metavar="[ID]")
@_wait_option
@json_option
@no_start_option
@click.pass_obj
def schedule_command(output: Output, delay: int, model: str | None, wait: bool, start: bool) -> None:
    """Load a model after MS milliseconds; this replaces an earlier plan. Without MS: now."""
    _ask(output, "schedule", {"modelId": model, "delayMs": delay, "wait": wait}, start)


@command.command("cancel", epilog="\b\nExample:\n  vox warmup cancel moonshine:tiny-en")
@click.argument("model", required=False, metavar="[ID]")
@json_option
@no_start_option
@click.pass_obj
def cancel_command(output: Output, model: str | None, start: bool) -> None:
    """Forget the plan for a model, or give up loading it. What is loaded stays."""
    _ask(output, "cancel", {"modelId": model}, start)


def _ask(output: Output, verb: str, params: dict[str, Any], start: bool) -> None:
    with open_client(output, start) as client:
        client.connect()
        with output.progress() as progress:
            answer = client.call(f"warmup.{verb}", params, progress.show)
    warmup: dict[str, Any] = answer["warmup"]
    if output.json:
        output.object(answer)
    else:
        for name, word in _WORDS.items():
            if warmup.get(name) is not None:
                output.line(f"{word}: {warmup[name]}")
    if params.get("wait") and warmup["state"] != "ready":
        click.get_current_context().exit(NOT_FOUND)
