"""`vox providers`: the programs that do the work, for those who run them and those who write them."""

import gc
import json
from pathlib import Path
from typing import Any

import click

from vox.cli.add import add_command, remove_command
from vox.cli.ask import run_command
from vox.cli.check import check_command
from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output
from vox.cli.scaffold import new_command
from vox.cli.switch import disable_command, enable_command, restart_command
from vox.cli.tail import grown, tail
from vox.errors import InvalidRequest, NoInput
from vox.paths import Home

__all__ = ["command", "status_line"]

_EPILOG = """\b
Examples:
  vox providers list
  vox providers add openai-tts
  vox providers status --json
  vox providers logs moonshine -n 20 --follow
  vox providers restart moonshine
  vox providers disable my-tts
  vox providers run moonshine models
  vox providers new my-engine --lang python
  vox providers check -- python3 my-engine.py
  vox providers run my-tts synthesize '{"modelId": "m", "input": "hi", "format": "wav"}'
"""


@click.group("providers", short_help="Look at the programs that do the work.", epilog=_EPILOG)
def command() -> None:
    """Look at the programs that recognise and speak."""


_OTHERS = (restart_command, enable_command, disable_command, check_command, new_command, run_command)
for other in (add_command, remove_command, *_OTHERS):
    command.add_command(other)


@command.command("list", epilog="\b\nExample:\n  vox providers list --json")
@json_option
@no_start_option
@click.pass_obj
def list_command(output: Output, start: bool) -> None:
    """List the providers, what they serve and how they are run. None is started for it."""
    answer = _status(output, start)
    if output.json:
        output.object(answer)
        return
    for provider in answer["providers"]:
        models = ",".join(provider["models"]) or "-"
        how = "builtin" if provider["builtin"] else "command"
        off = " disabled" if provider["state"] == "disabled" else ""
        line = f"{provider['id']} kind={provider['kind']}{off} models={models} {how}={json.dumps(provider['command'])}"
        output.line(line)


@command.command("status", epilog="\b\nExample:\n  vox providers status moonshine")
@click.argument("provider", required=False, metavar="[ID]")
@json_option
@no_start_option
@click.pass_obj
def status_command(output: Output, provider: str | None, start: bool) -> None:
    """Show whether providers run, how much they do, and what went wrong last."""
    answer = _status(output, start)
    if provider is not None:
        found = [one for one in answer["providers"] if one["id"] == provider]
        if not found:
            known = ", ".join(one["id"] for one in answer["providers"])
            raise InvalidRequest(f"There is no provider {provider!r}. Known: {known or 'none'}.")
        answer = {**answer, "providers": found}
    if output.json:
        output.object(answer)
        return
    for one in answer["providers"]:
        output.line(status_line(one))
        for replica in one["replicas"] if len(one["replicas"]) > 1 else ():
            output.line(_replica_line(one["id"], replica))


@command.command("logs", epilog="\b\nExample:\n  vox providers logs moonshine -n 20 --follow")
@click.argument("provider", metavar="ID")
@click.option("-n", "--lines", type=click.IntRange(0), default=80, show_default=True, help="Show that many lines.")
@click.option("--follow", "-f", is_flag=True, help="Go on showing what is added, until Ctrl-C.")
@click.option("--trace", is_flag=True, help="Show its conversation instead, which a daemon with VOX_TRACE=1 writes.")
@json_option
@click.pass_obj
def logs_command(output: Output, provider: str, lines: int, follow: bool, trace: bool) -> None:
    """Show what a provider has written to stderr. No daemon is needed for it."""
    home = Home.from_env()
    log = home.provider_trace(provider) if trace else home.provider_log(provider)
    if not log.is_file() and not follow:
        raise NoInput(_no_log(provider, log))
    shown, offset = tail(log, lines)
    if output.json:
        output.object({"log": str(log), "lines": shown})
        return
    for line in shown:
        output.line(line)
    if follow:
        gc.enable()
        for text in grown(log, offset):
            output.text(text)


def status_line(provider: dict[str, Any]) -> str:
    """One provider at work, on a line."""
    text = f"{provider['id']} kind={provider['kind']} state={provider['state']}"
    if provider["pid"] is not None:
        text += f" pid={provider['pid']}"
    text += f" limit={provider['limit']} inUse={provider['inUse']} queued={provider['queued']}"
    text += f" starts={provider['generation']}" + _unloading(provider)
    return text + (f" lastError={json.dumps(provider['lastError'])}" if provider["lastError"] else "")


def _replica_line(name: str, replica: dict[str, Any]) -> str:
    text = f"{name} replica={replica['replica']} state={replica['state']}"
    if replica["pid"] is not None:
        text += f" pid={replica['pid']}"
    text += f" limit={replica['limit']} inUse={replica['inUse']} starts={replica['generation']}" + _unloading(replica)
    return text + (f" lastError={json.dumps(replica['lastError'])}" if replica["lastError"] else "")


def _unloading(status: dict[str, Any]) -> str:
    return f" unloadAt={status['unloadAt']}" if status.get("unloadAt") else ""


def _status(output: Output, start: bool) -> dict[str, Any]:
    with open_client(output, start) as client:
        answer = client.call("providers.status")
    for problem in answer["problems"]:
        output.note(f"{problem['file']}:{problem['line']}: {problem['path']}: {problem['message']} {problem['fix']}")
    return answer


def _no_log(provider: str, log: Path) -> str:
    known = ", ".join(sorted(path.stem for path in log.parent.glob(f"*{log.suffix}"))) or "no provider"
    if log.suffix == ".log":
        return f"{provider} has written no log yet ({log}). There are logs of: {known}."
    return (
        f"There is no trace of {provider} yet ({log}). There are traces of: {known}. "
        "One is written from then on: VOX_TRACE=1 vox daemon restart"
    )
