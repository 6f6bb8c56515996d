"""The program behind a `FakeProvider`: `python -m vox.testing.fake_program FOLDER`."""

import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from vox.provider import Call, Provider, ProviderError, serve
from vox.provider.conformance.sound import tones
from vox.testing.script import Script, Turn

__all__ = ["RATE", "make_provider"]

RATE = 16_000
"""Hz of the tones it speaks."""

_HEADER = 44  # bytes before the samples of the tones
_LOOK_S = 0.005  # how often a call at work looks whether it was cancelled
_PIECE_S = 0.25
_CHARACTER_S = 0.06  # people speak about as fast
_CRASHED = 70


def make_provider(folder: Path) -> Provider:
    """The provider of a folder that a `FakeProvider` has prepared."""
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    provider = Provider(about["id"], about["kind"], about["maxConcurrency"], streams=True)
    provider.models(lambda: about["models"])
    fake = _Fake(Script(folder))
    if about["kind"] != "tts":
        provider.transcribe(fake.transcribe)
    if about["kind"] != "asr":
        provider.synthesize(fake.synthesize)
        provider.voices(lambda model: about["voices"])
    return provider


class _Fake:
    def __init__(self, script: Script) -> None:
        self._script = script

    def transcribe(self, call: Call) -> dict[str, Any]:
        turn = self._begin(call)
        if not Path(call.path).is_file():
            raise ProviderError(f"There is no file {call.path}.", "unsupported_audio")
        words = turn.text.split()
        for count in range(1, len(words) + 1):
            call.send_partial(" ".join(words[:count]), stable=True)
            _work(call, turn, turn.takes_s / len(words))
        _end(turn)
        return {"text": turn.text, "language": call.language or "en"}

    def synthesize(self, call: Call) -> dict[str, Any]:
        turn = self._begin(call)
        if turn.audio or turn.error or turn.crash:
            _work(call, turn, turn.takes_s)
            _end(turn)
            return {"audio": Path(turn.audio).read_bytes(), "voiceId": call.voice_id or "one"}
        pieces = [*_pieces(max(1, len(call.text)) * _CHARACTER_S / call.speed)]
        for piece in pieces:
            call.send_audio(piece, RATE)
            _work(call, turn, turn.takes_s / len(pieces))
        return {"voiceId": call.voice_id or "one"}

    def _begin(self, call: Call) -> Turn:
        self._script.note(call.method, call.params)
        return self._script.take()


def _work(call: Call, turn: Turn, seconds: float) -> None:
    until = monotonic() + seconds
    while True:
        if not turn.deaf:
            call.raise_if_cancelled()
        left = until - monotonic()
        if left <= 0:
            return
        sleep(min(left, _LOOK_S))


def _end(turn: Turn) -> None:
    if turn.crash:
        print("told to crash", file=sys.stderr, flush=True)
        os._exit(_CRASHED)
    if turn.error:
        more = {} if turn.retry_after_ms is None else {"retryAfterMs": turn.retry_after_ms}
        raise ProviderError(turn.message or f"told to answer {turn.error}", turn.error, **more)


def _pieces(seconds: float) -> Iterator[bytes]:
    second = _second()
    size, left = round(_PIECE_S * RATE) * 2, round(seconds * RATE) * 2
    at = 0
    while left > 0:
        piece = second[at : at + min(size, left)]
        yield piece
        left -= len(piece)
        at = (at + size) % len(second)


@cache
def _second() -> bytes:
    return tones(1.0, RATE)[_HEADER:]


if __name__ == "__main__":
    serve(make_provider(Path(sys.argv[1])))
