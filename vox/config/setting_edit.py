"""Changing one setting in config.json: checked before anything is written, and the rest left as its owner wrote it."""

import copy
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from vox.config.json_text import cut, put, read_document
from vox.config.replacing import change_file
from vox.config.setting_keys import Place, fields_of, is_secret, place_of, written_place
from vox.config.settings import Settings, read_settings
from vox.config.unusable import unusable
from vox.errors import ConfigError, InvalidRequest

__all__ = ["set_setting", "unset_setting"]

_EMPTY = "{}\n"


def set_setting(path: Path, key: str, text: str) -> Any:
    """Write a setting. Returns its value as it is written now.

    Args:
        text: The value as JSON when it is, and when the setting takes it so; else as it stands.

    Raises:
        InvalidRequest: There is no such setting, or it cannot be that.
        ConfigError: The file cannot be read, is not valid, or cannot be written.
    """
    place, value = place_of(key), list[Any]()

    def changed(before: str) -> tuple[str, int]:
        document = _document(path, before)
        written = written_place(document, place)
        wanted, read = _accepted(document, written, place, text)
        value.append(read)
        if _at(document, written, default=...) == read and type(_at(document, written, default=...)) is type(read):
            return before, 0
        return _edited(path, before, lambda: put(before, written, read), wanted), 1

    change_file(path, _EMPTY, changed)
    return value[0]


def unset_setting(path: Path, key: str) -> bool:
    """Take a setting out of the file, so that its default holds. Returns whether it was there.

    Raises:
        InvalidRequest: There is no such setting, and nothing of that name in the file either; or another setting needs
            it.
        ConfigError: The file cannot be read, is not valid, or cannot be written.
    """

    def changed(before: str) -> tuple[str, int]:
        document = _document(path, before)
        literal = tuple(key.split("."))  # what is no setting, but stands there, can be taken out as well
        there = _at(document, literal, default=...) is not ...
        written = literal if there else written_place(document, place_of(key))
        if _at(document, written, default=...) is ...:
            return before, 0
        wanted = copy.deepcopy(document)
        del _at(wanted, written[:-1], default={})[written[-1]]
        if faults := _become_wrong(wanted, document):
            raise InvalidRequest(f"{key} cannot be taken out: {'; '.join(faults)}. Nothing was written.")
        return _edited(path, before, lambda: cut(before, written), wanted), 1

    return change_file(path, _EMPTY, changed) > 0


def _document(path: Path, text: str) -> dict[str, Any]:
    value = read_document(path, text)
    if not isinstance(value, dict):
        raise ConfigError(f"{path} is not an object. Write {{ … }}, then try again.")
    return cast("dict[str, Any]", value)


def _at(document: Any, place: Place, *, default: Any) -> Any:
    for name in place:
        if not isinstance(document, dict) or name not in document:
            return default
        document = cast("dict[str, Any]", document)[name]
    return document


def _accepted(document: dict[str, Any], written: Place, place: Place, text: str) -> tuple[dict[str, Any], Any]:
    """The document with the value in it, and the value.

    Raises:
        InvalidRequest: The setting can be none of what the text may mean.
    """
    faults: list[str] = []
    for value in _meanings(text, secret=is_secret(place)):
        wanted = _with(document, written, value)
        found = _faults(wanted, document, place)
        if not found:
            read = _as_read(wanted, place, value)
            return _with(document, written, read), read
        faults = faults or found
    key = ".".join(place)
    told = "" if is_secret(place) else f" to {text}"
    raise InvalidRequest(
        f"{key} cannot be set{told}: {'; '.join(faults)}. Nothing was written. What may stand there: "
        "vox config schema config, or the reference of config.json."
    )


def _meanings(text: str, *, secret: bool) -> Iterable[Any]:
    try:
        value: Any = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return (text,)
    if secret:  # a key of digits alone is a text
        return (value,) if isinstance(value, dict) else (text,)
    return (value,) if isinstance(value, str | dict | list) or value is None else (value, text)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _with(document: dict[str, Any], place: Place, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(document)
    group: dict[str, Any] = changed
    for index, name in enumerate(place[:-1]):
        group[name] = {} if group.get(name) is None else group[name]
        if not isinstance(group[name], dict):
            raise InvalidRequest(
                f"{'.'.join(place[: index + 1])} is one value in the file, so that nothing can be set in it. Take it "
                f"out first: vox config unset {'.'.join(place[: index + 1])}"
            )
        group = group[name]
    group[place[-1]] = value
    return changed


def _faults(wanted: dict[str, Any], before: dict[str, Any], place: Place) -> list[str]:
    """What is wrong about the setting, or has become wrong by it; what was wrong before stays so."""
    of_it = [message for way, message in _errors(wanted) if way[: len(place)] == place or place[: len(way)] == way]
    return list(dict.fromkeys(of_it + _become_wrong(wanted, before)))


def _become_wrong(wanted: dict[str, Any], before: dict[str, Any]) -> list[str]:
    earlier = _errors(before)
    return [message for way, message in _errors(wanted) if (way, message) not in earlier]


def _errors(document: dict[str, Any]) -> list[tuple[Place, str]]:
    settings, faults = read_settings(document)
    found = [(fault["loc"], fault["msg"].removeprefix("Value error, ")) for fault in faults]
    return [(tuple(map(str, way)), message.rstrip(".")) for way, message in (*found, *unusable(settings))]


def _as_read(document: dict[str, Any], place: Place, value: Any) -> Any:
    """The value as it will be read: a text such as `yes` or `8080` where no text stands is written as what it means."""
    if not isinstance(value, str):
        return value
    try:
        found: Any = Settings.model_validate(document)
    except ValidationError:  # something else in the file is wrong
        return value
    for name in place:
        if isinstance(found, BaseModel):
            names = fields_of(type(found))
            found = getattr(found, names[name][0]) if name in names else None
        else:
            found = cast("dict[str, Any]", found).get(name) if isinstance(found, dict) else None
    return found if isinstance(found, bool | int | float) else value


def _edited(path: Path, before: str, edit: Callable[[], str], wanted: dict[str, Any]) -> str:
    """The edited text.

    Raises:
        ConfigError: It would not say what it should, as in a file that has a key twice.
    """
    after = edit()
    if _document(path, after) != wanted:
        raise ConfigError(f"{path} cannot be edited here, perhaps because it has a key twice. Edit it by hand.")
    return after
