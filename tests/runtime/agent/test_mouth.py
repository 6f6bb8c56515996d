"""A text that is being written, spoken while it is written."""

from collections.abc import AsyncGenerator

import anyio
import pytest

from vox.runtime.agent.mouth import Mouth, Spoken
from vox.types import AudioChunk, Speech

pytestmark = pytest.mark.anyio

RATE = 24_000
DONE = Speech("m", "v", "pcm", "", b"", 1.0, 1.0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Voice:
    """Says 10 ms a character, in chunks of 30 ms."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.running = self.most = 0

    async def __call__(self, text: str) -> AsyncGenerator[AudioChunk | Speech]:
        self.said.append(text)
        self.running += 1
        try:
            for _ in range(0, len(text), 3):
                yield AudioChunk(b"\1\0" * 720, RATE)
            yield DONE
        finally:
            self.running -= 1


async def test_what_is_written_is_said_piece_by_piece() -> None:
    voice = Voice()
    async with Mouth(voice, RATE) as mouth:
        mouth.write("This is the first sentence. And ")
        mouth.write("this is the second one.")
        mouth.end()
        given: list[Spoken] = [spoken async for spoken in mouth]
    assert voice.said == ["This is the first sentence.", "And this is the second one."]
    assert "".join(spoken.text or "" for spoken in given) == "This is the first sentence. And this is the second one."
    assert sum(len(spoken.pcm) for spoken in given) == 18 * 1440
    assert all(40 <= len(spoken.pcm) / 48 <= 200 for spoken in given)


async def test_the_first_piece_is_heard_before_the_text_ends() -> None:
    async with Mouth(Voice(), RATE) as mouth:
        mouth.write("This is the first sentence. And")
        with anyio.fail_after(2):
            assert (await anext(mouth)).text == "This is the first sentence. "
