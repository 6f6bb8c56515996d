"""The answer of a response as it comes in, with a bound on each wait."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

from vox.errors import LlmFailed, LlmTimeout
from vox.llm.chat import ChatEvent
from vox.llm.reading import Reading
from vox.llm.sse import Events, EventTooLong, Whole

if TYPE_CHECKING:
    import httpx

__all__ = ["read_answer"]

_COUNTS_S = 1.0  # token counts come right behind the last piece, or not at all
_REST_S = 0.2  # for the end of the body, without which the connection cannot be used again


async def read_answer(
    response: "httpx.Response", server: str, deadline: float, idle_s: float, *, thinking_begun: bool = False
) -> AsyncGenerator[ChatEvent]:
    """The events of an answer.

    Args:
        server: How messages name the server.
        deadline: In the event loop's time: when the first piece must be there.
        idle_s: Seconds between one piece and the next. Comments, which say that the server lives, count as none.
        thinking_begun: The answer begins inside a thought, whose opening mark was in the prompt.

    Raises:
        LlmTimeout: Nothing has come for too long.
        LlmFailed: The answer breaks off, or cannot be read.
        VoxError: The server tells of a failure.
    """
    now = asyncio.get_running_loop().time
    is_whole = response.headers.get("content-type", "").startswith("application/json")
    reading = Reading(server, thinking_begun=thinking_begun)
    payloads = Whole() if is_whole else Events()
    async with aclosing(cast("AsyncGenerator[bytes]", response.aiter_bytes())) as pieces:
        while not reading.done and (data := await _next(pieces, reading, deadline)) is not None:
            written, finished = reading.written, reading.finished
            for payload in _fed(payloads, data, server):
                for event in reading.feed(payload):
                    yield event
            if reading.finished and not finished:
                deadline = now() + _COUNTS_S
            elif reading.written > written:
                deadline = now() + idle_s
        for payload in payloads.end():
            for event in reading.feed(payload):
                yield event
        for event in reading.end():
            yield event
        await _next(pieces, reading, now() + _REST_S)


def _fed(payloads: Events | Whole, data: bytes, server: str) -> list[bytes]:
    try:
        return list(payloads.feed(data))
    except EventTooLong as error:
        raise LlmFailed(f"What {server} sends cannot be read: {error}.") from None


async def _next(pieces: AsyncGenerator[bytes], reading: Reading, deadline: float) -> bytes | None:
    """The next piece of the body; None at its end, and when an answer that is complete gets none in time."""
    import httpx

    try:
        async with asyncio.timeout_at(deadline):
            return await anext(pieces, None)
    except TimeoutError:
        if not (reading.finished or reading.done):
            raise LlmTimeout(_silence(reading)) from None
    except httpx.HTTPError:
        if not (reading.finished or reading.done):
            raise LlmFailed(f"{reading.server} broke off in the middle of its answer.") from None
    return None


def _silence(reading: Reading) -> str:
    if reading.written:
        return f"{reading.server} has stopped in the middle of its answer. llm.timeouts.idleMs allows longer pauses."
    return f"{reading.server} has not begun to answer in time. llm.timeouts.firstTokenMs allows more."
