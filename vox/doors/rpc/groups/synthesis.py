"""Methods about sessions of synthesis: speech that is sent in pieces, asked after, and ended."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pybase64

from vox.audio import wav
from vox.audio.formats import content_type
from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.doors.rpc.shapes import speech_shape
from vox.doors.rpc.speaking import read_speech, read_timing, timing_shape
from vox.runtime.requests import Caller, SynthesizeRequest
from vox.runtime.runtime import Runtime
from vox.runtime.speech_sessions import Party, SpeechSession, SpeechSessions
from vox.runtime.timing import Overheard, TimingRequest, time_speech
from vox.types import AudioChunk, Speech

__all__ = ["MAX_PIECE", "SynthesisMethods"]

MAX_PIECE = 24 << 10
"""Bytes of audio in one event at most: half a second of speech, and a frame that nothing waits long behind."""

_STREAMED = ("wav", "pcm")  # what can be sent before its end is known


class SynthesisMethods:
    """`synthesize.startSession`, `synthesize.sessionStatus`, `synthesize.cancel`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._sessions = SpeechSessions(runtime.events)
        self.handlers: dict[str, Handler] = {
            "synthesize.startSession": self._start,
            "synthesize.sessionStatus": self._status,
            "synthesize.cancel": self._cancel,
        }

    async def _start(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        request = read_speech(params)
        content_type(request.format)  # refuses a format that is none, before anything is said of a session
        wanted, caller = read_timing(params, request.text), params.caller(emit)
        streamed = request.format in _STREAMED and params.flag("stream") is not False
        final: dict[str, Any] = {}

        def tell(session: SpeechSession, before: str | None) -> None:
            emit("session.state", {"sessionId": session.id, "state": session.state, "previous": before})

        with self._sessions.opened(_party(access, caller), request, tell) as session:
            try:
                speech, size, timing = await self._speak(session, request, wanted, caller, emit, streamed)
            except BaseException as error:
                self._runtime.history.failed("synthesis", error, caller, model=request.model, session=session.id)
                raise
            self._runtime.history.spoken(speech, request.text, caller, session=session.id)
            final = {"sessionId": session.id, **speech_shape(speech), "audioBytes": size, **timing}
            emit("session.final", final)
        return final or {"cancelled": True, "sessionId": session.id}

    async def _speak(
        self,
        session: SpeechSession,
        request: SynthesizeRequest,
        wanted: TimingRequest | None,
        caller: Caller,
        emit: Emit,
        streamed: bool,
    ) -> tuple[Speech, int, dict[str, Any]]:
        """The speech, the bytes that were sent of it, and what else the answer tells."""
        pieces, told = _Pieces(session, request.format, emit), dict[str, Any]()
        if streamed:
            overheard = Overheard()
            stream = self._runtime.synthesize_stream(request, caller, session.routed)
            spoken = await pieces.follow(overheard.passing(stream) if wanted else stream)
            heard = overheard.speech(spoken)
            speech = replace(spoken, format=request.format, content_type=content_type(request.format))
            told |= pieces.header()
        else:
            speech = heard = await self._runtime.synthesize(request, caller, session.routed)
            await pieces.send(speech.audio)
        found = await time_speech(self._runtime, request.text, heard, wanted, caller) if wanted else None
        return speech, pieces.size, told | ({"speechTiming": timing_shape(found)} if found else {})

    async def _status(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        seen = [session.status() for session in self._sessions.seen_by(_party(access, params.caller(emit)))]
        return {"session": seen[-1] if seen else None, "sessions": seen}

    async def _cancel(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        session = self._sessions.cancel(_party(access, params.caller(emit)), params.text("sessionId"))
        return {"cancelled": True, "sessionId": session.id}


class _Pieces:
    """Sends audio as `session.audio`; all of it, put together, is one file."""

    def __init__(self, session: SpeechSession, format: str, emit: Emit) -> None:
        self._session, self._format, self._emit = session, format, emit
        self._sequence = self._rate = 0
        self._open = False
        self.size = 0
        """Bytes sent."""

    async def follow(self, stream: AsyncGenerator[AudioChunk | Speech]) -> Speech:
        """Send samples as they come. A WAV begins with a header that leaves the length open, unless it is known.

        Raises:
            VoxError: As the stream.
        """
        async with aclosing(stream):
            async for part in stream:
                if isinstance(part, Speech):
                    return part
                await self.send(self._begin(part) + part.pcm)
        raise AssertionError("a stream of speech ends with the speech")

    async def send(self, audio: bytes) -> None:
        """Send some bytes of the file."""
        for piece in _cut(audio):
            await self._emit.room()
            self._emit(
                "session.audio",
                {
                    "sessionId": self._session.id,
                    "sequence": self._sequence,
                    "modelId": self._session.model,
                    "voiceId": self._session.voice,
                    "format": self._format,
                    "contentType": content_type(self._format),
                    **({"sampleRate": self._rate} if self._rate else {}),
                    "audioBase64": pybase64.b64encode(piece).decode("ascii"),
                    "audioBytes": len(piece),
                },
            )
            self._sequence, self.size = self._sequence + 1, self.size + len(piece)

    def header(self) -> dict[str, Any]:
        """The header to put in the place of the one that left the length open, now that it is known."""
        if not self._open:
            return {}
        exact = wav.header(self._rate, 1, min(self.size - wav.HEADER_BYTES, wav.MAX_DATA_BYTES))
        return {"headerBase64": pybase64.b64encode(exact).decode("ascii")}

    def _begin(self, first: AudioChunk) -> bytes:
        if self._rate:
            return b""
        self._rate = first.sample_rate
        if self._format != "wav":
            return b""
        self._open = not first.whole
        return wav.header(self._rate, 1, len(first.pcm) if first.whole else wav.MAX_DATA_BYTES)


def _cut(audio: bytes) -> Iterator[bytes]:
    return (audio[start : start + MAX_PIECE] for start in range(0, len(audio), MAX_PIECE))


def _party(access: Access, caller: Caller) -> Party:
    return Party(access.connection, caller.client, access.owner, access.files)
