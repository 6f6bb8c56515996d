"""What is said when the answer takes its time."""

from collections import Counter
from collections.abc import AsyncGenerator
from itertools import pairwise

import anyio
import pytest

from vox.errors import ProviderCrashed
from vox.runtime.agent.acknowledgement import Phrases, Recordings
from vox.types import AudioChunk, Speech

RATE = 24_000


class Voice:
    """Says 100 ms a letter."""

    def __init__(self, fails_at: str | None = None) -> None:
        self.said: list[str] = []
        self._fails_at = fails_at

    async def __call__(self, text: str) -> AsyncGenerator[AudioChunk | Speech]:
        self.said.append(text)
        if text == self._fails_at:
            raise ProviderCrashed("It broke.")
        for _ in text:
            await anyio.lowlevel.checkpoint()
            yield AudioChunk(b"\1\0" * 1_600, 16_000)


def test_no_phrase_comes_twice_running_and_all_come() -> None:
    phrases = Phrases("abcde", seed=1)
    picked = [phrases.pick() for _ in range(400)]
    assert all(one != other for one, other in pairwise(picked))
    assert {*Counter(picked)} == {*"abcde"} and min(Counter(picked).values()) > 40
    same = Phrases("abcde", seed=1)
    assert [same.pick() for _ in range(400)] == picked


def test_a_single_phrase_has_to_do() -> None:
    phrases = Phrases(["Hm."])
    assert [phrases.pick(), phrases.pick()] == ["Hm.", "Hm."]
    with pytest.raises(ValueError, match="at least one"):
        Phrases([])


@pytest.mark.anyio
async def test_a_phrase_is_spoken_once_for_each_voice() -> None:
    recordings, voice = Recordings(RATE), Voice()
    assert recordings.get("a", "One.") is None
    await recordings.record("a", ["One.", "Two."], voice)
    await recordings.record("a", ["Two.", "One."], voice)
    await recordings.record("b", ["One."], voice)
    assert voice.said == ["One.", "Two.", "One."]
    moments = recordings.get("a", "One.")
    assert moments and sum(len(spoken.pcm) for spoken in moments) == pytest.approx(400 * 48, abs=10)
    assert "".join(spoken.text or "" for spoken in moments) == "One."


@pytest.mark.anyio
async def test_two_who_begin_together_record_once() -> None:
    recordings, voice = Recordings(RATE), Voice()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(recordings.record, "a", ["One.", "Two."], voice)
    assert sorted(voice.said) == ["One.", "Two."]


@pytest.mark.anyio
async def test_what_cannot_be_spoken_is_told_and_the_rest_is_kept() -> None:
    recordings, voice = Recordings(RATE), Voice(fails_at="Two.")
    with pytest.raises(ProviderCrashed):
        await recordings.record("a", ["One.", "Two."], voice)
    assert recordings.get("a", "One.") and recordings.get("a", "Two.") is None


@pytest.mark.anyio
async def test_little_memory_keeps_what_was_used_last() -> None:
    recordings, voice = Recordings(RATE, most=50_000), Voice()
    await recordings.record("a", ["One.", "Two."], voice)
    assert recordings.get("a", "One.")
    await recordings.record("a", ["Six."], voice)
    assert recordings.get("a", "One.") and recordings.get("a", "Six.") and recordings.get("a", "Two.") is None


@pytest.mark.anyio
async def test_a_voice_that_hangs_holds_up_no_other() -> None:
    async def hanging(_: str) -> AsyncGenerator[AudioChunk | Speech]:
        await anyio.sleep_forever()
        yield AudioChunk(b"", RATE)

    recordings = Recordings(RATE)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(recordings.record, "a", ["One."], hanging)
            await anyio.wait_all_tasks_blocked()
            await recordings.record("b", ["One."], Voice())
            tasks.cancel_scope.cancel()
        await recordings.record("a", ["One."], Voice())
    assert recordings.get("a", "One.")
