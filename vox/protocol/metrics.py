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
    and `synthesisMs` mean the same in a TTS answer and stand in for each other: the protocol allows the one, and
    clients read either.
    """
    if kind == "tts":
        either = metrics.get("synthesisMs", metrics.get("inferenceMs"))
        metrics = metrics if either is None else {"synthesisMs": either, "inferenceMs": either, **metrics}
    complete = True
    for name in REQUIRED[kind]:
        if name not in metrics:
            metrics, complete = {**metrics, name: measured_ms}, False
    return metrics, complete
