"""Reading the configuration: what is right is used, and what is wrong becomes named problems."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from vox.config.entries import read_entries
from vox.config.file import Problem, read_file
from vox.config.preferences import Preferences, read_preferences
from vox.config.providers import ProviderEntry
from vox.config.settings import Settings, read_settings
from vox.config.unusable import unusable
from vox.paths import Home
from vox.types import Kind

__all__ = ["DEFAULTS", "Configuration", "defaults", "load"]

DEFAULTS: dict[Kind, tuple[str, ...]] = {"asr": ("moonshine", "parakeet", "whisper"), "tts": ("hibari", "espeak")}
"""Built-ins used for a kind that the user configured nothing for, the preferred one first. `system` takes the place of
`espeak` where the system has voices of its own."""

_WITH_VOICES = ("darwin", "win32")  # `say` and SAPI come with these; elsewhere `system` is espeak-ng as well


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is in force."""

    entries: tuple[ProviderEntry, ...]
    settings: Settings
    problems: tuple[Problem, ...] = ()
    folder: Path = field(default_factory=Path)
    """The folder relative commands are resolved against."""
    disabled: tuple[ProviderEntry, ...] = ()
    """Entries that say `"enabled": false`; no part of `entries`."""
    preferences: Preferences = field(default_factory=Preferences)
    """Wishes that count where the settings say nothing."""


def load(
    home: Home, known_builtins: Callable[[str], bool] = lambda _: True, previous: Configuration | None = None
) -> Configuration:
    """Read providers.json, config.json and preferences.json of `home`. Never raises for what is in them.

    Args:
        known_builtins: Tells whether a built-in of that name exists.
        previous: What was in force until now: a file that cannot be used at all, and an entry or setting that has
            become wrong, stay as they were in it.
    """
    problems: list[Problem] = []
    before = {(entry.id, entry.kind): entry for entry in (previous.entries + previous.disabled if previous else ())}
    entries = read_entries(home.providers_json, known_builtins, problems, before)
    preferences = read_preferences(home.preferences_json, problems, previous.preferences if previous else None)
    settings = _load_settings(home.config_json, problems, previous.settings if previous else None)
    if preferences.download_policy and "warm_up" not in settings.model_fields_set:
        settings = settings.model_copy(update={"warm_up": preferences.download_policy})
    entries += map(ProviderEntry.model_validate, _defaults(entries, known_builtins))
    return Configuration(
        entries=tuple(entry for entry in entries if entry.enabled),
        settings=settings,
        problems=tuple(problems),
        folder=home.providers_json.parent,
        disabled=tuple(entry for entry in entries if not entry.enabled),
        preferences=preferences,
    )


def defaults(home: Home, known_builtins: Callable[[str], bool] = lambda _: True) -> list[dict[str, Any]]:
    """The entries in force that providers.json does not hold, as they would be written there."""
    return _defaults(read_entries(home.providers_json, known_builtins, [], {}), known_builtins)


def _defaults(written: list[ProviderEntry], known_builtins: Callable[[str], bool]) -> list[dict[str, Any]]:
    return [
        {"id": name, "kind": kind, "builtin": True}
        for kind, names in DEFAULTS.items()
        if not any(entry.kind == kind for entry in written)
        for name in _here(names, known_builtins)
        if known_builtins(name)
    ]


def _here(names: tuple[str, ...], known_builtins: Callable[[str], bool]) -> list[str]:
    if sys.platform not in _WITH_VOICES or not known_builtins("system"):
        return list(names)
    return ["system" if name == "espeak" else name for name in names]


def _load_settings(path: Path, problems: list[Problem], before: Settings | None) -> Settings:
    file = read_file(path, "The defaults are used." if before is None else "What was in force stays.")
    if file is not None and not isinstance(file.value, dict):
        problems.append(file.unusable or file.problem((), "is not an object.", "Write { … }."))
        return before or _with_environment(Settings(), problems)
    fields: dict[str, Any] = dict(cast("dict[str, Any]", file.value)) if file is not None else {}
    settings, faults = read_settings(fields)
    otherwise = "The default is used."
    if before is not None:
        otherwise = "It stays as it was."
        settings = settings.model_copy(update={name: getattr(before, name) for name in _faulty(faults)})
    if file is not None:
        problems += [file.problem(fault["loc"], fault["msg"] + ".", otherwise) for fault in faults]
        problems += [file.problem(place, message, "") for place, message in unusable(settings)]
    return _with_environment(settings, problems)


def _faulty(faults: list[ErrorDetails]) -> set[str]:
    """The settings that have a fault, by their names in Python."""
    places = {str(fault["loc"][0]) for fault in faults}
    return {name for name, field in Settings.model_fields.items() if places & {name, field.alias}}


def _with_environment(settings: Settings, problems: list[Problem]) -> Settings:
    try:
        settings = settings.with_environment()
    except ValidationError as error:
        problems.append(Problem("environment", 0, "VOX_*", _told(error), "The variables are ignored."))
    try:
        realtime = settings.realtime.with_environment()
    except ValidationError as error:
        problems.append(Problem("environment", 0, "realtime", _told(error), "The variables for it are ignored."))
    else:
        if realtime != settings.realtime:
            settings = settings.model_copy(update={"realtime": realtime})
    return settings


def _told(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, f['loc']))}: {f['msg']}" for f in error.errors(include_url=False))
