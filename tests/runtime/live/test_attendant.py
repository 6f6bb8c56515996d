"""A part of the daemon follows a session more closely than its client."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.runtime.conftest import until
from tests.runtime.live.conftest import ME, LoudCutter, Stage, begun, spoken
from vox.audio.utterance import Utterance
from vox.runtime.live.told import Guessed, Heard, LiveRequest
from vox.testing import FakeMicrophone
from vox.types import Transcript

pytestmark = pytest.mark.anyio


class Follower:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.deaf = False
        self.guesses = True

    def is_deaf(self) -> bool:
        return self.deaf

    def wants_guesses(self) -> bool:
        return self.guesses

    def opened(self, device: str) -> None:
        self.log.append(f"opened {device}")

    def began(self) -> None:
        self.log.append("began")

    def ended(self, piece: Utterance) -> None:
        self.log.append(f"ended {piece.start_s:g}-{piece.start_s + piece.duration_s:g}")

    def recognised(self, piece: Utterance, transcript: Transcript) -> None:
        self.log.append(f"recognised {piece.start_s:g} {transcript.text!r} {transcript.language}")


def followed(stage: Stage, **wants: bool) -> tuple[Follower, LiveRequest]:
    follower = Follower()
    return follower, LiveRequest(utterances=True, attendant=follower, **wants)


async def test_the_end_of_an_utterance_is_known_before_its_words() -> None:
    stage = Stage(FakeMicrophone(spoken(1.0, 2.0)))
    follower, request = followed(stage)
    async with begun(stage, request) as run:
        await stage.reaches("recording")
        stage.recogniser.gate.clear()
        stage.microphone.advance(2.0)
        await until(lambda: len(follower.log) == 3)
        assert follower.log == ["opened Fake microphone", "began", "ended 0-1"]
        stage.recogniser.gate.set()
        stage.microphone.play()
        await until(lambda: len(follower.log) == 7)
        await stage.live.stop(None, ME)
        await run.end()
    assert sorted(follower.log[3:]) == sorted(
        ["recognised 0 '1 seconds' en", "began", "ended 2-4", "recognised 2 '2 seconds' en"]
    )
    assert follower.log[-1] == "recognised 2 '2 seconds' en"
    assert stage.of(Heard) == [], "the follower has it, and nobody else"
    assert stage.kept == []


async def test_what_is_played_meanwhile_is_silence() -> None:
    stage = Stage(FakeMicrophone(spoken(1.0, 1.0)))
    follower, request = followed(stage)
    follower.deaf = True
    async with begun(stage, request) as run:
        await stage.reaches("recording")
        stage.microphone.advance(2.0)
        await stage.live.stop(None, ME)
        final = (await run.end())[1]
    assert follower.log == ["opened Fake microphone"]
    assert final is not None and final.transcript.duration_s == 2.0, "time goes by nevertheless"


async def test_silence_may_be_told_as_well() -> None:
    stage = Stage(FakeMicrophone(spoken(1.0)))
    follower, request = followed(stage)
    stage.recogniser.finds_speech = False
    async with begun(stage, request):
        await stage.reaches("recording")
        stage.microphone.advance(2.0)
        await until(lambda: follower.log[-1] == "recognised 0 '' None")


class Halves(LoudCutter):
    """Cuts speech in pieces of half a second."""

    def feed(self, samples: NDArray[np.int16]) -> list[Utterance]:
        found = [*super().feed(samples)]
        speech = self.going_on()
        if not found and speech is not None and speech.duration_s >= 0.5:
            found = [self._cut(speech.start + len(speech.pcm) // 2)]
        return found


async def test_who_goes_on_speaking_after_a_cut_begins_anew() -> None:
    stage = Stage(FakeMicrophone(spoken(1.2)))
    stage.live.cutter = Halves
    follower, request = followed(stage)
    async with begun(stage, request):
        await stage.reaches("recording")
        stage.microphone.advance(2.0)
        await until(lambda: len(follower.log) == 10)
    told = [line for line in follower.log if not line.startswith("recognised")]
    assert told[1:] == ["began", "ended 0-0.5", "began", "ended 0.5-1", "began", "ended 1-1.2"]


async def test_guesses_are_made_while_they_are_wanted() -> None:
    stage = Stage(FakeMicrophone(spoken(9.0)))
    follower, request = followed(stage, guesses=True)
    follower.guesses = False
    async with begun(stage, request):
        await stage.reaches("recording")
        stage.microphone.advance(1.0)
        await until(lambda: "began" in follower.log)
        follower.guesses = True
        await until(lambda: len(stage.of(Guessed)) == 1)
        assert stage.of(Guessed)[0].text == "1 seconds"
