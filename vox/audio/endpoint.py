"""Where speech begins and ends in sound that comes bit by bit.

`Endpoints` decides, from probabilities alone; `Endpointer` gives it those and cuts the utterances out. Neither waits,
reads a clock or keeps more than the longest utterance.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vox.audio.microphone import RATE
from vox.audio.utterance import Utterance
from vox.audio.vad import Detector, Earshot

__all__ = ["Endpointer", "Endpointing", "Endpoints", "Event", "Span", "SpeechStarted", "SpeechStopped"]

_HUSH_S = 0.2  # the gap between two words that a cut may use
_CUT_WITHIN = 1 / 3  # of the longest utterance: how far back from its end a cut may lie


@dataclass(frozen=True, slots=True)
class Endpointing:
    """What counts as speech and what as the end of it.

    Raises:
        ValueError: A value makes no sense together with the others.
    """

    threshold: float = 0.5
    """Probability from which on it may be speech."""
    certain: float = 0.7
    """Probability that must be reached at least once: hum and noise do not."""
    hysteresis: float = 0.15
    """How far below the threshold it must fall to be silence."""
    min_speech_s: float = 0.1
    """Less is a click or a cough."""
    min_silence_s: float = 0.7
    """So much ends an utterance; a pause for breath is shorter."""
    padding_s: float = 0.3
    """Room before and after: detectors are late at soft beginnings and early at fading ends."""
    longest_s: float = 30.0
    """What is longer is cut at the quietest place."""

    def __post_init__(self) -> None:
        if not 0 < self.hysteresis < self.threshold <= self.certain <= 1:
            raise ValueError("it must hold that 0 < hysteresis < threshold <= certain <= 1")
        if not 0 < self.min_speech_s <= self.padding_s <= self.min_silence_s < self.longest_s * _CUT_WITHIN:
            raise ValueError("it must hold that 0 < min_speech_s <= padding_s <= min_silence_s < longest_s / 3")


@dataclass(frozen=True, slots=True)
class Span:
    """Frames of a recording, `end` exclusive."""

    first: int
    end: int


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Somebody speaks; told as soon as that is certain."""

    start: int
    """Samples of the recording before it."""


@dataclass(frozen=True, slots=True)
class SpeechStopped:
    """An utterance is over. Each follows its `SpeechStarted`."""

    utterance: Utterance


Event: TypeAlias = SpeechStarted | SpeechStopped


class Endpoints:
    """Decides frame by frame. Each decision is the first frame of speech that has begun, or the `Span` of one that is
    over; they alternate.

    Args:
        frame_s: Seconds of a frame.
    """

    def __init__(self, settings: Endpointing, frame_s: float) -> None:
        def frames(seconds: float) -> int:
            return max(1, round(seconds / frame_s))

        self._threshold, self._still = settings.threshold, settings.threshold - settings.hysteresis
        self._certain = settings.certain
        self._min_speech, self._min_silence = frames(settings.min_speech_s), frames(settings.min_silence_s)
        self._padding, self._longest = frames(settings.padding_s), frames(settings.longest_s)
        self._hush = frames(_HUSH_S)
        self.seen = 0
        """Frames until now."""
        self.first = 0
        """The earliest frame that a later decision may name."""
        self._chances: list[float] = []  # from `first` on
        self._energies: list[float] = []
        self._speaking = self._told = False
        self._last = 0  # one past the newest frame of speech

    @property
    def speaks(self) -> bool:
        """Whether somebody certainly speaks just now."""
        return self._told

    def step(self, chance: float, energy: float) -> Iterator[int | Span]:
        """Take the next frame in: how likely it is speech, and how loud it is (mean square)."""
        self._chances.append(chance)
        self._energies.append(energy)
        self.seen += 1
        if chance >= (self._still if self._speaking else self._threshold):
            self._speaking, self._last = True, self.seen
        if not self._speaking:
            self._forget(self.seen - self._padding)
            return
        if not self._told and self._is_speech():
            self._told = True
            yield self.first
        if self.seen - self._last >= self._min_silence:
            yield from self._close()
        elif self.seen - self.first >= self._longest:
            yield from self._cut()

    def end(self) -> Iterator[Span]:
        """Nothing else comes."""
        if self._speaking:
            yield from self._close()

    def _close(self) -> Iterator[Span]:
        end = min(self._last + self._padding, self.seen)
        if self._told:
            yield Span(self.first, end)
        self._speaking = self._told = False
        self._forget(max(end, self.seen - self._padding))

    def _cut(self) -> Iterator[int | Span]:
        """End what is too long at its quietest place; go on with the rest."""
        end, told = self._quietest(), self._told
        if told:
            yield Span(self.first, end)
        # What was not certain yet may be the beginning of a word that goes on.
        self._forget(end if told else end - self._padding)
        self._speaking = any(chance >= self._threshold for chance in self._chances)
        self._told = told and self._speaking
        if self._told:
            yield self.first
        if not self._speaking:
            self._forget(self.seen - self._padding)

    def _is_speech(self) -> bool:
        voiced = sum(chance >= self._threshold for chance in self._chances)
        return voiced >= self._min_speech and max(self._chances) >= self._certain

    def _quietest(self) -> int:
        """The middle of the quietest gap in the last third."""
        begin = len(self._energies) - round(self._longest * _CUT_WITHIN)
        late = np.array(self._energies[begin:])
        hush = min(self._hush, len(late))
        smooth = np.convolve(late, np.ones(hush), "valid")
        return self.first + begin + int(smooth.argmin()) + (hush + 1) // 2

    def _forget(self, before: int) -> None:
        """Frames before this are named no more."""
        gone = before - self.first
        if gone > 0:
            del self._chances[:gone], self._energies[:gone]
            self.first = before


class Endpointer:
    """Finds the utterances of one recording.

    Args:
        detector: Hears speech; earshot unless another is given.
    """

    def __init__(self, detector: Detector | None = None, settings: Endpointing | None = None) -> None:
        self._detector = detector or Earshot()
        self._frame = self._detector.frame
        self._endpoints = Endpoints(settings or Endpointing(), self._frame / RATE)
        self._kept = bytearray()  # 16-bit samples from frame `first` of the endpoints on
        self._heard = 0  # of them, those the detector was given

    def hear(self, samples: NDArray[np.int16]) -> list[Event]:
        """What begins and what ends in these samples, which follow those before."""
        self._kept += samples.astype("<i2", copy=False).tobytes()
        events: list[Event] = []
        while len(self._kept) - self._heard >= 2 * self._frame:
            events += self._next(np.frombuffer(self._kept[self._heard : self._heard + 2 * self._frame], "<i2"))
        return events

    def finish(self) -> list[Event]:
        """What is left when nothing else comes."""
        events: list[Event] = []
        if rest := self._kept[self._heard :]:
            events += self._next(np.frombuffer(rest + bytes(2 * self._frame - len(rest)), "<i2"))
        return events + [self._stopped(span) for span in self._endpoints.end()]

    def feed(self, samples: NDArray[np.int16]) -> list[Utterance]:
        """The utterances that end in these samples."""
        return [event.utterance for event in self.hear(samples) if isinstance(event, SpeechStopped)]

    def end(self) -> list[Utterance]:
        """The utterance that is still open, if there is one."""
        return [event.utterance for event in self.finish() if isinstance(event, SpeechStopped)]

    @property
    def speaks(self) -> bool:
        """Whether somebody certainly speaks just now."""
        return self._endpoints.speaks

    def going_on(self) -> Utterance | None:
        """What was said until now of the utterance that is open; None when nobody certainly speaks."""
        if not self._endpoints.speaks:
            return None
        return Utterance(self._endpoints.first * self._frame, bytes(self._kept[: self._heard]))

    def _next(self, frame: NDArray[np.int16]) -> list[Event]:
        sound = frame.astype(np.float32)
        first = self._endpoints.first
        self._heard += 2 * self._frame
        events: list[Event] = []
        for decision in self._endpoints.step(self._detector.probability(frame), float(sound @ sound) / len(sound)):
            if isinstance(decision, Span):
                events.append(self._stopped(decision, first))
            else:
                events.append(SpeechStarted(decision * self._frame))
        gone = 2 * self._frame * (self._endpoints.first - first)
        del self._kept[:gone]
        self._heard -= gone
        return events

    def _stopped(self, span: Span, first: int | None = None) -> SpeechStopped:
        first = self._endpoints.first if first is None else first
        begin, end = (2 * self._frame * (frame - first) for frame in (span.first, span.end))
        return SpeechStopped(Utterance(span.first * self._frame, bytes(self._kept[begin:end])))
