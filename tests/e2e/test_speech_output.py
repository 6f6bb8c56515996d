"""Speech with the embedded engines: when its words are heard, and sessions whose pieces come while it is made."""

import base64
import io
import itertools
import wave
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from tests.e2e.conftest import StartDaemon
from tests.e2e.test_speech import SENTENCES, plain
from vox.audio import wav
from vox.client import Client

TEXT = " ".join(SENTENCES[:8]) + " In 1984 she paid 42 dollars for it."


@pytest.fixture(scope="module")
def vox(start_daemon: StartDaemon) -> Client:
    return start_daemon()


def cues_of(text: str) -> list[dict[str, Any]]:
    """Every sentence as a cue, one by its words and the next by its place."""
    cues: list[dict[str, Any]] = []
    start = 0
    for number, sentence in enumerate(text.split(". ")):
        end = start + len(sentence)
        place = {"textStart": start, "textEnd": end} if number % 2 else {"text": sentence}
        cues.append({"id": f"s{number}", **place})
        start = end + 2
    return cues


def test_words_and_cues_are_placed_on_the_text(vox: Client) -> None:
    answer = vox.call("synthesize.generate", {"text": TEXT, "speechTiming": {"cues": cues_of(TEXT)}})
    timing, duration = answer["speechTiming"], answer["durationMs"]
    assert (timing["source"], timing["modelId"]) == ("asr", "moonshine:tiny-en") and timing["elapsedMs"] > 0
    words = timing["words"]
    placed = [word for word in words if word["sourceTextStart"] is not None]
    assert len(placed) >= 0.9 * len(words)
    right = [w for w in placed if plain(TEXT[w["sourceTextStart"] : w["sourceTextEnd"]]) == plain(w["word"])]
    assert len(right) >= 0.9 * len(placed)
    covered = {at for word in placed for at in range(word["sourceTextStart"], word["sourceTextEnd"])}
    letters = {at for at, letter in enumerate(TEXT) if letter.isalnum()}
    assert len(covered & letters) >= 0.9 * len(letters)

    cues = timing["cues"]
    assert [cue["id"] for cue in cues] == [f"s{number}" for number in range(len(TEXT.split(". ")))]
    assert all(0 <= cue["startMs"] < cue["endMs"] <= duration for cue in cues)
    assert all(one["endMs"] <= two["startMs"] for one, two in itertools.pairwise(cues))
    assert {cue["source"] for cue in cues} == {"asr"} and min(cue["confidence"] for cue in cues) > 0.3
    _is_quiet_between(base64.b64decode(answer["audioBase64"]), cues)


def _is_quiet_between(audio: bytes, cues: list[dict[str, Any]]) -> None:
    """Where one sentence ends and the next begins, the speaker pauses: what lies between two cues is the quieter."""
    info = wav.parse(audio)
    samples = np.frombuffer(audio[info.data_start :], np.int16).astype(np.float64) / 32768

    def loudness(start: float, end: float) -> float:
        piece = samples[int(start * info.rate / 1000) : int(end * info.rate / 1000)]
        return float(np.sqrt(np.mean(piece**2))) if len(piece) else 0.0

    spoken = np.median([loudness(cue["startMs"], cue["endMs"]) for cue in cues])
    pauses = [loudness(one["endMs"] + 30, two["startMs"] - 30) for one, two in itertools.pairwise(cues)]
    assert np.median(pauses) < spoken / 3


def test_a_session_is_heard_while_it_is_made(vox: Client, tmp_path: Path) -> None:
    pieces: list[bytes] = []
    first = 0.0
    begin = perf_counter()
    wanted = {"text": TEXT, "speechTiming": True}
    events = vox.follow("synthesize.startSession", wanted)
    while True:
        try:
            event, data = next(events)
        except StopIteration as end:
            final = end.value
            break
        if event == "session.audio":
            first = first or perf_counter() - begin
            pieces.append(base64.b64decode(data["audioBase64"]))
    whole = perf_counter() - begin
    assert len(pieces) > 8 and first < whole / 3
    file = b"".join(pieces)
    assert len(file) == final["audioBytes"]
    (tmp_path / "joined.wav").write_bytes(file)
    heard = vox.transcribe(tmp_path / "joined.wav").text
    assert plain(heard).startswith(plain(SENTENCES[0]))
    with wave.open(io.BytesIO(base64.b64decode(final["headerBase64"]) + file[44:]), "rb") as reader:
        assert reader.getnframes() / reader.getframerate() == pytest.approx(final["durationMs"] / 1000, abs=0.001)
    assert final["speechTiming"]["source"] == "asr"
    assert vox.call("synthesize.sessionStatus")["session"] is None
