"""The audio API with OpenAI's client: every format, speech recognised back, live text, errors, repeated requests."""

import json
import threading
from typing import Any

import openai

from tests.e2e.sdk.place import Place, plain, wav

__all__ = ["SCENARIOS"]

SAID = "ask not what your country can do for you"
SPOKEN = "The quick brown fox jumps over the lazy dog."


def texts(place: Place) -> None:
    """Every format of a transcription."""
    with place.client() as client:
        told = client.audio.transcriptions.create(model="gpt-transcribe", file=place.folder / "jfk.wav")
        assert SAID in plain(told.text)
        read: dict[str, Any] = {
            format: client.audio.transcriptions.create(
                model="whisper-1", file=place.folder / "jfk.wav", response_format=format
            )
            for format in ("text", "srt", "vtt")
        }
        assert SAID in plain(read["text"])
        assert read["srt"].startswith("1\n00:00:00,") and read["vtt"].startswith("WEBVTT\n\n00:00:00.")
        words = client.audio.transcriptions.create(
            model="whisper-1",
            file=place.folder / "jfk.wav",
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        assert words.duration == 11.0 and words.words and words.segments
        assert [word.word for word in words.words][:3] == ["And", "so", "my"]


def live_text(place: Place) -> None:
    """A transcription as it comes."""
    with place.client() as client:
        events = list(
            client.audio.transcriptions.create(
                model="gpt-4o-mini-transcribe", file=place.folder / "jfk.wav", stream=True
            )
        )
    assert events[-1].type == "transcript.text.done" and SAID in plain(events[-1].text)
    assert "".join(event.delta for event in events if event.type == "transcript.text.delta") == events[-1].text


def speech(place: Place) -> None:
    """Every format of speech is understood, and comes in pieces."""
    with place.client() as client:
        for format in ("mp3", "opus", "aac", "flac", "wav", "pcm"):
            with client.audio.speech.with_streaming_response.create(
                model="gpt-4o-mini-tts", voice="alloy", input=SPOKEN, response_format=format, speed=1.1
            ) as answer:
                audio = b"".join(answer.iter_bytes())
            words = place.recognised(wav(audio) if format == "pcm" else audio)
            assert "quick brown fox" in words and "lazy dog" in words, (format, words)


def models(place: Place) -> None:
    """What can be asked for is listed."""
    with place.client() as client:
        assert {"moonshine:tiny-en", "hibari:en", "whisper-1", "tts-1"} <= {model.id for model in client.models.list()}
        assert client.models.retrieve("hibari:en").owned_by == "hibari"


def errors(place: Place) -> None:
    """Each is the class that the client has for it, and names the field."""
    wrong: list[tuple[type[openai.APIStatusError], Any, str, str | None]] = [
        (openai.NotFoundError, {"model": "nobody", "voice": "alloy", "input": "hi"}, "model_not_found", "model"),
        (openai.BadRequestError, {"model": "tts-1", "voice": "nobody", "input": "hi"}, "voice_not_found", "voice"),
        (openai.BadRequestError, {"model": "tts-1", "voice": "alloy", "input": ""}, "invalid_request", "input"),
    ]
    with place.client() as client:
        for kind, fields, code, param in wrong:
            try:
                client.audio.speech.create(**fields)
            except openai.APIStatusError as error:
                assert type(error) is kind and (error.code, error.param) == (code, param), error
                assert error.request_id
            else:
                raise AssertionError(f"{fields} was taken")
        try:
            client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", b"no sound"))
        except openai.BadRequestError as error:
            assert (error.code, error.param) == ("unsupported_audio", "file")
        else:
            raise AssertionError("noise was taken for a recording")
    with place.client("sk-nobody") as client:
        try:
            client.models.list()
        except openai.AuthenticationError as error:
            assert error.code == "invalid_api_key"
        else:
            raise AssertionError("a wrong key was taken")


def no_room(place: Place) -> None:
    """A model that is busy refuses with 429; the client comes again by itself, and is served."""
    begun, gate = place.folder / "begun", place.folder / "gate"
    for file in (begun, gate):
        file.unlink(missing_ok=True)
    first: list[str] = []
    held = [{"told": str(begun)}, {"gate": str(gate)}, {"answer": {"text": "First."}}]

    def ask(retries: int, *steps: Any) -> str:
        with place.client(retries=retries) as client:
            return client.audio.transcriptions.create(
                model="narrow:asr", file=place.folder / "jfk.wav", prompt=json.dumps(steps)
            ).text

    thread = threading.Thread(target=lambda: first.append(ask(0, *held)))
    thread.start()
    while not begun.exists():
        thread.join(0.02)
        assert thread.is_alive()
    try:
        ask(0, {"answer": {"text": "Early."}})
    except openai.RateLimitError as error:
        assert int(error.response.headers["retry-after"]) >= 1
    else:
        raise AssertionError("there was room")
    opening = threading.Timer(0.2, gate.touch)
    opening.start()
    assert ask(5, {"answer": {"text": "Second."}}) == "Second."
    thread.join(20)
    assert first == ["First."]


SCENARIOS = [texts, live_text, speech, models, errors, no_room]
