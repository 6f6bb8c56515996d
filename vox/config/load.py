"""Reading the configuration: good entries are used, bad ones become named problems."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from vox.config.access import may_be_written_by_others
from vox.config.lines import Place, line_of
from vox.config.providers import ProviderEntry
from vox.config.references import resolve_references
from vox.config.settings import Settings
from vox.errors import ConfigError
from vox.paths import Home
from vox.types import Kind

__all__ = ["DEFAULTS", "Configuration", "Problem", "load"]

DEFAULTS: dict[Kind, tuple[str, ...]] = {"asr": ("moonshine", "parakeet", "whisper"), "tts": ("hibari", "espeak")}
"""Built-ins used for a kind that the user configured nothing for, the preferred one first."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a configuration file that cannot be used."""

    file: str
    line: int
    path: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.message} {self.fix}".rstrip()


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is in force."""

    entries: tuple[ProviderEntry, ...]
    settings: Settings
    problems: tuple[Problem, ...] = ()
    folder: Path = field(default_factory=Path)
    """The folder relative commands are resolved against."""


def load(home: Home, known_builtins: Callable[[str], bool] = lambda _: True) -> Configuration:
    """Read providers.json and config.json of `home`. Never raises for what is in them.

    Args:
        known_builtins: Tells whether a built-in of that name exists.
    """
    problems: list[Problem] = []
    entries = _load_entries(home.providers_json, known_builtins, problems)
    settings = _load_settings(home.config_json, problems)
    for kind, names in DEFAULTS.items():
        if not any(entry.kind == kind for entry in entries):
            entries += [ProviderEntry(id=name, kind=kind, builtin=True) for name in names if known_builtins(name)]
    return Configuration(tuple(entries), settings, tuple(problems), home.providers_json.parent)


def _load_entries(path: Path, known: Callable[[str], bool], problems: list[Problem]) -> list[ProviderEntry]:
    read = _read_json(path, problems)
    if read is None:
        return []
    text, document = read
    raw: Any = cast("dict[str, Any]", document).get("providers") if isinstance(document, dict) else None
    if not isinstance(raw, list):
        _note(problems, path, text, ("providers",), "is not a list.", 'Write {"providers": [ … ]}.')
        return []
    for key in cast("dict[str, Any]", document).keys() - {"$schema", "providers"}:
        _note(problems, path, text, (key,), "is not a known key.", 'Known: "$schema", "providers".')
    return _read_entries(path, text, cast("list[Any]", raw), known, problems)


def _read_entries(
    path: Path, text: str, raw: list[Any], known: Callable[[str], bool], problems: list[Problem]
) -> list[ProviderEntry]:
    entries: list[ProviderEntry] = []
    claimed: dict[tuple[str, str], str] = {}
    for index, item in enumerate(raw):
        entry = _read_entry(path, text, index, item, problems)
        if entry is None:
            continue
        place: Place = ("providers", index)
        if any((entry.id, entry.kind) == (other.id, other.kind) for other in entries):
            _note(problems, path, text, place, f"repeats {entry.kind} provider {entry.id!r}.", "Give it another id.")
            continue
        if entry.builtin and not entry.command and not known(entry.id):
            fix = "Remove the entry, or give it a command."
            _note(problems, path, text, (*place, "id"), f"names no built-in provider: {entry.id!r}.", fix)
            continue
        try:
            resolve_references(entry.env, path.parent)
        except ConfigError as error:
            _note(problems, path, text, (*place, "env"), error.message, "The entry is left out.")
            continue
        for model in entry.models or ():
            owner = claimed.setdefault((entry.kind, model), entry.id)
            if owner != entry.id:
                told = f"lists model {model!r}, which {owner!r} has already; {owner!r} serves it."
                _note(problems, path, text, (*place, "models"), told, "Remove it from one of the two.")
        entries.append(entry)
    return entries


def _read_entry(path: Path, text: str, index: int, item: Any, problems: list[Problem]) -> ProviderEntry | None:
    try:
        return ProviderEntry.model_validate(item)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            place = ("providers", index, *fault["loc"])
            message = fault["msg"].removeprefix("Value error, ")
            known = ", ".join(field.alias or name for name, field in ProviderEntry.model_fields.items())
            fix = f"Known keys: {known}." if fault["type"] == "extra_forbidden" else "The entry is left out."
            _note(problems, path, text, place, message + ".", fix)
        return None


def _load_settings(path: Path, problems: list[Problem]) -> Settings:
    read = _read_json(path, problems)
    text, document = read or ("", {})
    settings = Settings()
    if isinstance(document, dict):
        fields = dict(cast("dict[str, Any]", document))
        try:
            settings = Settings.model_validate(fields)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                _note(problems, path, text, fault["loc"], fault["msg"] + ".", "The default is used.")
                fields.pop(str(fault["loc"][0]), None)
            settings = Settings.model_validate(fields)
    else:
        _note(problems, path, text, (), "is not an object.", "Write { … }.")
    try:
        return settings.with_environment()
    except ValidationError as error:
        told = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors(include_url=False))
        problems.append(Problem("environment", 0, "VOX_*", told, "The variables are ignored."))
        return settings


def _read_json(path: Path, problems: list[Problem]) -> tuple[str, Any] | None:
    """The text and its value; None when there is no file, or none that may be used."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        others = may_be_written_by_others(path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), 1, path.name, f"cannot be read: {error}.", "The defaults are used."))
        return None
    if others:
        told = "may be written by other users, who could make Vox run their programs."
        problems.append(Problem(str(path), 1, path.name, told, f"Run: chmod go-w {path}"))
        return None
    try:
        return text, json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        problems.append(Problem(str(path), line, path.name, f"is not valid JSON: {error}.", "The defaults are used."))
        return None


def _note(problems: list[Problem], path: Path, text: str, place: Place, message: str, fix: str) -> None:
    shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".") or path.name
    problems.append(Problem(str(path), line_of(text, place), shown, message, fix))
