"""The metrics contract: which stage timings a provider must return, and what Vox calls them.

Source: the provider protocol, "Metrics Contract". All values are milliseconds, bytes or counts: numbers, integer or
not, never negative.
"""

import math
from typing import Any, cast

__all__ = ["RECOMMENDED", "REQUIRED", "clean", "complete"]

REQUIRED: dict[str, tuple[str, ...]] = {"asr": ("inferenceMs", "totalMs"), "tts": ("totalMs",)}

RECOMMENDED: dict[str, tuple[str, ...]] = {
    "asr": ("modelLoadMs", "audioLoadMs", "audioPrepareMs", "fileCheckMs", "modelCheckMs", "audioDurationMs"),
    "tts": (
        "synthesisMs",
        "modelLoadMs",
        "modelCheckMs",
        "voiceResolveMs",
        "audioDurationMs",
        "outputBytes",
        "characterCount",
    ),
}


def clean(metrics: Any) -> dict[str, float]:
    """Only the entries that are numbers of 0 or more; everything else is dropped."""
    if not isinstance(metrics, dict):
        return {}
    return {name: value for name, value in cast("dict[str, Any]", metrics).items() if _is_measure(value)}


def complete(metrics: dict[str, float], kind: str, measured_ms: float) -> tuple[dict[str, float], bool]:
    """The metrics with every required one present, and whether the provider gave them all.

    A missing one is filled with what the host measured, so that a sum over providers stays meaningful. `inferenceMs`
    stands in for `synthesisMs` in a TTS answer, as the protocol allows.
    """
    if kind == "tts" and "synthesisMs" not in metrics and "inferenceMs" in metrics:
        metrics = {**metrics, "synthesisMs": metrics["inferenceMs"]}
    complete = True
    for name in REQUIRED[kind]:
        if name not in metrics:
            metrics, complete = {**metrics, name: measured_ms}, False
    return metrics, complete


def _is_measure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
