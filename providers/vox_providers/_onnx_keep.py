"""Importing and removing the models of a family: which files belong to one, and which model some files are of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from vox.provider import Call, ProviderError
from vox_providers._keep import check_ours, folders_within, put, take_away, unfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vox_providers._onnx_models import Checkpoint, Family, Layout

__all__ = ["fitting", "import_checkpoint", "remove_checkpoint"]

_LARGEST_CONFIG = 1 << 20  # bytes; they have some kilobytes
_ANY = "*"  # every precision


class _Found(NamedTuple):
    """Files of a model in a folder."""

    folder: Path
    layout: Layout
    quantization: str


def fitting(family: Family, path: str) -> list[str]:
    """The ids of the models whose files may lie in the folder, or below it."""
    return next((ids for found in _found(family, path) if (ids := _candidates(family, found))), [])


def import_checkpoint(family: Family, checkpoint: Checkpoint, call: Call) -> None:
    """Take the files of a model from `call.path`.

    Raises:
        ProviderError: There are none, or they are of another model; see `put`.
    """
    others: list[str] = []
    for found in _found(family, call.path):
        candidates = [one.id for one in _possible(family, found)]
        if checkpoint.id in candidates:
            return put(_files(found), family.folder(checkpoint), call)
        others += candidates
    if others:
        raise unfit(f"The files in {call.path} are of {' or '.join(dict.fromkeys(others))}, not of {checkpoint.id}.")
    wanted = ", ".join(checkpoint.layouts[0].patterns(family.quantizations()[0]))
    raise unfit(f"{call.path} holds no files of {checkpoint.id}; wanted, in one folder: {wanted}.")


def remove_checkpoint(family: Family, checkpoint: Checkpoint) -> list[str]:
    """Delete the files of a model in every precision; the names of what is left in its folder.

    Raises:
        ProviderError: The user has named the folder, so that the files are not Vox's; or see `take_away`.
    """
    folder = family.folder(checkpoint)
    check_ours(checkpoint.id, folder, family.variable("DIR"))
    names = {
        str(file.relative_to(folder))
        for layout in checkpoint.layouts
        for pattern in (*layout.patterns(_ANY), *layout.patterns("none"))
        for name in (pattern, f"{pattern}?data*")
        for file in folder.glob(name)
    }
    return take_away(folder, sorted(names, key=lambda name: not name.endswith("config.json")))


def _found(family: Family, path: str) -> Iterator[_Found]:
    layouts = dict.fromkeys(layout for one in family.checkpoints.values() for layout in one.layouts)
    for folder in folders_within(path):
        for quantization in family.quantizations():
            for layout in layouts:
                patterns = layout.patterns(quantization)
                if all(any(file.is_file() for file in folder.glob(pattern)) for pattern in patterns):
                    yield _Found(folder, layout, quantization)


def _possible(family: Family, found: _Found) -> list[Checkpoint]:
    """Models that the files could be: those of the right size, where the files tell it."""
    fit = [one for one in family.checkpoints.values() if found.layout in one.layouts]
    traits = _traits(found.folder)
    return [one for one in fit if one.marks and one.marks.items() <= traits.items()] or fit


def _candidates(family: Family, found: _Found) -> list[str]:
    """The ids of what the files could be; where several are left, the folder's name decides if it says anything."""
    possible = _possible(family, found)
    names = f"{found.folder.name} {found.folder.parent.name} {_traits(found.folder).get('_name_or_path', '')}"
    named = sorted((one for one in possible if one.variant in names), key=lambda one: -len(one.variant))
    return [one.id for one in (named[:1] if len(possible) > 1 and named else possible)]


def _files(found: _Found) -> dict[str, Path]:
    """Path inside the model's folder → the file; the weights a graph keeps beside itself come before it, and what
    counts as installed last."""
    patterns = found.layout.patterns(found.quantization)
    names = {
        str(file.relative_to(found.folder)): file
        for pattern in patterns
        for name in ((pattern, f"{pattern}?data*") if pattern.endswith(".onnx") else (pattern,))
        for file in found.folder.glob(name)
        if file.is_file()
    }
    return {name: names[name] for name in sorted(names, key=_turn)}


def _turn(name: str) -> tuple[int, str]:
    if name.endswith(".json") or name.endswith(".txt"):
        return (3 if name == "config.json" else 2), name
    return (1 if name.endswith(".onnx") else 0), name


def _traits(folder: Path) -> dict[str, Any]:
    """What the files tell of their size: `config.json`, and how many lines `vocab.txt` has."""
    traits: dict[str, Any] = {}
    config, vocabulary = folder / "config.json", folder / "vocab.txt"
    try:
        if config.is_file() and config.stat().st_size < _LARGEST_CONFIG:
            told: Any = json.loads(config.read_text(encoding="utf-8"))
            simple = cast("dict[str, Any]", told) if isinstance(told, dict) else {}
            traits |= {key: value for key, value in simple.items() if isinstance(value, int | str)}
        if vocabulary.is_file():
            traits["tokens"] = len(vocabulary.read_bytes().splitlines())
    except (OSError, ValueError, RecursionError) as problem:
        raise ProviderError(f"{folder} cannot be read: {problem}.", rpc_code=-32602) from problem
    return traits
