"""A provider that does what a test tells it to."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from vox.provider import Provider
from vox.testing.fake_program import make_provider
from vox.testing.script import Script, Turn
from vox.types import Kind

__all__ = ["FakeProvider"]

_FOREVER_S = 86_400.0


class FakeProvider:
    """A provider of the models `ID:asr` and `ID:tts`, as a real process behind Vox or in the test's own.

    Calls are answered with "hello world" and with tones. What is told with `says`, `plays`, `fails`, `busy`, `crashes`
    and `hangs` happens to the next calls, one each, in that order; `usually` changes all others. All of them can be
    used while it runs.

    Args:
        folder: For its script and what it was asked; one for each fake provider, outside of the home.
        kind: What it does; both without a word.
        max_concurrency: How many calls it takes at once.
        voices: The ids of its voices; the first is the default.
    """

    def __init__(
        self,
        folder: Path,
        id: str = "fake",
        *,
        kind: Kind | None = None,
        max_concurrency: int = 4,
        voices: tuple[str, ...] = ("one", "two"),
    ) -> None:
        self.id = id
        self.kinds: tuple[Kind, ...] = (kind,) if kind else ("asr", "tts")
        self._folder = folder.absolute()
        self._script = Script(self._folder)
        about: dict[str, Any] = {
            "id": id,
            "kind": kind or "both",
            "maxConcurrency": max_concurrency,
            "models": [{"id": self.model(one), "kind": one} for one in self.kinds],
            "voices": [{"id": voice, "default": voice == voices[0]} for voice in voices],
        }
        (self._folder / "about.json").write_text(json.dumps(about), encoding="utf-8")

    # ---- where it runs

    @property
    def command(self) -> list[str]:
        """What starts it."""
        return [sys.executable, "-P", "-m", "vox.testing.fake_program", str(self._folder)]

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Its entries in providers.json: one for each kind, each with a process of its own."""
        return [{"id": self.id, "kind": kind, "command": self.command} for kind in self.kinds]

    @property
    def provider(self) -> Provider:
        """The same in this process, for a `MemoryTransport`. Not for `crashes`, which would end the test."""
        return make_provider(self._folder)

    def model(self, kind: Kind) -> str:
        """The id of its model of that kind."""
        return f"{self.id}:{kind}"

    # ---- what it does with its next calls

    def says(self, text: str, takes_s: float = 0.0) -> None:
        """Recognise that; word by word for those who read along."""
        self._script.add(Turn(text=text, takes_s=takes_s))

    def plays(self, wav: bytes, takes_s: float = 0.0) -> None:
        """Speak that recording, a whole WAV."""
        file = self._folder / f"speech-{len(list(self._folder.glob('speech-*')))}.wav"
        file.write_bytes(wav)
        self._script.add(Turn(audio=str(file), takes_s=takes_s))

    def fails(self, code: str, message: str = "") -> None:
        """Refuse the call with one of the protocol's codes, such as `unsupported_audio`."""
        self._script.add(Turn(error=code, message=message))

    def busy(self, retry_after_ms: int | None = None) -> None:
        """Refuse the call because it is full. Vox asks again within the call's time."""
        self._script.add(Turn(error="provider_busy", message="told to be busy", retry_after_ms=retry_after_ms))

    def crashes(self, after_s: float = 0.0) -> None:
        """End the process during the call. Vox starts it again and makes the call once more, which is the next turn."""
        self._script.add(Turn(takes_s=after_s, crash=True))

    def hangs(self) -> None:
        """Never answer, not even when cancelled."""
        self._script.add(Turn(takes_s=_FOREVER_S, deaf=True))

    def usually(self, text: str | None = None, takes_s: float | None = None) -> None:
        """What becomes of calls for which nothing else was told."""
        told = {"text": text, "takes_s": takes_s}
        self._script.set_usual(replace(self._script.usual, **{k: v for k, v in told.items() if v is not None}))

    # ---- what it was asked

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every `transcribe` and `synthesize` so far, `{"method", "params"}`, in order."""
        return self._script.calls
