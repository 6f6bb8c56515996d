"""The metrics contract: which stage timings a provider must return, and what Vox calls them.

Source: the provider protocol, "Metrics Contract". All values are milliseconds, bytes or counts: numbers, integer or
not, never negative.
"""

__all__ = ["RECOMMENDED", "REQUIRED", "complete"]

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
