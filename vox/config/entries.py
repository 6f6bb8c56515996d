"""The entries of providers.json: good ones are used, bad ones become named problems.

While the daemon runs, an entry that has become wrong stays as it was: a slip of the pen stops nothing that works.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from pydantic import ValidationError

from vox.config.builtins import kind_of, nearest_builtins
from vox.config.file import ConfigFile, Problem, read_file
from vox.config.lines import Place
from vox.config.providers import ProviderEntry
from vox.config.references import resolve_references
from vox.errors import ConfigError

__all__ = ["Entries", "read_entries"]

Entries: TypeAlias = Mapping[tuple[str, str], ProviderEntry]
"""Entries by id and kind."""

_KEYS = {"$schema", "providers"}


def read_entries(
    path: Path, known_builtins: Callable[[str], bool], problems: list[Problem], before: Entries
) -> list[ProviderEntry]:
    """The entries in force, disabled ones included.

    Args:
        known_builtins: Tells whether a built-in of that name exists.
        problems: What is wrong is added here.
        before: What was in force until now.
    """
    file = read_file(path, "What was in force stays." if before else "The defaults are used.")
    if file is None:
        return []
    document = cast("dict[str, Any]", file.value if isinstance(file.value, dict) else {})
    items = document.get("providers")
    if not isinstance(items, list):
        fault = file.problem(("providers",), "is not a list.", 'Write {"providers": [ … ]}.')
        problems.append(file.unusable or fault)
        return list(before.values())
    for key in document.keys() - _KEYS:
        problems.append(file.problem((key,), "is not a known key.", 'Known: "$schema", "providers".'))
    reader = _Reader(file, known_builtins, problems, before)
    for index, item in enumerate(cast("list[Any]", items)):
        reader.add(index, item)
    return list(reader.entries.values())


class _Reader:
    def __init__(
        self, file: ConfigFile, known: Callable[[str], bool], problems: list[Problem], before: Entries
    ) -> None:
        self.entries: dict[tuple[str, str], ProviderEntry] = {}
        self._file, self._known, self._problems, self._before = file, known, problems, before
        self._claimed: dict[tuple[str, str], str] = {}

    def add(self, index: int, item: Any) -> None:
        place: Place = ("providers", index)
        key = _key(item)
        if key in self.entries:
            self._note(place, f"repeats {key[1]} provider {key[0]!r}.", "Give it another id.")
            return
        earlier = self._before.get(key)
        entry = self._read(place, item, "The entry is left out." if earlier is None else "The entry stays as it was.")
        entry = entry or earlier
        if entry is not None:
            self.entries[entry.id, entry.kind] = entry
            if entry.enabled:
                self._claim(entry, place)
                self._check_preload(entry, place)

    def _read(self, place: Place, item: Any, otherwise: str) -> ProviderEntry | None:
        """The entry; None when it is wrong."""
        try:
            entry = ProviderEntry.model_validate(item)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                known = ", ".join(field.alias or name for name, field in ProviderEntry.model_fields.items())
                fix = f"Known keys: {known}." if fault["type"] == "extra_forbidden" else otherwise
                self._note((*place, *fault["loc"]), fault["msg"].removeprefix("Value error, ") + ".", fix)
            return None
        if not entry.enabled:
            return entry
        if entry.program is not None and not self._known(entry.program):
            self._note_unknown(place, entry)
            return None
        try:
            resolve_references(entry.env, self._file.path.parent)
        except ConfigError as error:
            self._note((*place, "env"), error.message, otherwise)
            return None
        return entry

    def _note_unknown(self, place: Place, entry: ProviderEntry) -> None:
        """The name of a built-in that is not installed, and what may have been meant."""
        key, name = ("id", entry.id) if entry.builtin is True else ("builtin", str(entry.builtin))
        nearest = nearest_builtins(name, entry.kind, self._known)
        fix = f"Did you mean {' or '.join(nearest)}?" if nearest else "Remove the entry, or give it a command."
        self._note((*place, key), f"names no built-in provider: {name!r}.", fix)

    def _claim(self, entry: ProviderEntry, place: Place) -> None:
        for model in entry.models or ():
            owner = self._claimed.setdefault((entry.kind, model), entry.id)
            if owner != entry.id:
                told = f"lists model {model!r}, which {owner!r} has already; {owner!r} serves it."
                self._note((*place, "models"), told, "Remove it from one of the two.")

    def _check_preload(self, entry: ProviderEntry, place: Place) -> None:
        for index, model in enumerate(entry.preload):
            if entry.models is not None and model not in entry.models:
                told = f"names {model!r}, which is not among the entry's models."
                self._note((*place, "preload", index), told, 'Add it to "models", or remove it here.')

    def _note(self, place: Place, message: str, fix: str) -> None:
        self._problems.append(self._file.problem(place, message, fix))


def _key(item: Any) -> tuple[str, str]:
    """What an entry calls itself, be it right or wrong; empty words match nothing."""
    fields = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
    name, kind = fields.get("id"), kind_of(fields)
    return (name, kind) if isinstance(name, str) and isinstance(kind, str) else ("", "")
