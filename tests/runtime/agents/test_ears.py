"""When the microphone is open, to whom what is said goes, and how that stands."""

import threading
from collections.abc import Callable
from itertools import pairwise

import anyio
import pytest
from anyio.lowlevel import checkpoint

from tests import clock as leaping
from tests.runtime.agents.conftest import Studio, listening, read, words_of
from tests.runtime.conftest import until
from tests.runtime.live.conftest import ME, spoken, under_way
from vox.config.openvip import OpenVipSettings
from vox.errors import LiveSessionBusy, MicrophoneUnavailable, ModelNotInstalled, ProviderCrashed
from vox.runtime.agents.mailbox import Mailbox
from vox.runtime.live.device import Device
from vox.runtime.live.told import Asker, LiveRequest, StateChanged, Told
from vox.runtime.requests import SynthesizeRequest
from vox.testing import FakeMicrophone

pytestmark = pytest.mark.anyio


def studio(*texts: str, seconds: tuple[float, ...] = (1.0, 1.0, 1.0), **settings: object) -> Studio:
    return Studio(FakeMicrophone(spoken(*seconds)), *texts, **settings)


async def opened(at_work: Studio, agent: str = "one", **wants: bool) -> Mailbox:
    mailbox = at_work.agents.connect(agent, **wants)
    await until(lambda: at_work.ears.state == "listening")
    return mailbox


async def hear(at_work: Studio, count: int) -> None:
    """Let one more utterance, and the pause behind it, go by."""
    at_work.microphone.advance(2.0)
    await until(lambda: len(at_work.heard) == count)


async def test_the_microphone_is_open_while_somebody_is_there() -> None:
    async with listening(studio()) as at_work:
        await checkpoint()
        assert not at_work.microphone.is_open and at_work.ears.state == "off"
        first = await opened(at_work)
        assert at_work.microphone.is_open and at_work.ears.device == "Fake microphone"
        second = at_work.agents.connect("two")
        at_work.agents.disconnect("one", first)
        await checkpoint()
        assert at_work.microphone.is_open
        at_work.agents.disconnect("two", second)
        await until(lambda: at_work.ears.state == "off" and not at_work.microphone.is_open)
        assert at_work.ears.wanted


async def test_what_is_said_goes_to_the_current_agent_in_order() -> None:
    async with listening(studio("Hello.", "Fix it, ok send.")) as at_work:
        mailbox = await opened(at_work)
        await hear(at_work, 1)
        await hear(at_work, 2)
        assert read(mailbox) == [
            {"text": "Hello.", "partial": False, "ops": ["newline"]},
            {"text": "Fix it", "partial": False, "ops": ["submit"]},
        ]
        assert (at_work.ears.model, at_work.ears.language) == ("ear:1", "en")


async def test_every_state_is_told_once() -> None:
    async with listening(studio()) as at_work:
        await opened(at_work)
        for _ in range(25):
            at_work.microphone.advance(0.02)
        await until(lambda: at_work.ears.state == "recording")
        at_work.recogniser.gate.clear()
        at_work.microphone.advance(1.5)
        await until(lambda: at_work.ears.state == "transcribing")
        at_work.recogniser.gate.set()
        await until(lambda: at_work.ears.state == "listening")
        at_work.ears.stop()
        await until(lambda: at_work.ears.state == "off")
        assert at_work.states == ["off", "listening", "recording", "transcribing", "listening", "off"]


async def test_who_was_spoken_to_at_its_end_gets_it() -> None:
    async with listening(studio("For one.", "For two.")) as at_work:
        first, second = await opened(at_work), at_work.agents.connect("two")
        at_work.recogniser.gate.clear()
        at_work.microphone.advance(2.0)
        await until(lambda: at_work.ears.state == "transcribing")
        at_work.agents.set_current("two")
        at_work.microphone.advance(2.0)
        await checkpoint()
        at_work.recogniser.gate.set()
        await until(lambda: len(at_work.heard) == 2)
        assert (words_of(first), words_of(second)) == (["For one."], ["For two."])


async def test_an_utterance_without_words_costs_nobody_his_place() -> None:
    async with listening(studio("", "For two.")) as at_work:
        first, second = await opened(at_work), at_work.agents.connect("two")
        await hear(at_work, 1)
        at_work.agents.set_current("two")
        await hear(at_work, 2)
        assert (words_of(first), words_of(second)) == ([], ["For two."])


async def test_stopping_lets_the_microphone_go_and_loses_no_word() -> None:
    async with listening(studio(seconds=(5.0,))) as at_work:
        mailbox = await opened(at_work)
        at_work.microphone.advance(2.0)
        at_work.recogniser.gate.clear()
        await until(lambda: at_work.ears.state == "recording")
        at_work.ears.stop()
        await until(lambda: not at_work.microphone.is_open and at_work.ears.state == "transcribing")
        assert not at_work.ears.wanted
        at_work.recogniser.gate.set()
        await until(lambda: at_work.ears.state == "off")
        assert words_of(mailbox) == ["2 seconds"]


async def test_it_listens_again_while_the_last_words_are_recognised() -> None:
    async with listening(studio(seconds=(5.0,))) as at_work:
        mailbox = await opened(at_work)
        at_work.microphone.advance(2.0)
        at_work.recogniser.gate.clear()
        await until(lambda: at_work.ears.state == "recording")
        assert at_work.ears.toggle() is False
        await until(lambda: not at_work.microphone.is_open)
        assert at_work.ears.toggle() is True
        await until(lambda: at_work.microphone.is_open)
        at_work.recogniser.gate.set()
        await until(lambda: words_of(mailbox) == ["2 seconds"])
        assert at_work.ears.wanted


async def test_it_begins_when_it_is_asked_where_that_is_wished() -> None:
    async with listening(studio(listen=False)) as at_work:
        at_work.agents.connect("one")
        await checkpoint()
        assert at_work.ears.state == "off" and not at_work.microphone.is_open
        at_work.ears.start()
        await until(lambda: at_work.ears.state == "listening")


async def test_it_does_not_hear_the_loudspeaker() -> None:
    async with listening(studio("Nobody said this.", seconds=(1.0, 1.0))) as at_work:
        mailbox = await opened(at_work)
        at_work.loudspeaker.may_play.clear()
        at_work.voicebox.announce(SynthesizeRequest("speech"))
        await until(lambda: at_work.ears.state == "playing")
        at_work.microphone.advance(2.0)
        await until(lambda: at_work.microphone.rest_s < 2.1)
        for _ in range(50):
            await checkpoint()
        at_work.loudspeaker.may_play.set()
        await until(lambda: at_work.ears.state == "listening")
        assert at_work.recogniser.requests == []
        at_work.clock.now += 1
        await hear(at_work, 1)
        assert words_of(mailbox) == ["Nobody said this."]


async def test_nor_its_echo() -> None:
    async with listening(studio(seconds=(1.0, 1.0))) as at_work:
        await opened(at_work)
        await at_work.voicebox.say(SynthesizeRequest("speech"))
        await until(lambda: at_work.ears.state == "listening")
        at_work.clock.now += 0.2
        at_work.microphone.advance(2.0)
        for _ in range(200):
            await checkpoint()
        assert at_work.recogniser.requests == []
        at_work.clock.now += 0.2
        await hear(at_work, 1)


async def test_nor_another_program_that_plays() -> None:
    async with listening(studio("Said afterwards.", seconds=(1.0, 1.0))) as at_work:
        mailbox = await opened(at_work)
        at_work.deafness.deafen("vox speak", 2.0)
        assert at_work.ears.state == "playing" == at_work.states[-1]
        at_work.microphone.advance(2.0)
        await until(lambda: at_work.microphone.rest_s < 2.1)
        for _ in range(50):
            await checkpoint()
        at_work.deafness.deafen("vox speak", 0)
        at_work.clock.now += 0.4
        assert at_work.ears.state == "listening" and at_work.recogniser.requests == []
        await hear(at_work, 1)
        assert words_of(mailbox) == ["Said afterwards."]


async def test_with_headphones_it_hears_what_is_said_beside_another_program() -> None:
    async with listening(studio("Said meanwhile.", headphones=True)) as at_work:
        mailbox = await opened(at_work)
        at_work.deafness.deafen("vox speak", 5.0)
        await hear(at_work, 1)
        assert words_of(mailbox) == ["Said meanwhile."]


async def test_with_headphones_it_hears_all_the_time() -> None:
    async with listening(studio("Said meanwhile.", headphones=True)) as at_work:
        mailbox = await opened(at_work)
        at_work.loudspeaker.may_play.clear()
        at_work.voicebox.announce(SynthesizeRequest("speech"))
        await until(lambda: at_work.ears.state == "playing")
        await hear(at_work, 1)
        assert words_of(mailbox) == ["Said meanwhile."]
        at_work.loudspeaker.may_play.set()


async def test_muted_it_listens_for_one_thing() -> None:
    async with listening(studio("Ok mute.", "A secret.", "Ok listen.")) as at_work:
        mailbox = await opened(at_work)
        await hear(at_work, 1)
        assert at_work.ears.state == "muted" and at_work.microphone.is_open
        await hear(at_work, 2)
        assert at_work.ears.state == "muted"
        await hear(at_work, 3)
        assert at_work.ears.state == "listening"
        assert words_of(mailbox) == [] and at_work.announced == ["Muted.", "Listening."]


async def test_guesses_go_to_those_who_asked() -> None:
    async with listening(studio(seconds=(9.0,))) as at_work:
        plain = await opened(at_work)
        at_work.microphone.advance(1.0)
        await until(lambda: at_work.ears.state == "recording")
        keen = at_work.agents.connect("keen", partials=True)
        at_work.agents.set_current("keen")
        found = list[str]()

        def guessed() -> bool:
            at_work.microphone.advance(0.01)
            found.extend(words_of(keen))
            return bool(found)

        await until(guessed)
        assert words_of(plain) == [] and found[0].endswith("seconds")


async def test_somebody_else_may_have_the_microphone_first() -> None:
    at_work = studio("Hello.")
    async with under_way(at_work.live.run(LiveRequest(), ME, lambda *_: None)) as other:
        await until(lambda: at_work.microphone.is_open)
        async with listening(at_work):
            at_work.agents.connect("one")
            await until(lambda: at_work.ears.error is not None)
            assert at_work.ears.error is not None and at_work.ears.error.code == "live_session_busy"
            assert at_work.ears.state == "off"
            await at_work.live.stop(None, ME)
            await other.end()
            await until(lambda: at_work.ears.state == "listening")
            assert at_work.ears.error is None


async def test_whoever_may_end_it_turns_listening_off() -> None:
    async with listening(studio()) as at_work:
        await opened(at_work)
        owner = Asker("desktop", "desktop", owner=True, program=True)
        await at_work.live.cancel(None, owner)
        await until(lambda: not at_work.ears.wanted)
        assert not at_work.microphone.is_open and at_work.ears.state == "off"
        at_work.ears.start()
        await until(lambda: at_work.ears.state == "listening")
        await at_work.live.stop(None, owner)
        await until(lambda: not at_work.ears.wanted)


async def test_without_a_microphone_that_is_said_and_asking_tries_again() -> None:
    at_work = studio()
    at_work.microphone.missing = "There is no microphone."
    async with listening(at_work):
        at_work.agents.connect("one")
        await until(lambda: at_work.ears.error is not None)
        assert str(at_work.ears.error) == "There is no microphone." and at_work.ears.state == "off"
        at_work.microphone.missing = ""
        at_work.ears.start()
        await until(lambda: at_work.ears.state == "listening")
        assert at_work.ears.error is None


async def test_what_nobody_wants_any_more_does_not_fail() -> None:
    at_work, opening, may_fail = studio(), threading.Event(), threading.Event()

    def open(_: str | None) -> FakeMicrophone:
        opening.set()
        assert may_fail.wait(5)
        raise MicrophoneUnavailable("There is no microphone.")

    at_work.live.device = Device(open)
    async with listening(at_work):
        at_work.agents.connect("one")
        await until(opening.is_set)
        at_work.ears.stop()
        may_fail.set()
        await until(lambda: not at_work.live.statuses())
        assert at_work.ears.error is None


@pytest.mark.parametrize(
    ("fates", "pauses"),
    [
        ("", [1, 2, 4, 8, 16, 30, 30]),
        ("    recorded", [1, 2, 4, 8, 1, 2, 4, 8, 16, 30]),
        ("busy busy", [0.5, 0.5, 1, 2, 4, 8, 16, 30, 30]),
    ],
)
def test_it_is_tried_again_less_and_less_often(
    fates: str, pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> list[float]:
        at_work, tries, left = studio(), list[float](), fates.split(" ")

        async def fail(_: object, __: object, tell: Callable[[str, Told], None]) -> None:
            tries.append(anyio.current_time())
            fate = left.pop(0) if left else ""
            if fate == "busy":
                raise LiveSessionBusy("Somebody else has it.")
            if fate == "recorded":
                tell("session", StateChanged("recording", "starting"))
            raise MicrophoneUnavailable("There is no microphone.")

        monkeypatch.setattr(at_work.live, "run", fail)
        async with listening(at_work):
            at_work.agents.connect("one")
            await anyio.sleep(100)
        return tries

    tries = leaping.run(main())
    assert [round(after - before, 1) for before, after in pairwise(tries)] == pauses


async def test_an_unplugged_microphone_is_no_end() -> None:
    async with listening(studio()) as at_work:
        await opened(at_work)
        at_work.microphone.advance(1.5)
        at_work.microphone.unplug()
        await until(lambda: at_work.ears.error is not None)
        assert at_work.ears.state == "off" and at_work.ears.wanted
        assert [text for text, _ in at_work.heard] == ["1 seconds"]


async def test_a_model_that_fails_is_said_and_nothing_is_lost() -> None:
    at_work = studio("Hello.")
    at_work.recogniser.failures = [ProviderCrashed("It crashed.")]
    async with listening(at_work):
        mailbox = await opened(at_work)
        at_work.microphone.advance(2.0)
        await until(lambda: at_work.ears.error is not None)
        assert at_work.ears.state == "transcribing"
        await until(lambda: len(at_work.heard) == 1)
        assert words_of(mailbox) == ["Hello."] and at_work.ears.error is None


async def test_a_model_that_is_not_here_is_said_at_once() -> None:
    at_work = studio()
    at_work.recogniser.warm_error = ModelNotInstalled("Install it.")
    async with listening(at_work):
        await opened(at_work)
        await until(lambda: at_work.ears.error is not None)
        assert str(at_work.ears.error) == "Install it."


async def test_the_settings_say_which_model_and_language() -> None:
    async with listening(studio(model="ear:2", language="de")) as at_work:
        await opened(at_work)
        await hear(at_work, 1)
        (request,) = at_work.recogniser.requests
        assert (request.model, request.language) == ("ear:2", "de")


async def test_another_model_or_language_begins_another_session() -> None:
    async with listening(studio("Hello.", "Hallo.")) as at_work:
        mailbox = await opened(at_work)
        await hear(at_work, 1)
        at_work.settings = OpenVipSettings(model="ear:2", language="de")
        at_work.ears.refresh()
        await until(lambda: at_work.states[-2:] == ["off", "listening"])
        await hear(at_work, 2)
        first, second = at_work.recogniser.requests
        assert (first.model, first.language, second.model, second.language) == (None, None, "ear:2", "de")
        assert words_of(mailbox) == ["Hello.", "Hallo."] and at_work.ears.wanted
