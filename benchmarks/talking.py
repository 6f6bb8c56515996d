"""Somebody who talks to the Realtime interface: speech goes out as it is spoken, events come in with their times."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import orjson
import soundfile
from websockets.asyncio.client import ClientConnection, connect

from vox.audio.resample import resample

__all__ = ["BYTES_PER_MS", "FRAME_MS", "Talker", "append", "read_speech"]

FRAME_MS = 20
"""What a browser's microphone gives at once."""

BYTES_PER_MS = 48

_RATE = 24_000
_LIMIT_S = 60
_AUDIO = "response.output_audio.delta"


def read_speech(path: Path) -> bytes:
    """A recording as 24 kHz 16-bit PCM from its first sound to its last: the 10 ms within 30 dB of the loudest."""
    samples, rate = soundfile.read(path, dtype="float32")
    samples = resample(samples, rate, _RATE)
    block = _RATE // 100
    blocks = samples[: len(samples) // block * block].reshape(-1, block)
    level = np.sqrt((blocks**2).mean(axis=1))
    loud = np.flatnonzero(level > level.max() / 10**1.5)
    return (samples[int(loud[0]) * block : (int(loud[-1]) + 1) * block] * 32_767).astype("<i2").tobytes()


def append(pcm: bytes) -> str:
    """The event that brings sound."""
    return json.dumps({"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode("ascii")})


class Talker:
    """One session. An async context manager; the session is there when it is entered.

    Args:
        url: Of the daemon's WebSockets, without a path.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.events: list[tuple[float, dict[str, Any]]] = []
        """What came, each with its time on `time.perf_counter`."""
        self.late_s = 0.0
        """By how much the slowest frame left too late: then it is this program that could not keep up."""
        self._news = asyncio.Event()
        self._socket: ClientConnection

    async def __aenter__(self) -> "Talker":
        self._socket = await connect(f"{self._url}/v1/realtime", max_size=None, compression=None)
        self._reader = asyncio.create_task(self._read())
        await self.wait("session.created")
        return self

    async def __aexit__(self, _: object, __: object, ___: TracebackType | None) -> None:
        await self._socket.close()
        await self._reader

    async def send(self, **event: Any) -> float:
        """Send an event; when that was."""
        await self._socket.send(json.dumps(event))
        return time.perf_counter()

    async def send_text(self, frame: str) -> None:
        """Send an event that is written already."""
        await self._socket.send(frame)

    @asynccontextmanager
    async def speaking(self, speech: bytes) -> AsyncGenerator["asyncio.Future[float]"]:
        """Speak while the context lasts, frame by frame as a microphone does; silence follows the speech. Gives the
        time of the last sound."""
        ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._say(speech, ended))
        try:
            yield ended
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def wait(self, kind: str, since: int = 0) -> tuple[int, float, dict[str, Any]]:
        """The first event of a kind from a place on: its place, its time, itself.

        Raises:
            TimeoutError: It did not come within a minute.
            RuntimeError: The session told an error, or ended.
        """
        async with asyncio.timeout(_LIMIT_S):
            while True:
                self._news.clear()
                for at in range(since, len(self.events)):
                    when, event = self.events[at]
                    if event["type"] == kind:
                        return at, when, event
                    if event["type"] == "error":
                        raise RuntimeError(f"the session failed: {event}")
                since = len(self.events)
                if self._reader.done():
                    raise RuntimeError(f"the connection ended before {kind}")
                await self._news.wait()

    async def news(self) -> None:
        """Wait for another event."""
        self._news.clear()
        async with asyncio.timeout(_LIMIT_S):
            await self._news.wait()

    def audio(self, since: int = 0) -> list[tuple[float, int]]:
        """Time and bytes of each piece of speech that came."""
        pieces = [(when, event["delta"]) for when, event in self.events[since:] if event["type"] == _AUDIO]
        return [(when, len(base64.b64decode(delta))) for when, delta in pieces]

    async def _read(self) -> None:
        async for frame in self._socket:
            self.events.append((time.perf_counter(), orjson.loads(frame)))
            self._news.set()
        self._news.set()

    async def _say(self, speech: bytes, ended: "asyncio.Future[float]") -> None:
        size, begin = FRAME_MS * BYTES_PER_MS, time.perf_counter()
        frames = [append(speech[at : at + size].ljust(size, b"\0")) for at in range(0, len(speech), size)]
        silence = append(bytes(size))
        for number in count():
            due = begin + (number + 1) * FRAME_MS / 1000  # a frame is there once its last sample was spoken
            await asyncio.sleep(due - time.perf_counter())
            self.late_s = max(self.late_s, time.perf_counter() - due)
            await self._socket.send(frames[number] if number < len(frames) else silence)
            if number == len(frames):
                ended.set_result(begin + len(speech) / BYTES_PER_MS / 1000)
