"""`vox providers restart|enable|disable`: changing what runs while the daemon runs.

Which programs run is decided by the files of the home, never through a door of the daemon: these commands edit
providers.json as its owner, and the daemon reads it again.
"""

from typing import Any

import click

from vox.cli.options import json_option, open_client
from vox.cli.output import Output
from vox.errors import DaemonUnavailable
from vox.paths import Home

__all__ = ["disable_command", "enable_command", "kind_option", "reload_daemon", "restart_command"]

kind_option: Any = click.option(
    "--kind", type=click.Choice(["asr", "tts"]), help="Only this one, where one id has both."
)


@click.command("restart", epilog="\b\nExample:\n  vox providers restart moonshine --now")
@click.argument("provider", metavar="ID")
@kind_option
@click.option("--now", is_flag=True, help="End the calls inside it too; they fail with provider_unavailable.")
@json_option
@click.pass_obj
def restart_command(output: Output, provider: str, kind: str | None, now: bool) -> None:
    """Have the next call served by a new process. The old one finishes its calls first; secrets from files are read
    anew."""
    with open_client(output, False) as client:
        answer = client.call("providers.restart", {"id": provider, "kind": kind, "now": now})
    if output.json:
        output.object(answer)
        return
    for one in answer["restarted"]:
        output.line(f"restarted: {one['id']} kind={one['kind']}")


@click.command("enable", epilog="\b\nExample:\n  vox providers enable my-engine")
@click.argument("provider", metavar="ID")
@kind_option
@json_option
@click.pass_obj
def enable_command(output: Output, provider: str, kind: str | None) -> None:
    """Use an entry of providers.json again that was disabled."""
    _switch(output, provider, kind, True)


@click.command("disable", epilog="\b\nExample:\n  vox providers disable my-engine")
@click.argument("provider", metavar="ID")
@kind_option
@json_option
@click.pass_obj
def disable_command(output: Output, provider: str, kind: str | None) -> None:
    """Leave an entry of providers.json out without removing it. Calls inside it are finished; providers.json.bak keeps
    the file as it was."""
    _switch(output, provider, kind, False)


def _switch(output: Output, provider: str, kind: str | None, enabled: bool) -> None:
    from vox.config.edit import edit_enabled
    from vox.config.load import defaults
    from vox.host.command import builtins, is_builtin

    known = builtins()
    home = Home.from_env()
    home.ensure()
    otherwise = defaults(home, lambda name: is_builtin(name, known))
    changed = edit_enabled(home.providers_json, provider, kind, enabled, otherwise)
    applied = bool(changed) and reload_daemon(output)
    answer = {"id": provider, "enabled": enabled, "changed": changed, "applied": applied}
    if output.json:
        output.object(answer)
        return
    word = "enabled" if enabled else "disabled"
    if not changed:
        output.line(f"{provider} is {word} already")
    else:
        output.line(f"{word}: {provider}" + ("" if applied else " (when the daemon starts)"))


def reload_daemon(output: Output) -> bool:
    """Tell the daemon, if one runs. It would find out by itself, but not before somebody asks it for something."""
    try:
        with open_client(output, False) as client:
            answer: dict[str, Any] = client.call("providers.reload")
    except DaemonUnavailable:
        return False
    for problem in answer["problems"]:
        output.note(f"{problem['file']}:{problem['line']}: {problem['path']}: {problem['message']} {problem['fix']}")
    return True
