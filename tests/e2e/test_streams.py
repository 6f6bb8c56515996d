"""Speech and text while they are made, with the embedded engines: what comes first, and that nothing is lost."""

import io
import re
import wave
from pathlib import Path
from typing import Any

import jiwer
import pytest

from tests.e2e.conftest import StartDaemon, last_measurement
from tests.e2e.test_speech import AUDIO, SENTENCES, plain
from vox.client import Client
from vox.types import Partial

TEXT = " ".join(SENTENCES[:6])


@pytest.fixture(scope="module")
def vox(start_daemon: StartDaemon) -> Client:
    return start_daemon()


def test_the_first_sentence_is_heard_while_the_others_are_made(vox: Client) -> None:
    """A text that takes seconds, of which one sentence is there: its provider works on, until nobody hears it."""
    with vox.synthesize_stream(TEXT * 20) as stream:
        first = next(stream)
        assert hibari(vox)["inUse"] == 1 and stream.speech is None
    assert 1 < len(first.pcm) / 2 / first.sample_rate < 10
    row = last_measurement(vox, route="synthesize.generate", outcome="cancelled")
    assert 0 < row["firstAudioMs"] < row["totalMs"]
    assert vox.synthesize("Still here.").audio and hibari(vox)["generation"] == 1


def test_each_sentence_is_a_chunk_and_the_measurement_says_when_the_first_came(vox: Client) -> None:
    with vox.synthesize_stream(TEXT) as stream:
        size = [len(chunk.pcm) for chunk in stream]
        speech = stream.speech
    assert len(size) == 6 and speech is not None
    row = last_measurement(vox, route="synthesize.generate", outcome="ok", traceId=speech.trace_id)
    assert 0 < row["firstAudioMs"] < row["totalMs"] and row["firstAudioMs"] == speech.metrics["firstAudioMs"]
    assert row["outputBytes"] == sum(size)
    assert speech.duration_s == pytest.approx(sum(size) / 2 / 24_000, abs=0.001)


def test_a_stream_says_the_same_as_the_whole(vox: Client, tmp_path: Path) -> None:
    chunks = list(vox.synthesize_stream(TEXT))
    with wave.open(io.BytesIO(vox.synthesize(TEXT).audio), "rb") as whole:
        assert b"".join(chunk.pcm for chunk in chunks) == whole.readframes(whole.getnframes())
        assert {chunk.sample_rate for chunk in chunks} == {whole.getframerate()}


def test_text_grows_while_it_is_recognised(vox: Client, tmp_path: Path) -> None:
    clips = sorted(AUDIO.glob("librivox-*.wav"))
    path, seen = tmp_path / "long.wav", list[Partial]()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        for clip in clips:
            with wave.open(str(clip), "rb") as reader:
                file.writeframes(reader.readframes(reader.getnframes()))
    transcript = vox.transcribe(path, on_partial=seen.append)
    assert seen and all(transcript.text.startswith(partial.text) for partial in seen)
    assert all(partial.stable == len(partial.text) for partial in seen)
    assert plain(transcript.text) == plain(vox.transcribe(path).text)
    rows = (AUDIO / "transcripts.tsv").read_text(encoding="utf-8").splitlines()[2:]
    said = " ".join(re.split(r"\t", row)[-1] for row in rows)
    assert jiwer.wer(plain(said), plain(transcript.text)) <= 0.2


def test_an_engine_that_does_not_stream_gives_one_chunk(start_daemon: StartDaemon) -> None:
    minimal = str(Path(__file__).parents[2] / "providers" / "examples" / "minimal.sh")
    vox = start_daemon({"id": "minimal", "kind": "tts", "command": ["sh", minimal]})
    (chunk,) = vox.synthesize_stream("Good morning.")
    assert chunk.whole and len(chunk.pcm) > 0


def hibari(vox: Client) -> dict[str, Any]:
    """The state of the voice's provider."""
    return next(found for found in vox.status()["providers"] if found["id"] == "hibari")
