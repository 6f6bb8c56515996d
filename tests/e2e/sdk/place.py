"""Where a scenario takes place. Scenarios run in whatever interpreter has the client they are about, so they know
nothing but that client and the standard library."""

import io
import re
import wave
from dataclasses import dataclass
from pathlib import Path

import openai

__all__ = ["RATE", "Place", "plain", "wav"]

RATE = 24_000
"""Of the Realtime interface's sound, samples a second."""

_BOUND_S = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """A running daemon and what to say to it."""

    address: str
    """Where its HTTP interface is: `http://…/v1`."""
    key: str
    """Its token."""
    secret: str
    """One that opens conversations for ten seconds from the beginning of the tests on."""
    folder: Path
    """With `said.pcm`, `more.pcm` (sound for the Realtime interface) and `jfk.wav`."""

    def client(self, key: str | None = None, retries: int = 0) -> openai.OpenAI:
        """OpenAI's client."""
        return openai.OpenAI(
            api_key=key or self.key,
            base_url=self.address,
            websocket_base_url=self.address.replace("http", "ws", 1),
            max_retries=retries,
            timeout=_BOUND_S,
        )

    def sound(self, name: str) -> bytes:
        """Sound for the Realtime interface."""
        return (self.folder / f"{name}.pcm").read_bytes()

    def recognised(self, audio: bytes) -> str:
        """The words of a recording in any format."""
        with self.client() as client:
            return plain(client.audio.transcriptions.create(model="whisper-1", file=("blob", audio)).text)


def plain(text: str) -> str:
    """The words alone, for comparing."""
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower().replace("-", " ")).split())


def wav(pcm: bytes, rate: int = RATE) -> bytes:
    """16-bit mono sound as a file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(pcm)
    return out.getvalue()
