"""The audio API with OpenAI's client: every format, speech recognised back, live text, errors, repeated requests."""

import json
import threading
from collections.abc import Callable
from typing import Any

import openai

from tests.e2e.sdk.place import Place, plain, wav

__all__ = ["SCENARIOS"]

SAID = "ask not what your country can do for you"
SPOKEN = "The quick brown fox jumps over the lazy dog."
KINDS = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


def texts(place: Place) -> None:
    """Every format of a transcription."""
    with place.client() as client:
        told = client.audio.transcriptions.create(model="gpt-transcribe", file=place.folder / "jfk.wav")
        assert SAID in plain(told.text) and told.usage and told.usage.type == "duration"
        read: dict[str, Any] = {
            format: client.audio.transcriptions.create(
                model="whisper-1", file=place.folder / "jfk.wav", response_format=format
            )
            for format in ("text", "srt", "vtt")
        }
        assert SAID in plain(read["text"]) and read["text"].endswith("\n")
        assert read["srt"].startswith("1\n00:00:00,") and "\n\n2\n" in read["srt"]
        assert read["vtt"].startswith("WEBVTT\n\n00:00:00.")


def timed_text(place: Place) -> None:
    """Words and segments, with their times."""
    with place.client() as client:
        told = client.audio.transcriptions.create(
            model="whisper-1",
            file=place.folder / "jfk.wav",
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
    assert told.language == "english" and told.duration == 11.0 and told.words and told.segments
    assert [word.word for word in told.words][:3] == ["And", "so", "my"]
    assert all(0 <= word.start <= word.end <= 11 for word in told.words)
    assert SAID in plain(told.segments[0].text)


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
        for format, kind in KINDS.items():
            with client.audio.speech.with_streaming_response.create(
                model="gpt-4o-mini-tts", voice="alloy", input=SPOKEN, response_format=format, speed=1.1
            ) as answer:
                assert answer.headers["content-type"] == kind
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
    with place.client() as client:
        speak, hear, translate = (
            client.audio.speech.create,
            client.audio.transcriptions.create,
            client.audio.translations.create,
        )
        fields: Any = {"model": "tts-1", "voice": "alloy", "input": "hi"}
        wrong(openai.NotFoundError, "model_not_found", "model", lambda: speak(**fields | {"model": "nobody"}))
        voice = wrong(openai.BadRequestError, "voice_not_found", "voice", lambda: speak(**fields | {"voice": "nobody"}))
        assert "af_heart" in voice.message
        wrong(openai.BadRequestError, "invalid_request", "input", lambda: speak(**fields | {"input": ""}))
        noise = ("a.mp3", b"no sound")
        wrong(openai.BadRequestError, "unsupported_audio", "file", lambda: hear(model="whisper-1", file=noise))
        recording = place.folder / "jfk.wav"
        english = wrong(
            openai.BadRequestError, "unsupported", "model", lambda: translate(model="whisper-1", file=recording)
        )
        assert "translates into English" in english.message
        wrong(openai.NotFoundError, "unknown_url", None, lambda: client.embeddings.create(model="x", input="hi"))


def a_wrong_key(place: Place) -> None:
    """It is refused before anything is looked at."""
    with place.client("sk-nobody") as client:
        wrong(openai.AuthenticationError, "invalid_api_key", None, client.models.list, numbered=False)


def wrong(
    kind: type[openai.APIStatusError], code: str, param: str | None, ask: Callable[[], object], numbered: bool = True
) -> openai.APIStatusError:
    """The error with which a request fails; `numbered` if the daemon's log would tell of it by a number."""
    try:
        ask()
    except openai.APIStatusError as error:
        assert type(error) is kind and (error.code, error.param) == (code, param), error
        assert bool(error.request_id) is numbered
        return error
    raise AssertionError(f"{code} is not refused")


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


SCENARIOS = [texts, timed_text, live_text, speech, models, errors, a_wrong_key, no_room]
