"""Texts are spoken one after the other, and whoever asked is answered in time."""

import asyncio

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests import clock as leaping
from tests.runtime.agents.conftest import Box, boxed, pcm_of, texts_in
from tests.runtime.conftest import until
from vox.errors import InvalidRequest, ModelNotFound, NoRoom, ProviderCrashed, SpeakerUnavailable, VoiceNotFound
from vox.runtime.agents.saying import Spoken
from vox.runtime.agents.voicebox import ANSWER_S, MOST
from vox.runtime.requests import SynthesizeRequest

pytestmark = pytest.mark.anyio


def text(said: str, model: str | None = None, voice: str | None = None) -> SynthesizeRequest:
    return SynthesizeRequest(said, model=model, voice=voice)


async def test_whoever_asks_is_answered_when_it_was_heard() -> None:
    async with boxed() as box:
        spoken = await box.voicebox.say(text("hello"))
        assert spoken == Spoken(0.5, heard=True, stopped=False, model="mouth:1", voice="one")
        assert box.loudspeaker.played == pcm_of("hello")
        await until(lambda: box.sounds[-1:] == [False] and len(box.sounds) == 3)
        assert box.loudspeaker.log == ["open 16000", "stop", "close"]
        assert box.voicebox.silent_for_s == 0.0
        box.clock.now += 2
        assert box.voicebox.silent_for_s == 2.0
        assert (box.voicebox.queued, box.voicebox.last, box.voicebox.error) == (0, spoken, None)


async def test_texts_follow_each_other_without_letting_the_device_go() -> None:
    async with boxed() as box:
        async with anyio.create_task_group() as tasks:
            for said in ("a", "bb", "ccc"):
                tasks.start_soon(box.voicebox.say, text(said))
        assert texts_in(box.loudspeaker.played) == "abc"
        await until(lambda: not box.voicebox.sounds)
        assert box.loudspeaker.log == ["open 16000", "stop", "close"]


async def test_the_next_is_made_while_one_is_heard() -> None:
    async with boxed() as box:
        box.loudspeaker.may_play.clear()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(box.voicebox.say, text("a"))
            tasks.start_soon(box.voicebox.say, text("b"))
            await until(lambda: box.speaking.closed == ["a", "b"])
            assert box.loudspeaker.played == b"" and box.voicebox.sounds and box.voicebox.queued == 2
            box.loudspeaker.may_play.set()


async def test_stop_silences_and_answers_all() -> None:
    async with boxed() as box:
        box.loudspeaker.may_play.clear()
        answers: list[Spoken] = []

        async def say(said: str) -> None:
            answers.append(await box.voicebox.say(text(said)))

        async with anyio.create_task_group() as tasks:
            for said in ("a", "b", "c"):
                tasks.start_soon(say, said)
            await until(lambda: box.speaking.closed == ["a", "b", "c"])
            tasks.start_soon(box.voicebox.stop)
            await until(lambda: len(answers) == 3)
            box.loudspeaker.may_play.set()
        assert all(spoken.stopped and not spoken.heard for spoken in answers)
        await until(lambda: box.voicebox.queued == 0 and not box.voicebox.sounds)
        assert "abort" in box.loudspeaker.log
        assert texts_in(box.loudspeaker.played) in ("", "a")
        assert (await box.voicebox.say(text("d"))).heard


async def test_stop_ends_what_is_being_made() -> None:
    async with boxed() as box:
        box.speaking.gate.clear()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(box.voicebox.say, text("a"))
            tasks.start_soon(box.voicebox.say, text("b"))
            await until(lambda: box.speaking.texts == ["a"])
            assert await box.voicebox.stop() == 2
        await until(lambda: box.speaking.closed == ["a"])
        assert box.speaking.texts == ["a"], "what waited is not even begun"
        assert await box.voicebox.stop() == 0


def test_nobody_waits_longer_than_clients_do() -> None:
    async def main() -> None:
        async with boxed() as box:
            box.speaking.pieces = 2
            box.speaking.gate.clear()
            begin = anyio.current_time()
            spoken = await box.voicebox.say(text("never made"))
            assert anyio.current_time() - begin == pytest.approx(ANSWER_S)
            assert (spoken.duration_s, spoken.heard, spoken.stopped) == (0.0, False, False)

    leaping.run(main())


async def test_giving_up_waiting_lets_it_be_spoken() -> None:
    async with boxed() as box:
        box.speaking.gate.clear()
        asking = asyncio.create_task(box.voicebox.say(text("a")))
        await until(lambda: box.speaking.texts == ["a"])
        asking.cancel()
        box.speaking.gate.set()
        await until(lambda: box.loudspeaker.played == pcm_of("a"))


async def test_slow_speech_lets_the_device_go_in_between() -> None:
    async with boxed() as box:
        box.speaking.pieces = 2
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(box.voicebox.say, text("a"))
            await until(lambda: len(box.loudspeaker.played) > 0)
            box.speaking.gate.clear()
            tasks.start_soon(box.voicebox.say, text("b"))
            await until(lambda: box.sounds == [False, True, False] or box.sounds[-2:] == [True, False])
            box.speaking.gate.set()
        assert texts_in(box.loudspeaker.played) == "ab"


async def test_without_a_device_that_is_said() -> None:
    async with boxed() as box:
        box.loudspeaker.missing = "no sound device"
        with pytest.raises(SpeakerUnavailable, match="Nothing here can play sound: no sound device"):
            await box.voicebox.say(text("a"))
        assert isinstance(box.voicebox.error, SpeakerUnavailable)
        assert not box.voicebox.sounds
        box.loudspeaker.missing = ""
        assert (await box.voicebox.say(text("b"))).heard
        assert box.voicebox.error is None


async def test_a_device_that_fails_costs_one_text() -> None:
    async with boxed() as box:
        box.loudspeaker.fails_after = 1
        with pytest.raises(SpeakerUnavailable, match="unplugged"):
            await box.voicebox.say(text("aaaaaaaaaa"))
        box.loudspeaker.fails_after = None
        assert (await box.voicebox.say(text("b"))).heard


async def test_what_cannot_be_made_costs_nobody_else() -> None:
    async with boxed() as box:
        box.speaking.failures = {"a": ProviderCrashed("It crashed.", exitCode=1), "b": ZeroDivisionError()}
        with pytest.raises(ProviderCrashed) as raised:
            await box.voicebox.say(text("a"))
        assert raised.value.details == {"exitCode": 1}
        with pytest.raises(Exception, match="ZeroDivisionError"):
            await box.voicebox.say(text("b"))
        assert (await box.voicebox.say(text("c"))).heard


@pytest.mark.parametrize(
    ("fields", "missing", "served"),
    [
        ({"voice": "nobody"}, VoiceNotFound("There is no voice nobody."), ("mouth:1", "one")),
        ({"model": "none", "voice": "v"}, ModelNotFound("There is no model none."), ("mouth:1", "one")),
    ],
)
async def test_what_is_not_here_is_done_without(
    fields: dict[str, str], missing: Exception, served: tuple[str, str]
) -> None:
    async with boxed() as box:
        box.speaking.failures = {next(iter(fields.values())): missing}
        spoken = await box.voicebox.say(text("hello", **fields))
        assert (spoken.model, spoken.voice) == served
        assert spoken.notes == (str(missing),) and spoken.heard


async def test_without_any_model_there_is_no_speech() -> None:
    async with boxed() as box:
        box.speaking.failures = {"hello": ModelNotFound("There is no model at all.")}
        with pytest.raises(ModelNotFound, match="at all"):
            await box.voicebox.say(text("hello", model="none"))
        assert len(box.speaking.requests) == 2


async def test_what_makes_no_sense_is_refused_at_once() -> None:
    async with boxed() as box:
        with pytest.raises(InvalidRequest):
            await box.voicebox.say(text("  "))
        assert box.speaking.requests == []


async def full(box: Box) -> None:
    box.speaking.gate.clear()
    for _ in range(MOST):
        box.voicebox.announce(text("x"))


async def test_no_more_wait_than_may() -> None:
    async with boxed() as box:
        await full(box)
        with pytest.raises(NoRoom):
            await box.voicebox.say(text("a"))
        box.voicebox.announce(text("b"))
        assert box.voicebox.queued == MOST
        assert await box.voicebox.stop() == MOST


async def test_announcements_are_made_once() -> None:
    async with boxed() as box:
        await box.voicebox.prepare(text("Muted."))
        for _ in range(3):
            box.voicebox.announce(text("Muted."))
        await box.voicebox.say(text("z"))
        assert box.speaking.texts == ["Muted.", "z"]
        assert box.loudspeaker.played == 3 * pcm_of("Muted.") + pcm_of("z")


async def test_at_the_end_nobody_is_left_waiting() -> None:
    async with boxed() as box:
        box.speaking.gate.clear()
        asking = asyncio.create_task(box.voicebox.say(text("a")))
        await until(lambda: box.speaking.texts == ["a"])
    assert (await asking).stopped


async def test_much_speech_is_not_made_long_before_it_is_heard() -> None:
    async with boxed() as box:
        box.loudspeaker.may_play.clear()
        box.speaking.pieces, box.speaking.rate = 100, 48_000
        first = asyncio.create_task(box.voicebox.say(text("a" * 100)))  # ten seconds a piece, near a megabyte
        await until(lambda: box.voicebox.sounds)
        second = asyncio.create_task(box.voicebox.say(text("b")))
        await until(lambda: box.voicebox.queued == 2)
        for _ in range(300):  # turns of the loop in which all could be made
            await checkpoint()
        assert box.speaking.texts == ["a" * 100]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(box.voicebox.stop)
            await until(lambda: box.voicebox.queued == 0)
            box.loudspeaker.may_play.set()
        assert 100 < (await first).duration_s < 250
        await second
