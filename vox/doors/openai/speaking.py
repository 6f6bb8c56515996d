"""`/v1/audio/speech`: text becomes speech, which is sent while it is made."""

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pybase64
from starlette.requests import Request
from starlette.responses import Response

from vox.audio.formats import STREAM_FORMATS
from vox.doors.bodies import read_json
from vox.doors.openai.caller import caller_of
from vox.doors.openai.names import Names
from vox.doors.openai.speech_request import Asked, read_speech
from vox.doors.openai.streaming import EVENTS, begun, event, telling_errors
from vox.doors.presence import while_present
from vox.runtime.requests import Caller, SynthesizeRequest
from vox.runtime.runtime import Runtime
from vox.types import AudioChunk, Speech

if TYPE_CHECKING:
    from vox.audio.stream_encode import SpeechEncoder

__all__ = ["Speaking"]

_EXACT = ("wav", "flac")  # they tell their length at the beginning
_UNCODED = ("wav", "pcm")
_PIECE_S = 0.25  # seconds encoded at once: the first is heard before the rest of what the engine gave is encoded

_CHARACTERS_A_TOKEN = 4
_TOKENS_A_SECOND = 20


class Speaking:
    """The endpoint over one runtime."""

    def __init__(self, runtime: Runtime, names: Names) -> None:
        self._runtime, self._names = runtime, names

    async def speak(self, request: Request) -> Response:
        """The speech, as a file or as events.

        Raises:
            VoxError: As `Runtime.synthesize_stream`, as far as it goes wrong before there is any sound.
        """
        caller, fields = caller_of(request, "audio.speech"), await read_json(request)
        asked = await anyio.to_thread.run_sync(read_speech, fields)  # the first one loads the encoders
        wanted = await while_present(request.receive, partial(self._meant, asked.request))
        parts = self._parts(wanted, asked.format, caller)
        if asked.events:
            return await begun(request, telling_errors(_events(parts, asked)), EVENTS)
        return await begun(request, _bytes(parts), STREAM_FORMATS[asked.format])

    async def _meant(self, request: SynthesizeRequest) -> SynthesizeRequest:
        model, voice = await self._names.speaker(request.model, request.voice)
        return replace(request, model=model, voice=voice)

    async def _parts(self, request: SynthesizeRequest, format: str, caller: Caller) -> AsyncGenerator[bytes | Speech]:
        """The file in parts, none of them empty, then what is known of the speech."""
        encoder: SpeechEncoder | None = None
        speech: Speech | None = None
        try:
            async with aclosing(self._runtime.synthesize_stream(request, caller)) as stream:
                async for part in stream:
                    if isinstance(part, AudioChunk):
                        encoder = encoder or _encoder_for(part, format)
                        async for encoded in _encoded(encoder, part, format):
                            yield encoded
                    else:
                        speech = part
            if encoder is not None and (rest := await anyio.to_thread.run_sync(encoder.finish)):
                yield rest
        except BaseException as error:
            self._runtime.history.failed("synthesis", error, caller, model=request.model)
            raise
        if speech is not None:
            self._runtime.history.spoken(speech, request.text, caller)
            yield speech


def _encoder_for(first: AudioChunk, format: str) -> "SpeechEncoder":
    from vox.audio.stream_encode import make_encoder

    exact = first.whole and format in _EXACT
    return make_encoder(format, first.sample_rate, len(first.pcm) // 2 if exact else None)


async def _encoded(encoder: "SpeechEncoder", chunk: AudioChunk, format: str) -> AsyncGenerator[bytes]:
    size = 2 * round(chunk.sample_rate * _PIECE_S)
    for start in range(0, len(chunk.pcm), size):
        pcm = chunk.pcm[start : start + size]
        # A codec takes milliseconds for a second of speech, which all other calls would wait for.
        encoded = encoder.encode(pcm) if format in _UNCODED else await anyio.to_thread.run_sync(encoder.encode, pcm)
        if encoded:
            yield encoded


async def _bytes(parts: AsyncGenerator[bytes | Speech]) -> AsyncGenerator[bytes]:
    async with aclosing(parts):
        async for part in parts:
            if isinstance(part, bytes):
                yield part


async def _events(parts: AsyncGenerator[bytes | Speech], asked: Asked) -> AsyncGenerator[bytes]:
    async with aclosing(parts):
        async for part in parts:
            if isinstance(part, bytes):
                yield event({"type": "speech.audio.delta", "audio": pybase64.b64encode(part).decode("ascii")})
            else:
                yield event({"type": "speech.audio.done", "usage": _usage(asked.request.text, part.duration_s)})


def _usage(text: str, duration_s: float) -> dict[str, Any]:
    """Clients want tokens, of which no engine here knows: so many characters, and so much of a second, count as one."""
    spoken = math.ceil(len(text) / _CHARACTERS_A_TOKEN)
    heard = math.ceil(duration_s * _TOKENS_A_SECOND)
    return {"input_tokens": spoken, "output_tokens": heard, "total_tokens": spoken + heard}
