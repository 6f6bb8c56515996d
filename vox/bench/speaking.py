"""How fast a model speaks sentences, and how well recognisers understand it."""

import wave
from binascii import a2b_base64
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter

from vox.bench.hearing import recognise
from vox.bench.results import RoundTrip, Said, Speaking
from vox.bench.words import word_errors
from vox.client import Client

__all__ = ["PAGE_SENTENCES", "listen", "speak_all"]

PAGE_SENTENCES = 10
"""So many sentences make the longer text whose first audio is waited for."""

_SAMPLE_BYTES = 2


def speak_all(
    client: Client,
    result: Speaking,
    sentences: Sequence[str],
    *,
    runs: int,
    language: str | None,
    tell: Callable[[str], None],
) -> None:
    """Have every sentence spoken so many times, and the first of them as one text; the result fills up meanwhile.

    Raises:
        VoxError: The model cannot go on.
        KeyboardInterrupt: Somebody has seen enough.
    """
    for number, sentence in enumerate(sentences, 1):
        tell(f"{result.model} speaks sentence {number} of {len(sentences)}")
        said = Said(sentence)
        result.said.append(said)
        for _ in range(runs):
            _speak(client, result, said, language)
    tell(f"{result.model} speaks a longer text")
    result.page = Said(" ".join(sentences[:PAGE_SENTENCES]))
    for _ in range(runs):
        _speak(client, result, result.page, language)


def listen(
    client: Client,
    trip: RoundTrip,
    result: Speaking,
    folder: Path,
    *,
    language: str | None,
    tell: Callable[[str], None],
) -> None:
    """Have what was spoken recognised.

    Args:
        folder: Where the speech may be written for a moment.

    Raises:
        VoxError: The recogniser cannot go on.
        KeyboardInterrupt: Somebody has seen enough.
    """
    spoken = [said for said in result.said if said.times_ms]
    for number, said in enumerate(spoken, 1):
        tell(f"{trip.recogniser} listens to {result.model} ({number} of {len(spoken)})")
        _listen(client, trip, said, folder / "speech.wav", language)


def _speak(client: Client, result: Speaking, said: Said, language: str | None) -> None:
    asked = {
        "text": said.text,
        "modelId": result.model,
        "voiceId": result.voice,
        "language": language,
        "format": "pcm",
        "stream": True,
    }
    pieces: list[bytes] = []
    begin, first = perf_counter(), 0.0
    with closing(client.follow("synthesize.generate", asked)) as events:
        while True:
            try:
                event, data = next(events)
            except StopIteration as end:
                answer = end.value
                break
            if event == "synthesize.audio" and data["audioBytes"]:
                first = first or perf_counter()
                said.rate = data["sampleRate"]
                pieces.append(a2b_base64(data["audioBase64"]))
    over = perf_counter()
    said.first_ms.append(((first or over) - begin) * 1000)
    said.times_ms.append((over - begin) * 1000)
    said.samples = said.samples or b"".join(pieces)
    said.seconds = len(said.samples) / _SAMPLE_BYTES / said.rate if said.rate else 0.0
    result.voice = answer["voiceId"]


def _listen(client: Client, trip: RoundTrip, said: Said, path: Path, language: str | None) -> None:
    heard = ""
    if said.samples:
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(_SAMPLE_BYTES)
            file.setframerate(said.rate)
            file.writeframes(said.samples)
        heard = recognise(client, trip.recogniser, str(path), language)["text"]
    found = word_errors(said.text, heard, language or "en")
    trip.heard.append(heard)
    trip.errors = trip.errors.plus(found)
