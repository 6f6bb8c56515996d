"""A text that is being written, spoken while it is written."""

import json
import sys
from collections.abc import AsyncGenerator
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.conftest import CALLER, running, until
from tests.runtime.test_streams import DONE as ANSWER
from tests.runtime.test_streams import audio, speaker
from vox.config import ProviderEntry
from vox.errors import Cancelled, ProviderCrashed, VoxError
from vox.paths import Home
from vox.runtime.agent.mouth import Mouth, Spoken
from vox.runtime.requests import SynthesizeRequest
from vox.types import AudioChunk, Speech

pytestmark = pytest.mark.anyio

RATE = 24_000
DONE = Speech("m", "v", "pcm", "", b"", 1.0, 1.0)
FIRST, SECOND, THIRD, FOURTH = (f"This is the long sentence that has number {n} of the four." for n in "1234")


class Voice:
    """Says 10 ms a character, in chunks of 30 ms."""

    def __init__(self, rate: int = RATE, fails_at: int = -1) -> None:
        self.said: list[str] = []
        self.running = 0
        self.rate, self._fails_at = rate, fails_at
        self.gate: anyio.Event | None = None

    async def __call__(self, text: str) -> AsyncGenerator[AudioChunk | Speech]:
        self.said.append(text)
        self.running += 1
        try:
            if self.gate is not None:
                await self.gate.wait()
            for _ in range(0, len(text), 3):
                yield AudioChunk(b"\1\0" * (self.rate * 30 // 1000), self.rate)
            if len(self.said) == self._fails_at:
                raise ProviderCrashed("It broke.")
            yield DONE
        finally:
            self.running -= 1


async def heard(mouth: Mouth) -> list[Spoken]:
    with anyio.fail_after(10):
        return [spoken async for spoken in mouth]


def text_of(given: list[Spoken]) -> str:
    return "".join(spoken.text or "" for spoken in given)


def says(*steps: dict[str, Any]) -> ProviderEntry:
    """A provider that does that, whatever it is to say."""
    return speaker(env={"STEPS": json.dumps(steps)})


async def settled() -> None:
    await anyio.wait_all_tasks_blocked()


async def test_what_is_written_is_said_piece_by_piece() -> None:
    voice = Voice()
    async with Mouth(voice, RATE) as mouth:
        mouth.write("This is the first sentence. And ")
        mouth.write("this is the second one.")
        mouth.end()
        given = await heard(mouth)
    assert voice.said == ["This is the first sentence.", "And this is the second one."]
    assert text_of(given) == "This is the first sentence. And this is the second one."
    assert sum(len(spoken.pcm) for spoken in given) == 18 * 1440


async def test_the_first_piece_is_heard_before_the_text_ends() -> None:
    async with Mouth(Voice(), RATE, stall_s=60) as mouth:
        mouth.write("This is the first sentence. And")
        with anyio.fail_after(10):
            assert (await anext(mouth)).text == "This "


async def test_words_come_when_they_are_heard() -> None:
    async with Mouth(Voice(), RATE) as mouth:
        mouth.write(f"{FIRST} ")
        mouth.end()
        given = await heard(mouth)
    assert [spoken.text for spoken in given][:6] == ["This ", None, None, None, None, "is "]
    assert given[-1].text  # the voice is quicker than voices are; there is no later moment for what is left


async def test_the_writer_never_waits_and_little_is_made_ahead() -> None:
    voice = Voice()
    async with Mouth(voice, RATE) as mouth:
        for _ in range(50):
            mouth.write(f"{FIRST} {SECOND} ")
        mouth.end()
        await settled()
        assert len(voice.said) == 2  # nobody listens yet
        while len(voice.said) < 3:
            await anext(mouth)
            await settled()
        before = len(voice.said)
        given = await heard(mouth)
        assert (before, len(voice.said)) == (3, 51)
        assert text_of(given).endswith(f"{SECOND} ")


@pytest.mark.parametrize(
    ("written", "said"), [("I think so. The oth", "I think so."), ("I think the oth", "I think the")]
)
async def test_a_writer_who_stops_is_not_waited_for(written: str, said: str) -> None:
    voice = Voice()
    async with Mouth(voice, RATE, stall_s=0.01) as mouth:
        mouth.write(written)
        await until(lambda: voice.said == [said])
        mouth.write("er.")
        mouth.end()
        assert text_of(await heard(mouth)) == f"{written}er."
    assert len(voice.said) == 2


async def test_a_flush_says_what_there_is() -> None:
    voice = Voice()
    async with Mouth(voice, RATE, stall_s=60) as mouth:
        mouth.write("Let me loo")
        mouth.flush()
        await settled()
        assert voice.said == ["Let me loo"]


async def test_short_sentences_do_not_wait_for_others_when_the_speech_runs_out() -> None:
    voice = Voice()
    async with Mouth(voice, RATE, stall_s=60) as mouth:
        mouth.write("That is what I think. It is so. And")
        await until(lambda: voice.said == ["That is what I think.", "It is so."])


async def test_what_is_not_spoken_is_written_all_the_same() -> None:
    voice, text = Voice(), "```py\nprint('a. b')\n```\nThat was **code** 😀. 🎉\n\n---\n"
    async with Mouth(voice, RATE) as mouth:
        mouth.write(text)
        mouth.end()
        given = await heard(mouth)
    assert voice.said == ["That was code."]
    assert text_of(given) == text


async def test_the_first_piece_is_small_behind_code_too() -> None:
    voice = Voice()
    async with Mouth(voice, RATE, stall_s=60) as mouth:
        for line in ["```\n", *(f"line number {n} of the code. And so on.\n" for n in range(12)), "```\n"]:
            mouth.write(line)
        mouth.write("That was it, I think. And")
        async for spoken in mouth:
            if spoken.pcm:
                break
        assert voice.said == ["That was it, I think."]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=8))
async def test_the_words_joined_are_the_text(deltas: list[str]) -> None:
    async with Mouth(Voice(), RATE, stall_s=60) as mouth:
        for delta in deltas:
            mouth.write(delta)
        mouth.end()
        assert text_of(await heard(mouth)) == "".join(deltas)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 48_000])
async def test_any_voice_comes_at_the_rate_that_is_wanted(rate: int) -> None:
    async with Mouth(Voice(rate), RATE) as mouth:
        mouth.write(f"{FIRST} {SECOND}")
        mouth.end()
        given = await heard(mouth)
    milliseconds = [len(spoken.pcm) / 48 for spoken in given]
    assert all(40 <= length <= 200 for length in milliseconds)
    assert sum(milliseconds) == pytest.approx(30 * 2 * len(range(0, len(FIRST), 3)), abs=5)


async def test_a_voice_that_gives_all_at_once_is_cut_up() -> None:
    async def voice(_: str) -> AsyncGenerator[AudioChunk | Speech]:
        yield AudioChunk(bytes(2 * 24_600), RATE, whole=True)

    async with Mouth(voice, RATE) as mouth:
        mouth.write("one two three four five")
        mouth.end()
        given = await heard(mouth)
    assert [len(spoken.pcm) // 48 for spoken in given] == [200, 200, 200, 200, 185, 40]
    assert [spoken.text for spoken in given] == ["one two ", "three ", None, "four ", "five", None]


async def test_an_error_comes_behind_what_was_heard_before_it() -> None:
    given: list[Spoken] = []
    async with Mouth(Voice(fails_at=2), RATE) as mouth:
        mouth.write(f"{FIRST} {SECOND} {THIRD} {FOURTH}")
        mouth.end()
        with pytest.raises(ProviderCrashed):
            async for spoken in mouth:
                given.append(spoken)
    assert sum(len(spoken.pcm) for spoken in given) >= len(FIRST) * 480
    assert text_of(given).startswith(f"{FIRST} This ")


async def test_a_writer_s_error_is_its_own() -> None:
    with pytest.raises(ProviderCrashed):
        async with Mouth(Voice(), RATE):
            raise ProviderCrashed("It broke.")


async def test_leaving_ends_the_speech_that_is_being_made() -> None:
    voice = Voice()
    voice.gate = anyio.Event()
    async with Mouth(voice, RATE) as mouth:
        mouth.write(FIRST)
        mouth.end()
        await settled()
        assert voice.running == 1
    assert voice.running == 0
    with pytest.raises(Cancelled):
        await anext(mouth)
    with pytest.raises(ValueError, match="ended"):
        mouth.write("more")


async def test_being_cancelled_ends_the_speech_too() -> None:
    voice = Voice()
    voice.gate = anyio.Event()
    with anyio.move_on_after(0.05) as scope:
        async with Mouth(voice, RATE) as mouth:
            mouth.write(FIRST)
            mouth.end()
            await anext(mouth)
    assert scope.cancelled_caught and voice.said and voice.running == 0


async def test_over_a_provider_leaving_frees_the_permit(home: Home) -> None:
    async with running(home, says(audio(0, bytes(48_000)))) as setup:  # and never an answer

        def synthesize(text: str) -> AsyncGenerator[AudioChunk | Speech]:
            return setup.runtime.synthesize_stream(SynthesizeRequest(text), CALLER)

        def in_use() -> int:
            return sum(provider.limiter.snapshot().in_use for provider in setup.registry.providers)

        async with Mouth(synthesize, RATE) as mouth:
            mouth.write(FIRST)
            mouth.end()
            assert len((await anext(mouth)).pcm) == 9600
            assert in_use() == 1
        await until(lambda: in_use() == 0)  # once the provider has said that it stopped
        assert setup.rows()[-1]["outcome"] == "cancelled"


async def test_over_a_provider_its_speech_is_heard(home: Home) -> None:
    async with running(home, says(audio(0, bytes(48_000)), ANSWER)) as setup:
        async with Mouth(lambda text: setup.runtime.synthesize_stream(SynthesizeRequest(text), CALLER), RATE) as mouth:
            mouth.write(f"{FIRST} {SECOND}")
            mouth.end()
            given = await heard(mouth)
        assert text_of(given) == f"{FIRST} {SECOND}"
        assert sum(len(spoken.pcm) for spoken in given) == 2 * 48_000


async def test_over_a_provider_its_error_is_raised(home: Home) -> None:
    async with (
        running(home, says(audio(0), {"die": 1})) as setup,
        Mouth(lambda text: setup.runtime.synthesize_stream(SynthesizeRequest(text), CALLER), RATE) as mouth,
    ):
        mouth.write(FIRST)
        mouth.end()
        with pytest.raises(VoxError):
            await heard(mouth)


async def test_the_embedded_voice_is_heard_and_let_go(home: Home) -> None:
    entry = ProviderEntry.model_validate(
        {"id": "hibari", "kind": "tts", "command": [sys.executable, "-P", "-m", "vox_providers.hibari"]}
    )
    async with running(home, entry) as setup:

        def synthesize(text: str) -> AsyncGenerator[AudioChunk | Speech]:
            return setup.runtime.synthesize_stream(SynthesizeRequest(text, model="hibari:en"), CALLER)

        async with Mouth(synthesize, RATE) as mouth:
            mouth.write("The train to the coast leaves at **half** past nine. ")
            mouth.end()
            with anyio.fail_after(60):
                given = [spoken async for spoken in mouth]
        assert text_of(given) == "The train to the coast leaves at **half** past nine. "
        assert 2 < sum(len(spoken.pcm) for spoken in given) / 48_000 < 6
        words = [index for index, spoken in enumerate(given) if spoken.text]
        assert len(words) > 5 and words[-1] > len(given) / 2

        async with Mouth(synthesize, RATE) as mouth:
            mouth.write("word " * 2000)
            mouth.end()
            await anext(mouth)
        provider = setup.registry.providers[0]
        await until(lambda: provider.limiter.snapshot().in_use == 0)
