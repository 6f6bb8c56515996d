"""`vox providers add|remove`: entries of providers.json, and the keys that belong to them.

Which programs run is decided by the files of the home, never through a door of the daemon: these commands edit
providers.json as its owner, and the daemon reads it again. A key is never an argument, because others can read those;
it is asked for without echo and kept in a file of its own, which the entry refers to.
"""

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output
from vox.cli.switch import kind_option, reload_daemon
from vox.errors import InvalidRequest
from vox.paths import Home

if TYPE_CHECKING:
    from vox.types import Kind

__all__ = ["add_command", "remove_command"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_ADD_EPILOG = """\b
Examples:
  vox providers add openai-tts
  vox providers add groq --kind tts --key-env GROQ_API_KEY
  pass show elevenlabs | vox providers add elevenlabs --key-stdin
  vox providers add my-engine --kind asr --command "python3 my-engine.py"
"""


@click.command("add", epilog=_ADD_EPILOG)
@click.argument("provider", metavar="ID")
@kind_option
@click.option("--command", "line", metavar="TEXT", help="The program to run, with its arguments; no shell reads it.")
@click.option("--model", "models", multiple=True, metavar="ID", help="Serve that model only; may be repeated.")
@click.option("--key-env", metavar="NAME", help="The key is in that variable of the daemon.")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option("--no-key", is_flag=True, help="Do not ask for a key.")
@json_option
@no_start_option
@click.pass_obj
def add_command(
    output: Output,
    provider: str,
    kind: "Kind | None",
    line: str | None,
    models: tuple[str, ...],
    start: bool,
    **key: Any,
) -> None:
    """Write an entry into providers.json, for a built-in of that name or for a program of yours, and look whether it
    works. providers.json.bak keeps the file as it was."""
    home = Home.from_env()
    home.ensure()
    entries = _entries(provider, kind, line, models)
    env, secret = _key(home, entries[0], **key)
    for entry in entries:
        _write(home, {**entry, **({"env": env} if env else {})})
    if secret is not None:  # not before: an entry of that id, which is refused, may have a key already
        _keep(home, provider, secret)
    applied = reload_daemon(output)
    told = _told(output, entries, start) if start or applied else []
    if output.json:
        output.object({"id": provider, "kinds": [entry["kind"] for entry in entries], "models": told})
        return
    for entry in entries:
        output.line(f"added: {provider} kind={entry['kind']}")
    for model in told:
        output.line(_next(model))


@click.command("remove", epilog="\b\nExample:\n  vox providers remove openai-tts")
@click.argument("provider", metavar="ID")
@kind_option
@json_option
@click.pass_obj
def remove_command(output: Output, provider: str, kind: str | None) -> None:
    """Take an entry out of providers.json, and delete the file with its key. Calls inside it are finished;
    providers.json.bak keeps the file as it was."""
    from vox.config.builtins import kind_of
    from vox.config.edit import remove_entries

    home = Home.from_env()
    removed = remove_entries(home.providers_json, provider, kind)
    left = home.providers_json.read_text(encoding="utf-8")
    forgotten = home.secret(provider).is_file() and _reference(home, provider) not in left
    if forgotten:
        home.secret(provider).unlink()
    applied = reload_daemon(output)
    if output.json:
        kinds = [kind_of(entry) for entry in removed]
        output.object({"id": provider, "kinds": kinds, "keyDeleted": forgotten, "applied": applied})
        return
    for entry in removed:
        output.line(f"removed: {provider} kind={kind_of(entry)}" + (" and its key" if forgotten else ""))


def _entries(provider: str, kind: "Kind | None", line: str | None, models: tuple[str, ...]) -> list[dict[str, Any]]:
    """The entries to write: one of each kind that is wanted or, for a built-in, that it has."""
    if line is not None:
        command = shlex.split(line, posix=os.name != "nt")
        if not command:
            raise InvalidRequest('--command is empty. Write the program and its arguments: --command "python3 x.py"')
        program: dict[str, Any] = {"command": command}
        kinds: list[Kind] = [kind or "asr"]
    else:
        program, kinds = {"builtin": True}, _kinds_of(provider, kind)
    chosen = {"models": list(models)} if models else {}
    return [{"id": provider, "kind": one, **program, **chosen} for one in kinds]


def _kinds_of(provider: str, kind: "Kind | None") -> "list[Kind]":
    from vox.config.builtins import BUILTINS, builtin_name, nearest_builtins
    from vox.host.command import builtins, is_builtin

    installed = builtins()
    if provider == "command":
        raise InvalidRequest(
            "The built-in `command` needs to know the command line: write its entry by hand, as its page shows."
        )
    kinds: list[Kind] = [one for one in ("asr", "tts") if provider in BUILTINS[one]]
    kinds = kinds or [one for one in ("asr", "tts") if builtin_name(provider, one) != provider]
    if not kinds and is_builtin(provider, installed):  # of another package
        kinds = [kind or "asr"]
    wanted: list[Kind] = [one for one in kinds if kind in (None, one) and builtin_name(provider, one) in installed]
    if not wanted:
        near = {name for one in ("asr", "tts") for name in nearest_builtins(provider, one, installed.__contains__)}
        hint = f"Did you mean {' or '.join(sorted(near))}?" if near else f"There are: {', '.join(sorted(installed))}."
        of_kind = f" {kind}" if kind else ""
        raise InvalidRequest(
            f"There is no built-in{of_kind} provider {provider!r}. {hint} A program of yours: --command"
        )
    return wanted


def _key(
    home: Home, entry: dict[str, Any], key_env: str | None, key_stdin: bool, no_key: bool
) -> tuple[dict[str, str], str | None]:
    """The entry's `env`, which refers to the key, empty when it needs none; and the key, when it has to be kept."""
    from vox.config.builtins import builtin_name
    from vox.config.keys import KEYS

    if bool(key_env) + key_stdin + no_key > 1:
        raise InvalidRequest("Choose one of --key-env, --key-stdin and --no-key.")
    names = KEYS.get(builtin_name(entry["id"], entry["kind"]), ()) if entry.get("builtin") else ()
    if key_env is not None and not _VARIABLE.fullmatch(key_env):
        raise InvalidRequest("--key-env takes the name of a variable, not the key itself.")
    if key_env is not None:
        return {names[0] if names else key_env: f"${{env:{key_env}}}"}, None
    if no_key or (not names and not key_stdin):
        return {}, None
    if not names:
        raise InvalidRequest("--key-stdin is for built-ins that need a key; for a program of yours use --key-env.")
    return {names[0]: _reference(home, entry["id"])}, _asked(entry["id"], names[0], key_stdin)


def _asked(provider: str, name: str, from_stdin: bool) -> str:
    if from_stdin:
        key = sys.stdin.readline()
    elif sys.stdin.isatty():
        key = click.prompt(f"{name} (not shown)", hide_input=True, err=True)
    else:
        raise InvalidRequest(
            f"{provider} needs a key, and nobody is there to be asked. Give it on standard input with --key-stdin, or "
            f"name the variable of the daemon that holds it: --key-env {name}"
        )
    key = key.strip()
    if not key or not key.isprintable():
        raise InvalidRequest(f"That is no key: {name} is empty or has characters that cannot be printed.")
    return key


def _keep(home: Home, provider: str, key: str) -> None:
    """Put the key into a file that its owner alone may read."""
    from vox.config.replacing import write_private

    path = home.secret(provider)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, key + "\n")


def _reference(home: Home, provider: str) -> str:
    return f"${{file:{home.secret(provider).relative_to(home.root).as_posix()}}}"


def _write(home: Home, entry: dict[str, Any]) -> None:
    from vox.config.edit import add_entry
    from vox.config.load import defaults
    from vox.host.command import builtins, is_builtin

    known = builtins()
    add_entry(home.providers_json, entry, defaults(home, lambda name: is_builtin(name, known)))


def _told(output: Output, entries: list[dict[str, Any]], start: bool) -> list[dict[str, Any]]:
    """What the provider says of its models, now that it is configured."""
    kinds = {entry["kind"] for entry in entries}
    name = entries[0]["id"]
    with open_client(output, start) as client:
        answer = client.call("models.list", {"kind": "all"})
    for problem in answer["problems"]:
        if problem["provider"] == name:
            output.note(f"{name} does not work yet: {problem['message']} Look at its log: vox providers logs {name}")
    return [model for model in answer["models"] if model["provider"] == name and model["kind"] in kinds]


def _next(model: dict[str, Any]) -> str:
    """The command that comes next for a model."""
    if model["installed"] and model["available"]:
        use = "transcribe FILE" if model["kind"] == "asr" else 'speak "Hello."'
        return f"{model['id']} can be used: vox {use} --model {model['id']}"
    return f"{model['id']} cannot be used yet: {model.get('remedy') or 'vox models install ' + model['id']}"
