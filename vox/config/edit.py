"""Changing one entry of providers.json, and leaving everything else in it as its owner wrote it.

The file is edited as text: order, indentation, comments and blank lines stay. What was there before is kept as
`providers.json.bak`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from vox.config.builtins import kind_of
from vox.config.json_text import cut, read_document, spans_of
from vox.config.replacing import change_file
from vox.errors import ConfigError, InvalidRequest

__all__ = ["add_entry", "edit_enabled", "remove_entries", "set_enabled"]

_EMPTY = '{\n  "providers": []\n}\n'


def edit_enabled(
    path: Path, provider: str, kind: str | None, enabled: bool, otherwise: Sequence[dict[str, Any]]
) -> int:
    """Switch the entries of a provider on or off in the file. Returns how many entries were changed.

    Args:
        kind: Which of the two, where one id has both; None for every entry of that id.
        otherwise: Entries that are in force without being in the file: when the provider is one of them, those of its
            kind are written down first, because a file that names one entry of a kind stands for the whole kind.

    Raises:
        ConfigError: The file cannot be read, is not valid, or cannot be written.
        InvalidRequest: There is no such provider.
    """
    return change_file(path, _EMPTY, lambda text: _edited(path, text, provider, kind, enabled, otherwise))


def add_entry(path: Path, entry: dict[str, Any], otherwise: Sequence[dict[str, Any]]) -> None:
    """Write one more entry, behind the others.

    Args:
        otherwise: Entries that are in force without being in the file: those of the entry's kind are written down
            first, because a file that names one entry of a kind stands for the whole kind.

    Raises:
        ConfigError: The file cannot be read, is not valid, or cannot be written.
        InvalidRequest: The file has an entry of that id and kind.
    """
    kind = kind_of(entry)

    def added(text: str) -> tuple[str, int]:
        entries = _entries(path, text)
        if _matching(entries, entry["id"], kind):
            raise InvalidRequest(
                f"{path} has a {kind} provider {entry['id']!r} already. Switch it on with `vox providers enable "
                f"{entry['id']} --kind {kind}`, or take it out first: vox providers remove {entry['id']}"
            )
        others = () if any(kind == kind_of(one) for one in entries) else otherwise
        for one in (*(one for one in others if kind_of(one) == kind and one["id"] != entry["id"]), entry):
            text = _append(text, one)
        return text, 1

    change_file(path, _EMPTY, added)


def remove_entries(path: Path, provider: str, kind: str | None) -> list[dict[str, Any]]:
    """Take the entries of a provider out of the file, and return them.

    Args:
        kind: Which of the two, where one id has both; None for every entry of that id.

    Raises:
        ConfigError: The file cannot be read, is not valid, or cannot be written.
        InvalidRequest: The file has no such entry.
    """
    removed: list[dict[str, Any]] = []

    def without(text: str) -> tuple[str, int]:
        entries = _entries(path, text)
        found = _matching(entries, provider, kind)
        if not found:
            known = ", ".join(dict.fromkeys(str(entry.get("id")) for entry in entries))
            raise InvalidRequest(
                f"{path} has no provider {provider!r}. It has: {known or 'none'}. One that is in use without being "
                f"there is switched off with: vox providers disable {provider}"
            )
        for index in reversed(found):
            removed.append(entries[index])
            text = cut(text, ("providers", index))
        return text, len(found)

    change_file(path, _EMPTY, without)
    return removed


def set_enabled(text: str, index: int, enabled: bool) -> str:
    """The text of a providers.json with one entry switched on or off. An entry that says nothing is switched on."""
    spans = spans_of(text)
    word = "true" if enabled else "false"
    found = spans.get(("providers", index, "enabled"))
    if found is not None:
        return text[: found.begin] + word + text[found.end :]
    _, begin, end = spans["providers", index]
    last = max(span.end for place, span in spans.items() if place[:2] == ("providers", index) and len(place) == 3)
    inner = text[begin + 1 : end - 1]
    margin = inner[: len(inner) - len(inner.lstrip())]  # what stands before the first key stands before this one too
    return f'{text[:last]},{margin or " "}"enabled": {word}{text[last:]}'


def _edited(
    path: Path, text: str, provider: str, kind: str | None, enabled: bool, otherwise: Sequence[dict[str, Any]]
) -> tuple[str, int]:
    entries = _entries(path, text)
    found = _matching(entries, provider, kind)
    if not found and (wanted := _matching(otherwise, provider, kind)):
        kinds = {kind_of(otherwise[index]) for index in wanted}
        for entry in otherwise:
            if kind_of(entry) in kinds:
                text = _append(text, entry)
        entries = _entries(path, text)
        found = _matching(entries, provider, kind)
    if not found:
        known = ", ".join(dict.fromkeys(str(entry.get("id")) for entry in (*entries, *otherwise)))
        raise InvalidRequest(f"There is no provider {provider!r} in {path}. Known: {known or 'none'}.")
    changed = [index for index in found if entries[index].get("enabled", True) != enabled]
    for index in changed:
        text = set_enabled(text, index, enabled)
    return text, len(changed)


def _entries(path: Path, text: str) -> list[dict[str, Any]]:
    value = read_document(path, text)
    entries: Any = cast("dict[str, Any]", value).get("providers") if isinstance(value, dict) else None
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and entry for entry in cast("list[Any]", entries)
    ):
        raise ConfigError(f'{path} holds no list of entries. Write {{"providers": [ … ]}}, then try again.')
    return cast("list[dict[str, Any]]", entries)


def _matching(entries: Sequence[dict[str, Any]], provider: str, kind: str | None) -> list[int]:
    return [
        index for index, entry in enumerate(entries) if entry.get("id") == provider and kind in (None, kind_of(entry))
    ]


def _append(text: str, entry: dict[str, Any]) -> str:
    spans, line = spans_of(text), json.dumps(entry, ensure_ascii=False)
    _, begin, end = spans["providers",]
    ends = [span.end for place, span in spans.items() if place[:1] == ("providers",) and len(place) == 2]
    last = max(ends, default=begin + 1)
    rest = text[last : end - 1]  # a comment behind the last entry stays behind it
    return f"{text[:last]}{',' if ends else ''}{rest.rstrip()}\n    {line}\n  {text[end - 1 :]}"
