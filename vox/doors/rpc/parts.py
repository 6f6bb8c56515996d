"""Calls that answer in parts: each part an event of the call, sent when the client has room for it, then the answer."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pybase64

from vox.doors.rpc.handler import Emit
from vox.types import AudioChunk, Partial, Speech, Transcript

__all__ = ["send_speech", "send_text"]


async def send_speech(stream: AsyncGenerator[AudioChunk | Speech], emit: Emit) -> Speech:
    """Send the chunks of a stream as `synthesize.audio`. Returns the speech, whose audio was sent.

    Raises:
        VoxError: As the stream.
    """
    sequence, size = 0, 0
    async with aclosing(stream):
        async for part in stream:
            if isinstance(part, Speech):
                return part
            await emit.room()
            emit("synthesize.audio", _chunk(part, sequence))
            sequence, size = sequence + 1, size + len(part.pcm)
    raise AssertionError("a stream of speech ends with the speech")


async def send_text(stream: AsyncGenerator[Partial | Transcript], emit: Emit) -> Transcript:
    """Send the partial texts of a stream as `transcribe.partial`. Returns the transcript.

    Raises:
        VoxError: As the stream.
    """
    async with aclosing(stream):
        async for part in stream:
            if isinstance(part, Transcript):
                return part
            await emit.room()
            emit("transcribe.partial", {"text": part.text, "stable": part.stable})
    raise AssertionError("a stream of text ends with the transcript")


def _chunk(chunk: AudioChunk, sequence: int) -> dict[str, Any]:
    return {
        "sequence": sequence,
        "sampleRate": chunk.sample_rate,
        "whole": chunk.whole,
        "audioBytes": len(chunk.pcm),
        "audioBase64": pybase64.b64encode(chunk.pcm).decode("ascii"),
    }
