"""OpenAI's own Python client with the embedded engines, without a token: speech as it comes, and many at once. What
else it does is in tests/e2e/sdk/test_openai_python.py."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import openai
import pytest

from tests.doors.openai.conftest import AUDIO
from vox.testing import running_daemon

SPOKEN = "The quick brown fox jumps over the lazy dog."


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_daemon(tmp_path_factory.mktemp("s") / "home") as daemon:
        yield f"http://127.0.0.1:{daemon.call('health')['port']}/v1"


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=address, api_key="sk-none", max_retries=0) as client:
        yield client


def test_speech_is_heard_while_it_is_made(client: openai.OpenAI, tmp_path: Path) -> None:
    speaking = client.audio.speech.with_streaming_response
    with speaking.create(
        model="gpt-4o-mini-tts", voice="nova", input=" ".join([SPOKEN] * 6), response_format="mp3"
    ) as speech:
        assert [len(chunk) > 0 for chunk in speech.iter_bytes(1024)].count(True) > 10
    with speaking.create(model="tts-1", voice="echo", input=SPOKEN, speed=1.5, response_format="wav") as speech:
        speech.stream_to_file(tmp_path / "speech.wav")
    assert SPOKEN[:9] in client.audio.transcriptions.create(model="whisper-1", file=tmp_path / "speech.wav").text


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
