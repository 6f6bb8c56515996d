"""Importing and removing the files of Kokoro."""

import os
from collections.abc import Iterator
from pathlib import Path

from vox.provider import Call
from vox_providers._keep import check_ours, folders_within, put, take_away, unfit
from vox_providers._kokoro_pack import MODEL, VARIABLE, Pack, find_pack, folder, graph_patterns

__all__ = ["fitting", "import_pack", "remove_pack"]


def fitting(path: str) -> list[str]:
    """The one model, if its files lie in the folder, or below it."""
    return [MODEL] if next(_found(path), None) else []


def import_pack(call: Call) -> None:
    """Take model and voices from `call.path`.

    Raises:
        ProviderError: There are none; see `put`.
    """
    found = next(_found(call.path), None)
    if found is None:
        raise unfit(
            f"{call.path} holds no files of {MODEL}; wanted, in one folder: onnx/model_quantized.onnx and "
            "voices/*.bin, or kokoro-v1.0.int8.onnx and voices-v1.0.bin."
        )
    root, pack = found
    voices = sorted({voice.path for voice in pack.voices.values()})
    put({str(file.relative_to(root)): file for file in (*voices, pack.graph)}, folder(), call)


def remove_pack() -> None:
    """Delete the model in every precision, and the voices.

    Raises:
        ProviderError: The files are somebody's own; or see `take_away`.
    """
    root = folder()
    check_ours(MODEL, root, VARIABLE)
    patterns = (*graph_patterns(), "voices/*.bin", "*.npz", "voices*.bin")
    names = [name for pattern in patterns for name in _matching(root, pattern)]
    take_away(root, dict.fromkeys(names))  # the graphs first: without one there is no model


def _found(path: str) -> Iterator[tuple[Path, Pack]]:
    for root in folders_within(path):
        pack = find_pack(root)
        if pack and not any(name[-1:].isdigit() for name in pack.voices):  # v1.1 has `zf_001`; its words are others
            yield root, pack


def _matching(root: Path, pattern: str) -> list[str]:
    """Paths inside the folder; of a link, whether or not it points at anything."""
    if "*" not in pattern:
        return [pattern] if os.path.lexists(root / pattern) else []
    return [str(file.relative_to(root)) for file in root.glob(pattern) if file.is_symlink() or file.is_file()]
