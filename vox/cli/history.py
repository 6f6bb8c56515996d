"""`vox history`: what was recognised and spoken, where the user wants it kept."""

import json
import sys
from typing import Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import NOT_FOUND, Output
from vox.errors import InvalidRequest

__all__ = ["command"]

_OFF = 'History is off. Turn it on with "history": true in config.json, or with VOX_HISTORY=1 for the daemon.'

_EPILOG = """\b
Examples:
  vox history
  vox history list --query invoice --limit 5
  vox history delete 019ab34c5d6e00003f9c1a2b
  vox history clear --client my-app --yes

\b
Exit status: 0 there are records, 1 there are none.
"""


def _filters(function: Any) -> Any:
    """The options that say which records are meant."""
    for option in (
        click.option("--query", metavar="TEXT", help="Records with this in their text."),
        click.option("--kind", type=click.Choice(["transcription", "synthesis"]), help="Heard or spoken."),
        click.option("--source", type=click.Choice(["file", "live"]), help="From files, or from the microphone."),
        click.option("--model", "modelId", metavar="ID", help="Records of this model."),
        click.option("--client", "clientId", metavar="NAME", help="Records of this client."),
    ):
        function = option(function)
    return function


@click.group("history", invoke_without_command=True, short_help="Show what was recognised and spoken.", epilog=_EPILOG)
@json_option
@no_start_option
@click.pass_context
def command(ctx: click.Context, start: bool) -> int:
    """Show what was recognised and spoken, and forget it. Nothing is kept unless the setting `history` says so. Without
    a command: list."""
    if ctx.invoked_subcommand is not None:
        return 0
    return _list(ctx.ensure_object(Output), {"limit": 20}, start)


@command.command("list", epilog=_EPILOG)
@_filters
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Show that many.")
@click.option("--before", metavar="CURSOR", help="Go on after this record, or before this time.")
@json_option
@no_start_option
@click.pass_obj
def list_command(output: Output, start: bool, **wanted: Any) -> int:
    """List records, the newest first."""
    return _list(output, wanted, start)


@command.command("delete", epilog="\b\nExample:\n  vox history delete 019ab34c5d6e00003f9c1a2b")
@click.argument("number", metavar="ID")
@json_option
@no_start_option
@click.pass_obj
def delete_command(output: Output, number: str, start: bool) -> int:
    """Forget one record."""
    with open_client(output, start) as client:
        answer = client.call("history.delete", {"id": number})
    if output.json:
        output.object(answer)
    else:
        output.line(f"deleted: {str(answer['deleted']).lower()}")
    return 0 if answer["deleted"] else NOT_FOUND


@command.command("clear", epilog="\b\nExample:\n  vox history clear --source live --yes")
@_filters
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@no_start_option
@click.pass_obj
def clear_command(output: Output, yes: bool, start: bool, **wanted: Any) -> None:
    """Forget all records, or those that are meant."""
    if not yes:
        which = " with ".join(["all records", *(f"{name} {value!r}" for name, value in wanted.items() if value)])
        _confirm(f"Forget {which}?")
    with open_client(output, start) as client:
        answer = client.call("history.clear", wanted)
    if output.json:
        output.object(answer)
    else:
        output.line(f"deleted: {answer['deleted']}")


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise InvalidRequest("There is nobody to ask whether this is meant; say so with --yes.")
    click.confirm(question, abort=True, err=True)


def _list(output: Output, wanted: dict[str, Any], start: bool) -> int:
    """As many pages as it takes to show what is wanted."""
    records: list[dict[str, Any]] = []
    with open_client(output, start) as client:
        answer = client.call("history.list", wanted)
        records += answer["records"]
        while answer["nextCursor"] and len(records) < wanted["limit"]:
            rest = {"before": answer["nextCursor"], "limit": wanted["limit"] - len(records)}
            answer = client.call("history.list", {**wanted, **rest})
            records += answer["records"]
    if output.json:
        output.object({**answer, "records": records})
        return 0 if records else NOT_FOUND
    if not records:
        output.line("No records.")
    for record in records:
        output.line(_line(record))
    if not answer["enabled"]:
        output.note(_OFF)
    elif answer["nextCursor"]:
        output.note(f"There are more: --before {answer['nextCursor']}")
    return 0 if records else NOT_FOUND


def _line(record: dict[str, Any]) -> str:
    stamp = str(record.get("completedAt", "-")).replace("T", " ")
    what = record.get("source") or record.get("kind", "-")
    text = f"{record['id']}  {stamp}  {record.get('clientId', '-')}  {what}  {record.get('modelId', '-')}"
    if record.get("outcome") != "ok":
        return f"{text}  {record.get('outcome')}={record.get('error') or record.get('code') or 'unknown'}"
    return f"{text}  {json.dumps(record.get('text') or '', ensure_ascii=False)}"
