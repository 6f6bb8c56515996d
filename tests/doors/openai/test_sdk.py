"""OpenAI's own Python client with the embedded engines: every format, live text, speech recognised back, errors."""

import io
import wave
from collections.abc import Iterator
from pathlib import Path

import anyio
import openai
import pytest

from tests.doors.openai.conftest import AUDIO
from vox.audio.formats import STREAM_FORMATS
from vox.testing import running_daemon

JFK = AUDIO / "jfk.wav"
SAID = "ask not what your country can do for you"
SPOKEN = "The quick brown fox jumps over the lazy dog."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_daemon(tmp_path_factory.mktemp("s") / "home") as daemon:
        yield f"http://127.0.0.1:{daemon.call('health')['port']}/v1"


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address, api_key="sk-none", max_retries=0) as client:
        yield client


def plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalpha() or letter == " ")


def test_a_transcription(client: openai.OpenAI) -> None:
    told = client.audio.transcriptions.create(model="whisper-1", file=JFK)
    assert SAID in plain(told.text) and told.usage is not None and told.usage.type == "duration"


def test_text_and_subtitles(client: openai.OpenAI) -> None:
    text = client.audio.transcriptions.create(model="whisper-1", file=JFK, response_format="text")
    assert isinstance(text, str) and SAID in plain(text) and text.endswith("\n")
    srt = client.audio.transcriptions.create(model="whisper-1", file=JFK, response_format="srt")
    assert srt.startswith("1\n00:00:00,") and "\n\n2\n" in srt
    vtt = client.audio.transcriptions.create(model="whisper-1", file=JFK, response_format="vtt")
    assert vtt.startswith("WEBVTT\n\n00:00:00.")


def test_words_and_segments(client: openai.OpenAI) -> None:
    told = client.audio.transcriptions.create(
        model="whisper-1", file=JFK, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert told.language == "english" and told.duration == 11.0
    assert told.words is not None and told.segments is not None
    assert [word.word for word in told.words][:3] == ["And", "so", "my"]
    assert all(0 <= word.start <= word.end <= 11 for word in told.words)
    assert SAID in plain(told.segments[0].text)


def test_live_text(client: openai.OpenAI) -> None:
    events = list(client.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=JFK, stream=True))
    assert events[-1].type == "transcript.text.done" and SAID in plain(events[-1].text)
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert "".join(deltas) == events[-1].text


@pytest.mark.parametrize("format", STREAM_FORMATS)
def test_speech_is_understood(client: openai.OpenAI, format: str) -> None:
    speech = client.audio.speech.create(model="tts-1", voice="alloy", input=SPOKEN, response_format=format)
    assert speech.response.headers["content-type"] == STREAM_FORMATS[format]
    audio = _in_a_wav(speech.content) if format == "pcm" else speech.content
    heard = client.audio.transcriptions.create(model="whisper-1", file=("blob", audio)).text
    assert "quick brown fox" in plain(heard) and "lazy dog" in plain(heard)


def test_speech_is_heard_while_it_is_made(client: openai.OpenAI, tmp_path: Path) -> None:
    speaking = client.audio.speech.with_streaming_response
    with speaking.create(
        model="gpt-4o-mini-tts", voice="nova", input=" ".join([SPOKEN] * 6), response_format="mp3"
    ) as speech:
        assert [len(chunk) > 0 for chunk in speech.iter_bytes(1024)].count(True) > 10
    with speaking.create(model="tts-1", voice="echo", input=SPOKEN, speed=1.5, response_format="wav") as speech:
        speech.stream_to_file(tmp_path / "speech.wav")
    assert SPOKEN[:9] in client.audio.transcriptions.create(model="whisper-1", file=tmp_path / "speech.wav").text


def test_models(client: openai.OpenAI) -> None:
    ids = [model.id for model in client.models.list()]
    assert {"moonshine:tiny-en", "hibari:en", "whisper-1", "tts-1"} <= {*ids}
    assert client.models.retrieve("hibari:en").owned_by == "hibari"


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # what the client says of translations
def test_errors(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.audio.speech.create(model="nobody", voice="alloy", input="hi")
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model") and missing.value.request_id
    with pytest.raises(openai.BadRequestError) as voice:
        client.audio.speech.create(model="tts-1", voice="nobody", input="hi")
    assert voice.value.param == "voice" and "af_heart" in voice.value.message
    with pytest.raises(openai.BadRequestError) as broken:
        client.audio.transcriptions.create(model="whisper-1", file=("a.mp3", b"no sound"))
    assert (broken.value.param, broken.value.code) == ("file", "unsupported_audio")
    with pytest.raises(openai.BadRequestError, match="translates into English"):
        client.audio.translations.create(model="whisper-1", file=JFK)
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model="text-embedding-3-small", input="hi")


def test_twelve_at_once(address: str) -> None:
    """None fails: those that find no room are asked again by the client, when the answer says so."""

    async def ask() -> list[str]:
        texts: list[str] = []
        async with openai.AsyncOpenAI(base_url=address, api_key="sk-none", max_retries=5) as client:

            async def one() -> None:
                clip = AUDIO / "librivox-0880.wav"
                texts.append((await client.audio.transcriptions.create(model="whisper-1", file=clip)).text)

            async with anyio.create_task_group() as tasks:
                for _ in range(12):
                    tasks.start_soon(one)
        return texts

    texts = anyio.run(ask)
    assert len(texts) == 12 and len(set(texts)) == 1 and texts[0]


def _in_a_wav(pcm: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(pcm)
    return out.getvalue()
