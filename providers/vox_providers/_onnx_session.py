"""Where onnxruntime computes, and with how many threads.

`VOX_ONNX_PROVIDERS` names execution providers, best first (`cuda,cpu`, or full names). `auto`, the default, means the
best of CUDA, DirectML and CoreML that the installed onnxruntime offers, with the CPU for what it cannot do; where that
fails to load, the CPU alone is used and standard error tells so. What is named is used or is an error.
`VOX_ONNX_THREADS` sets the threads of one inference; default one per core, at most four.
"""

import os
import sys
from collections.abc import Callable
from typing import TypeVar

from vox.provider import ProviderError

__all__ = ["CPU", "is_accelerated", "on_best", "threads"]

CPU = "CPUExecutionProvider"
"""onnxruntime's name for the computer's own processor."""

# TensorRT and others are left out: they compile a model for minutes, or need their own files.
_GOOD = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider")
_OTHER_NAMES = {"directml": "dml"}
_MOST_THREADS = 4  # more gain little on models of this size, and take the cores from everything else

Loaded = TypeVar("Loaded")


class _State:
    """What is known of this process."""

    accelerated = False


_state = _State()


def on_best(offered: list[str], load: Callable[[list[str]], Loaded]) -> Loaded:
    """What `load` makes of the chosen execution providers.

    Args:
        offered: What onnxruntime can do here.
        load: Makes a session, or several, with the names it is given.

    Raises:
        ProviderError: `VOX_ONNX_PROVIDERS` asks for what is not offered.
        Exception: What `load` raised, on the CPU or on what was named.
    """
    chosen, free = _chosen(offered)
    try:
        loaded = load(chosen)
    except Exception as problem:
        if not free or chosen == [CPU]:
            raise
        print(f"{chosen[0]} cannot be used here, so the CPU is: {problem}", file=sys.stderr)
        chosen = [CPU]
        loaded = load(chosen)
    _state.accelerated = chosen[0] != CPU
    return loaded


def is_accelerated() -> bool:
    """Whether the last model that was loaded computes on something else than the CPU."""
    return _state.accelerated


def threads() -> int:
    """Threads of one inference.

    Raises:
        ProviderError: `VOX_ONNX_THREADS` is no number above 0.
    """
    named = os.environ.get("VOX_ONNX_THREADS", "")
    if named and not (named.isascii() and named.isdigit() and int(named) > 0):
        raise ProviderError(f"VOX_ONNX_THREADS must be a number above 0, not {named!r}.")
    return int(named) if named else min(_MOST_THREADS, os.cpu_count() or 1)


def _chosen(offered: list[str]) -> tuple[list[str], bool]:
    """The names to use, and whether the choice was left to us."""
    named = os.environ.get("VOX_ONNX_PROVIDERS", "").strip().lower()
    if named in ("", "auto"):
        return [*[name for name in _GOOD if name in offered][:1], CPU], True
    by_name = {_short(name): name for name in offered}
    chosen: list[str] = []
    for word in filter(None, (part.strip() for part in named.split(","))):
        name = by_name.get(_short(word))
        if name is None:
            raise ProviderError(
                f"VOX_ONNX_PROVIDERS asks for {word!r}, but the installed onnxruntime offers {', '.join(offered)}."
            )
        chosen.append(name)
    return chosen or [CPU], False


def _short(name: str) -> str:
    short = name.lower().removesuffix("executionprovider")
    return _OTHER_NAMES.get(short, short)
