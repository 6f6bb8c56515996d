"""Speech and text that arrive while they are made, from a real daemon."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.daemons import make_streaming_home, measurements, stopped_at_the_end, wait_until
from tests.runtime.test_streams import audio, partial, spoken, wav
from vox import Client, errors
from vox.paths import Home
from vox.types import AudioChunk, Partial, Speech

DONE = {"answer": {"voiceId": "v"}}


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The home of a daemon whose providers stream what they are told to."""
    home = make_streaming_home(tmp_path_factory.mktemp("streams") / "home")
    with stopped_at_the_end(home), Client(home) as client:
        client.connect()
        yield home


@pytest.fixture
def client(streaming: Home) -> Iterator[Client]:
    with Client(streaming, start=False) as client:
        yield client


def steps(*given: dict[str, object]) -> str:
    return json.dumps(given)


def test_chunks_come_in_order_and_then_what_is_known_of_the_speech(client: Client, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    orders = steps(audio(0, b"abcd"), {"gate": str(gate)}, audio(1, b"ef"), DONE)
    with client.synthesize_stream("hello", instructions=orders) as stream:
        assert next(stream) == AudioChunk(b"abcd", 8000)
        assert stream.speech is None
        gate.touch()  # the second is not made before
        assert list(stream) == [AudioChunk(b"ef", 8000)]
        assert list(stream) == []
        speech = stream.speech
    assert isinstance(speech, Speech) and (speech.audio, speech.format, speech.voice) == (b"", "pcm", "v")
    assert speech.metrics["firstAudioMs"] > 0 and stream.answer["modelId"] == "mouth:1"


def test_a_model_that_does_not_stream_gives_one_chunk(client: Client) -> None:
    orders = steps({"answer": spoken(wav(b"abcd", 16_000))})
    assert list(client.synthesize_stream("hello", "plain:1", instructions=orders)) == [
        AudioChunk(b"abcd", 16_000, True)
    ]


def test_other_calls_may_be_made_meanwhile(client: Client) -> None:
    with client.synthesize_stream("hello", instructions=steps(audio(0), audio(1), DONE)) as stream:
        next(stream)
        assert client.status()["service"] == "Vox"
        second = client.synthesize_stream("hello", instructions=steps(audio(0), DONE))
        assert [chunk.pcm for chunk in second] == [b"ab"]
        assert [chunk.pcm for chunk in stream] == [b"ab"]
    assert client.status()["service"] == "Vox"


def test_the_connection_of_a_stream_is_used_again(client: Client) -> None:
    client.connect()
    before = client._connection
    assert list(client.synthesize_stream("hello", instructions=steps(audio(0), DONE)))
    assert client._connection is before
    with pytest.raises(errors.ProviderMisbehaved):
        list(client.synthesize_stream("hello", instructions=steps(audio(1))))
    assert client._connection is before  # an error is an answer too


def test_leaving_early_cancels_the_call(client: Client, streaming: Home) -> None:
    with client.synthesize_stream("hello", instructions=steps(audio(0))) as stream:
        next(stream)
    wait_until(lambda: measurements(streaming)[-1]["outcome"] == "cancelled")
    assert client.status()["service"] == "Vox"
    stream.close()


def test_an_error_comes_behind_what_was_heard(client: Client) -> None:
    stream = client.synthesize_stream("hello", instructions=steps(audio(0), {"die": True}))
    assert next(stream).pcm == b"ab"
    with pytest.raises(errors.ProviderCrashed):
        next(stream)
    assert stream.speech is None
    with pytest.raises(errors.InvalidRequest):
        next(client.synthesize_stream(" "))


def test_a_stream_without_a_daemon(tmp_path: Path) -> None:
    with pytest.raises(errors.DaemonUnavailable):
        next(Client(tmp_path, start=False).synthesize_stream("hello"))


def test_text_is_told_while_it_is_heard(client: Client, tmp_path: Path) -> None:
    path, gate, seen = tmp_path / "a.wav", tmp_path / "gate", list[Partial]()
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10\x00\xf0" * 8_000)

    def hear(partial: Partial) -> None:
        seen.append(partial)
        gate.touch()  # only now may the provider go on

    orders = steps(partial("one", stable=2), {"gate": str(gate)}, {"answer": {"text": "one two"}})
    assert client.transcribe(path, prompt=orders, on_partial=hear).text == "one two"
    assert seen == [Partial("one", 2)]
    assert client.transcribe(path, prompt=steps({"answer": {"text": "one two"}})).text == "one two"
