"""A Whisper model of CTranslate2 in memory, on the device and with the threads that the settings say."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from vox.provider import ProviderError

if TYPE_CHECKING:
    from vox_providers._faster_whisper_models import Model

__all__ = ["number", "read_model"]

_MOST_THREADS = 4


def read_model(model: Model) -> Any:
    """The library's own object.

    Raises:
        ProviderError: A setting or the files cannot be used.
    """
    import ctranslate2  # pyright: ignore[reportMissingImports]

    wish = os.environ.get("VOX_FASTER_WHISPER_DEVICE", "auto").lower()
    if wish not in ("auto", "cpu", "cuda"):
        raise ProviderError(f"VOX_FASTER_WHISPER_DEVICE must be auto, cpu or cuda, not {wish!r}.")
    has_cuda = ctranslate2.get_cuda_device_count() > 0
    if wish == "cuda" and not has_cuda:
        raise ProviderError("VOX_FASTER_WHISPER_DEVICE is cuda, but CTranslate2 finds no CUDA device. Set it to auto.")
    if wish == "cpu" or not has_cuda:
        return _read_on(model, "cpu", "int8")
    try:
        return _read_on(model, "cuda", "float16")
    except ProviderError as problem:  # a driver without its libraries: they show only now
        if wish == "cuda":
            raise
        print(f"Going on without CUDA: {problem}", file=sys.stderr)
        return _read_on(model, "cpu", "int8")


def number(variable: str, default: int) -> int:
    """A setting that counts something.

    Raises:
        ProviderError: It is no whole number above 0.
    """
    text = os.environ.get(variable, "")
    if text and not (text.isascii() and text.isdigit() and int(text) > 0):
        raise ProviderError(f"{variable} must be a whole number above 0, not {text!r}.")
    return int(text) if text else default


def _read_on(model: Model, device: str, compute: str) -> Any:
    from faster_whisper import WhisperModel  # pyright: ignore[reportMissingImports]

    threads = number("VOX_FASTER_WHISPER_THREADS", min(_MOST_THREADS, os.cpu_count() or 1))
    compute = os.environ.get("VOX_FASTER_WHISPER_COMPUTE") or compute
    try:
        return WhisperModel(
            str(model.folder), device=device, compute_type=compute, cpu_threads=threads, local_files_only=True
        )
    except Exception as problem:  # the library's exceptions have no common base
        raise ProviderError(
            f"The files in {model.folder} cannot be loaded as {compute} on {device}: {problem} "
            f"`vox models install {model.id}` checks and repairs them."
        ) from problem
