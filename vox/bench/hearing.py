"""How well and how fast a recogniser hears recordings."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

from vox.bench.recordings import Recording
from vox.bench.results import Heard, Hearing
from vox.bench.words import word_errors
from vox.client import Client
from vox.errors import AudioTooLarge, NoInput, PathNotAllowed, UnsupportedAudio, VoxError

__all__ = ["hear_all", "recognise"]

_OF_THE_FILE = (AudioTooLarge, NoInput, PathNotAllowed, UnsupportedAudio)
"""Errors that say something about one recording; the others may be heard."""


def hear_all(
    client: Client,
    result: Hearing,
    recordings: Sequence[Recording],
    *,
    runs: int,
    language: str | None,
    tell: Callable[[str], None],
) -> None:
    """Have every recording heard so many times; the result fills up as they are.

    Raises:
        VoxError: The model cannot go on.
        KeyboardInterrupt: Somebody has seen enough.
    """
    for number, recording in enumerate(recordings, 1):
        heard = Heard(recording.name)
        result.heard.append(heard)
        tell(f"{result.model} hears {recording.name} ({number} of {len(recordings)})")
        try:
            for _ in range(runs):
                _hear(client, result.model, recording, heard, language)
        except _OF_THE_FILE as error:
            heard.error = error
    usable = [one for one in result.heard if one.error is None]
    if not usable:
        raise result.heard[0].error or VoxError("There was nothing to hear.")
    if spoken := [one for one in usable if one.text]:
        shortest = min(spoken, key=lambda one: one.seconds)
        _look_for_words(client, result, next(one for one in recordings if one.name == shortest.name), language)


def recognise(client: Client, model: str, path: str, language: str | None, **more: Any) -> dict[str, Any]:
    """The answer of `transcribe.file`.

    Raises:
        VoxError: It cannot be recognised.
    """
    return client.call("transcribe.file", {"path": path, "modelId": model, "language": language, **more})


def _hear(client: Client, model: str, recording: Recording, heard: Heard, language: str | None) -> None:
    begin = perf_counter()
    answer = recognise(client, model, str(recording.path.absolute()), language)
    took_ms = (perf_counter() - begin) * 1000
    found = word_errors(recording.transcript, answer["text"], language or "en")
    if not heard.times_ms:
        heard.text = answer["text"]
    heard.times_ms.append(took_ms)
    heard.seconds = answer["durationMs"] / 1000
    heard.errors = heard.errors.plus(found)


def _look_for_words(client: Client, result: Hearing, recording: Recording, language: str | None) -> None:
    """See whether words come with times and confidence, where they are asked for: in a call of its own, since they take
    time."""
    answer = recognise(client, result.model, str(recording.path.absolute()), language, words=True)
    words: list[dict[str, Any]] = answer["words"] or []
    result.timings = bool(words)
    result.confidence = any(word["confidence"] is not None for word in words)
