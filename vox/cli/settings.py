"""`vox config get|set|unset`: the settings of config.json, one by one."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from vox.cli.options import json_option
from vox.cli.output import Output
from vox.cli.switch import reload_daemon
from vox.errors import InvalidRequest
from vox.paths import Home

if TYPE_CHECKING:
    from vox.config.setting_values import SettingValue

__all__ = ["get_command", "set_command", "unset_command"]

_SET_EPILOG = """\b
Examples:
  vox config set llm.preset ollama
  vox config set llm.model llama3.2
  vox config set allowedOrigins '["https://example.com"]'
  vox config set openAi.models.whisper-1 whisper:small
  vox config set llm.apiKey '${env:MY_KEY}'
  vox config set llm.apiKey
"""


@click.command("get", epilog="\b\nExamples:\n  vox config get\n  vox config get llm.model\n  vox config get llm --json")
@click.argument("key", required=False, metavar="[KEY]")
@click.option("--show-origin", is_flag=True, help="Tell where each value comes from.")
@json_option
@click.pass_obj
def get_command(output: Output, key: str | None, show_origin: bool) -> None:
    """Print a setting, a group of settings, or all: as a daemon has them that starts now, from here."""
    from vox.config.setting_keys import place_of
    from vox.config.setting_values import setting_values

    values, problems = setting_values(Home.from_env())
    place = () if key is None else place_of(key)
    found = [one for one in values if one.place[: len(place)] == place]
    if not found:
        raise InvalidRequest(f"{key} is not set. Set it with: vox config set {key} VALUE")
    for problem in problems:
        output.note(str(problem))
    if output.json:
        output.object({"settings": {one.key: _told(one) for one in found}})
    elif len(found) == 1 and found[0].place == place:
        output.line(_text(found[0].value) + (_behind(found[0]) if show_origin else ""))
    else:
        for one in found:
            output.line(f"{one.key}: {_text(one.value)}" + (_behind(one) if show_origin else ""))


@click.command("set", epilog=_SET_EPILOG)
@click.argument("key", metavar="KEY")
@click.argument("value", required=False, metavar="[VALUE]")
@json_option
@click.pass_obj
def set_command(output: Output, key: str, value: str | None) -> None:
    """Write a setting into config.json. VALUE is JSON, or a text. A key or token that is left out is asked for, and not
    shown. Everything else in the file stays; config.json.bak keeps it as it was."""
    from vox.config.setting_edit import set_setting
    from vox.config.setting_keys import is_secret, kept_elsewhere, place_of

    place = place_of(key)
    if value is None:
        value = _asked(".".join(place), secret=is_secret(place))
    elif is_secret(place) and not kept_elsewhere(value):
        output.note(
            f"Others on this machine can see arguments. Leave it out, and it is asked for: vox config set {key}"
        )
    home = Home.from_env()
    home.ensure()
    written = set_setting(home.config_json, key, value)
    hidden = isinstance(written, dict) or (is_secret(place) and not kept_elsewhere(written))
    _finish(output, "set", place, {} if hidden else {"value": written})


@click.command("unset", epilog="\b\nExample:\n  vox config unset llm.model")
@click.argument("key", metavar="KEY")
@json_option
@click.pass_obj
def unset_command(output: Output, key: str) -> None:
    """Take a setting out of config.json, so that its default holds again. config.json.bak keeps the file as it was."""
    from vox.config.setting_edit import unset_setting

    home = Home.from_env()
    home.ensure()
    place = tuple(key.split("."))
    if unset_setting(home.config_json, key):
        _finish(output, "unset", place, {})
    elif output.json:
        output.object({"key": key, "changed": False, "applied": False, "restartNeeded": False})
    else:
        output.line(f"{key} is not set in {home.config_json}")


def _asked(key: str, *, secret: bool) -> str:
    if not secret:
        raise InvalidRequest(f"Say what {key} shall be: vox config set {key} VALUE")
    value = (
        click.prompt(f"{key} (not shown)", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    )
    value = value.strip()
    if not value or not value.isprintable():
        raise InvalidRequest(f"{key} is empty, or has characters that cannot be printed. Type it, or send it to stdin.")
    return value


def _finish(output: Output, done: str, place: tuple[str, ...], told: dict[str, Any]) -> None:
    """Have a daemon that runs take it over, and tell what became of it."""
    from vox.config.changes import AT_START
    from vox.config.settings import Settings, variables_set

    fields = Settings.model_fields
    at_start = place[0] in {word for name in AT_START for word in (name, fields[name].alias)}
    running = reload_daemon(output)
    key = ".".join(place)
    stronger = [variable for setting, variable in variables_set(os.environ).items() if _camel(setting) == key]
    for variable in stronger:
        output.note(f"The variable {variable} is set here, and is stronger than the file.")
    if output.json:
        applied = running and not at_start
        output.object({"key": key, **told, "changed": True, "applied": applied, "restartNeeded": running and at_start})
        return
    when = "" if running else " (when the daemon starts)"
    when = " (used after: vox daemon restart)" if running and at_start else when
    output.line(f"{done}: {key}" + (f" = {_text(told['value'])}" if told else "") + when)


def _camel(dotted: str) -> str:
    words = [name.split("_") for name in dotted.split(".")]
    return ".".join(head + "".join(word.capitalize() for word in rest) for head, *rest in words)


def _told(one: "SettingValue") -> dict[str, Any]:
    return {"value": one.value, "origin": one.origin, "source": one.source}


def _behind(one: "SettingValue") -> str:
    return f"  ({one.origin}{' ' + one.source if one.source else ''})"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
