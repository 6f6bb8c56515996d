"""What the client's microphone sends: kept until it is committed, and searched for turns while it comes.

All times are milliseconds of sound since the session began, exact to the sample. Without turn detection everything is
kept until the client commits it; with it, silence is let go but for the padding before the next turn. Nothing here
waits, reads a clock or knows events. numpy and the detector are loaded with this module: whoever serves no session
needs neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vox.audio.g711 import from_alaw, from_ulaw
from vox.audio.microphone import RATE
from vox.audio.pcm import Pcm, to_int16
from vox.audio.resample import Resampler, resample
from vox.audio.vad import Detector, Earshot
from vox.audio.wav import header
from vox.doors.realtime.formats import RATES, AudioType
from vox.doors.realtime.turn_config import TurnDetection
from vox.doors.realtime.turns import TurnRules, Turns

__all__ = ["LONGEST_MS", "Ear", "Heard", "Sound", "Started", "Stopped"]

LONGEST_MS = 600_000
"""Of sound that is not committed: ten minutes."""

_TICKS = 24  # a millisecond; the unit in which samples of both rates are whole
_TAIL_MS = (
    300  # of the silence that ends a turn, what a recogniser is given: fading ends are in it, the rest is waiting
)


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch of what was heard."""

    pcm: bytes
    """16-bit little-endian, mono."""
    rate: int
    start_ms: int
    end_ms: int

    @property
    def ms(self) -> int:
        """How long it is."""
        return len(self.pcm) // 2 * 1000 // self.rate

    def wav(self, without_ms: int = 0) -> bytes:
        """As a WAV file at 16 kHz, as recognisers like it.

        Args:
            without_ms: What is left off at its end.
        """
        samples = _at(self._until(self.ms - without_ms), self.rate, RATE)
        return header(RATE, 1, 2 * len(samples)) + samples.tobytes()

    def pcm24(self) -> bytes:
        """At 24 kHz, as items keep it."""
        return self.pcm if self.rate == 24_000 else _at(self._until(self.ms), self.rate, 24_000).tobytes()

    def _until(self, ms: int) -> NDArray[np.int16]:
        return np.frombuffer(self.pcm, "<i2")[: max(0, ms) * self.rate // 1000]


@dataclass(frozen=True, slots=True)
class Started:
    """The user speaks; told as soon as that is certain."""

    start_ms: int
    """Where the turn begins, padding included."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The turn is over. Each follows its `Started`, unless that was cleared or committed."""

    sound: Sound
    silence_ms: int
    """Of silence at its end."""

    @property
    def tail_ms(self) -> int:
        """What of the silence need not be recognised."""
        return max(0, self.silence_ms - _TAIL_MS)


Heard: TypeAlias = Started | Stopped


class Ear:
    """The input of one session.

    Args:
        detector: Hears speech; earshot unless another is given.
    """

    def __init__(
        self, format: AudioType = "audio/pcm", turns: TurnDetection | None = None, detector: Detector | None = None
    ) -> None:
        self._detector = detector or Earshot()
        self._turns = Turns(TurnRules(), self._detector.frame / RATE)
        self._ticks = 0  # of all sound that was appended
        self._kept = bytearray()  # 16-bit samples at the format's rate, the newest last
        self._detects = False
        self._padding_ms = 0
        self._odd = b""
        self._use(format)
        self.configure(format, turns)

    @property
    def ms(self) -> int:
        """Of sound that was appended in this session."""
        return self._ticks // _TICKS

    @property
    def kept_ms(self) -> int:
        """Of sound that is not committed and still there."""
        return len(self._kept) // 2 * self._step // _TICKS

    def has_room(self, content: bytes) -> bool:
        """Whether so much can be appended before the next commit. Turn detection commits by itself."""
        bytes_a_ms = (1 if self._format != "audio/pcm" else 2) * self._rate // 1000
        return self._detects or self.kept_ms + len(content) // bytes_a_ms <= LONGEST_MS

    def pieces(self, content: bytes) -> Iterator[bytes]:
        """Content cut to pieces of a second for `hear`."""
        size = (1 if self._format != "audio/pcm" else 2) * self._rate
        return (content[start : start + size] for start in range(0, len(content), size))

    @property
    def speaking(self) -> bool:
        """Whether a turn has started and not stopped."""
        return self._detects and self._turns.speaking

    def configure(self, format: AudioType, turns: TurnDetection | None) -> None:
        """Hear another format from now on, or find turns by other rules; None leaves them to the client. What is not
        committed is lost with a change of the format's rate, and kept otherwise."""
        if format != self._format:
            self._use(format)
        if turns is None:
            self._detects = False
            self._turns.drop()
            return
        if not self._detects:
            self._listen_anew()
        self._detects, self._padding_ms = True, turns.prefix_padding_ms
        self._turns.configure(TurnRules(turns.threshold, turns.silence_ms / 1000, LONGEST_MS / 1000))

    def hear(self, content: bytes) -> list[Heard]:
        """Take in what was appended: what begins and ends in it, in order.

        Large content should come in pieces, so that other work is done between them.
        """
        samples = self._decoded(content)
        self._kept += samples.tobytes()
        self._ticks += len(samples) * self._step
        if not self._detects:
            return []
        found = list(self._search(samples))
        self._let_go()
        return found

    def commit(self) -> Sound:
        """All that is kept, which is kept no more; a turn that is under way is over without being told."""
        sound = Sound(bytes(self._kept), self._rate, self.ms - self.kept_ms, self.ms)
        self.clear()
        return sound

    def clear(self) -> None:
        """Forget what is not committed."""
        self._kept.clear()
        self._odd = b""
        self._turns.drop()

    def _use(self, format: AudioType) -> None:
        rate = RATES[format]
        self._format: AudioType = format
        if rate != getattr(self, "_rate", None):
            self._rate, self._step = rate, 1000 * _TICKS // rate
            self._kept.clear()
            self._listen_anew()
        self._odd = b""

    def _listen_anew(self) -> None:
        """Let the detector begin at this moment."""
        self._turns.drop()
        self._turns.seen = 0
        self._origin = self._ticks
        self._resampler = Resampler(self._rate, RATE)
        self._waiting = np.zeros(0, np.int16)  # less than a frame for the detector

    def _decoded(self, content: bytes) -> NDArray[np.int16]:
        if self._format == "audio/pcmu":
            return from_ulaw(content)
        if self._format == "audio/pcma":
            return from_alaw(content)
        content = self._odd + content if self._odd else content
        whole = len(content) & ~1
        self._odd = content[whole:]
        return np.frombuffer(content, "<i2", count=whole // 2)

    def _search(self, block: NDArray[np.int16]) -> Iterator[Heard]:
        heard = to_int16(self._resampler.push(Pcm.from_int16(block, self._rate).samples))
        waiting = np.concatenate([self._waiting, heard]) if len(self._waiting) else heard
        frame = self._detector.frame
        for start in range(0, len(waiting) - frame + 1, frame):
            found = self._turns.step(self._detector.probability(waiting[start : start + frame]))
            if found == "started":
                yield Started(self._start_ticks() // _TICKS)
            elif found == "stopped":
                yield self._stopped()
        self._waiting = waiting[len(waiting) // frame * frame :]

    def _stopped(self) -> Stopped:
        start, end = self._start_ticks(), self._ticks_of(self._turns.seen)
        silence = end - self._ticks_of(self._turns.last)
        kept_from = self._ticks - len(self._kept) // 2 * self._step
        first, last = (2 * ((tick - kept_from) // self._step) for tick in (start, end))
        sound = Sound(bytes(self._kept[first:last]), self._rate, start // _TICKS, end // _TICKS)
        del self._kept[:last]
        self._turns.drop()
        return Stopped(sound, silence // _TICKS)

    def _start_ticks(self) -> int:
        """Where the turn begins: with its padding, but never in what was committed before."""
        kept_from = self._ticks - len(self._kept) // 2 * self._step
        return max(self._ticks_of(self._turns.first) - self._padding_ms * _TICKS, kept_from)

    def _ticks_of(self, frame: int) -> int:
        return min(self._ticks, self._origin + frame * self._detector.frame * 1000 * _TICKS // RATE)

    def _let_go(self) -> None:
        """Keep what the next turn may begin with."""
        start = self._start_ticks() if not self._turns.speaking else 0
        gone = (start - (self._ticks - len(self._kept) // 2 * self._step)) // self._step
        if gone > 0:
            del self._kept[: 2 * gone]


def _at(samples: NDArray[np.int16], rate: int, wanted: int) -> NDArray[np.int16]:
    return to_int16(resample(Pcm.from_int16(samples, rate).samples, rate, wanted))
