"""What is said when the answer takes its time: a short phrase, never the same one twice running.

The phrases are spoken beforehand and kept, so that they come at once and need no permit of a provider just then.
"""

import random
from collections import OrderedDict
from collections.abc import Iterable
from contextlib import aclosing
from weakref import WeakValueDictionary

import anyio

from vox.runtime.agent.mouth import Synthesize
from vox.runtime.agent.pace import Pace
from vox.runtime.agent.piece import Piece, Spoken
from vox.types import AudioChunk

__all__ = ["Phrases", "Recordings"]

_MOST = 16 << 20  # bytes kept: some 200 phrases of two seconds


class Phrases:
    """Picks among phrases at random, never the same twice running where there are two.

    Args:
        phrases: At least one; what is named twice is picked twice as often.
        seed: For the same order every time.

    Raises:
        ValueError: There is none.
    """

    def __init__(self, phrases: Iterable[str], seed: int | None = None) -> None:
        self._phrases = tuple(phrases)
        if not self._phrases:
            raise ValueError("at least one phrase is needed")
        self._random = random.Random(seed)
        self._last: str | None = None

    def pick(self) -> str:
        """The next one."""
        others = [phrase for phrase in self._phrases if phrase != self._last]
        self._last = self._random.choice(others or self._phrases)
        return self._last


class Recordings:
    """Phrases as they were spoken, by voice. What was not used for the longest time is dropped first.

    Args:
        rate: Of the speech, in Hz.
        most: Bytes of speech kept.
    """

    def __init__(self, rate: int = 24_000, most: int = _MOST) -> None:
        self._rate, self._most = rate, most
        self._kept: OrderedDict[tuple[object, str], tuple[Spoken, ...]] = OrderedDict()
        self._size = 0
        self._being_recorded: WeakValueDictionary[tuple[object, str], anyio.Lock] = WeakValueDictionary()

    def get(self, voice: object, phrase: str) -> tuple[Spoken, ...] | None:
        """A phrase in a voice, as moments of speech; None where it was not recorded.

        Args:
            voice: Whatever tells voices apart, such as a pair of model and voice.
        """
        kept = self._kept.get((voice, phrase))
        if kept is not None:
            self._kept.move_to_end((voice, phrase))
        return kept

    async def record(self, voice: object, phrases: Iterable[str], synthesize: Synthesize) -> None:
        """Have those phrases spoken that were not yet, one after the other.

        Raises:
            VoxError: One could not be spoken; those before it are kept.
        """
        for phrase in phrases:
            key = (voice, phrase)
            lock = self._being_recorded.setdefault(key, anyio.Lock())
            async with lock:  # two sessions that begin together record once
                if self.get(voice, phrase) is None:
                    self._keep(key, await self._recorded(phrase, synthesize))

    async def _recorded(self, phrase: str, synthesize: Synthesize) -> tuple[Spoken, ...]:
        piece, moments = Piece(phrase, phrase, self._rate, Pace()), list[Spoken]()
        async with aclosing(synthesize(phrase)) as stream:
            async for chunk in stream:
                if isinstance(chunk, AudioChunk):
                    moments += piece.take(chunk)
        return (*moments, *piece.finish())

    def _keep(self, key: tuple[object, str], moments: tuple[Spoken, ...]) -> None:
        self._kept[key] = moments
        self._size += _size(moments)
        while self._size > self._most and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._size -= _size(dropped)


def _size(moments: tuple[Spoken, ...]) -> int:
    return sum(len(spoken.pcm) for spoken in moments)
