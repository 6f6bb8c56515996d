"""One hibari voice in memory: text to phonemes to 16-bit samples."""

import os
from collections.abc import Iterator
from typing import Any

from vox.provider import Call
from vox_providers._aloud import read_aloud, to_pcm
from vox_providers._hibari_reader import Reader

__all__ = ["RATE", "HibariVoice"]

RATE = 24_000
"""Samples per second of everything here."""

_LONGEST_SENTENCE = 300  # characters: about as many phonemes
_SEED = 20_261  # any number: the same text gives the same samples


class HibariVoice:
    """A loaded voice. Not to be used from two threads at once.

    Args:
        name: The package's name of the voice, such as `heart`; its model must be on this computer.
    """

    def __init__(self, name: str) -> None:
        from hibari import Hibari

        # One thread: a sentence takes some 20 ms, and waking a second thread costs more than it saves.
        self._engine: Any = Hibari(voice=name, threads=int(os.environ.get("VOX_HIBARI_THREADS", "1")))
        self._reader = Reader(self._engine.g2p)

    def speak(self, call: Call, text: str, speed: float) -> Iterator[bytes]:
        """16-bit PCM of a text, a sentence at a time, each with the pause before it; nothing when it has no sound.

        Raises:
            ProviderError: The call was cancelled, or the speech is too long.
        """
        return read_aloud(
            call,
            text,
            rate=RATE,
            speed=speed,
            longest=_LONGEST_SENTENCE,
            phonemes=self.phonemes,
            say=lambda phonemes: self.say(phonemes, speed),
        )

    def phonemes(self, text: str) -> list[str]:
        """How `text`, one sentence, is pronounced, in pieces the model can say; empty when it has no sound."""
        return self._reader.phonemes(text)

    def say(self, phonemes: str, speed: float) -> bytes:
        """16-bit PCM of one piece, without the silence around it.

        Raises:
            ProviderError: The model computed something that is not sound.
        """
        return to_pcm(self._engine.from_phonemes(phonemes, speed, _SEED), RATE, "hibari")
