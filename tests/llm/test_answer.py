"""How long is waited for an answer, on a clock that leaps."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.clock import run
from vox.errors import LlmFailed, LlmTimeout
from vox.llm.answer import read_answer
from vox.llm.chat import ChatEvent, Finished, TextDelta, Usage

FIRST_S, IDLE_S = 30.0, 15.0
FOR_EVER = 1e6
COMMENT = b": PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"


class Body(httpx.AsyncByteStream):
    """Pieces, each after a pause; without an end, or broken off, if that is wanted."""

    def __init__(self, *pieces: tuple[float, bytes], breaks: bool = False) -> None:
        self._pieces, self._breaks = pieces, breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for pause_s, piece in self._pieces:
            await asyncio.sleep(pause_s)
            yield piece
        if self._breaks:
            raise httpx.ReadError("gone")


def sent(delta: dict[str, Any] | None = None, reason: str | None = None, **fields: Any) -> bytes:
    chunk = {"choices": [{"delta": delta or {}, "finish_reason": reason}], **fields}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def read(body: Body) -> tuple[list[ChatEvent], Exception | None, float]:
    """The events, what was raised, and the seconds it took."""

    async def main() -> tuple[list[ChatEvent], Exception | None, float]:
        now, events = asyncio.get_running_loop().time, list[ChatEvent]()
        begin = now()
        try:
            async for event in read_answer(httpx.Response(200, stream=body), "example.com", begin + FIRST_S, IDLE_S):
                events.append(event)
        except (LlmTimeout, LlmFailed) as error:
            return events, error, now() - begin
        return events, None, now() - begin

    return run(main())


HELLO = sent({"content": "Hello."})


def test_the_first_word_may_take_until_the_deadline() -> None:
    events, error, took = read(Body((29.9, HELLO), (0, sent(reason="stop")), (0, DONE)))
    assert (events, error) == ([TextDelta("Hello."), Finished("stop")], None) and 29.9 <= took < FIRST_S


@pytest.mark.parametrize("before", [b"", COMMENT, sent({"role": "assistant", "content": ""})])
def test_signs_of_life_are_no_answer(before: bytes) -> None:
    events, error, took = read(Body(*[(7.0, before)] * 100))
    assert isinstance(error, LlmTimeout) and "firstTokenMs" in error.message
    assert (events, took) == ([], FIRST_S)


@pytest.mark.parametrize("field", ["content", "reasoning_content"])
def test_each_piece_puts_the_end_off_thoughts_too(field: str) -> None:
    pieces = [(14.0, sent({field: "Well. "}))] * 10
    events, error, took = read(Body(*pieces, (0, sent(reason="stop")), (0, DONE)))
    assert error is None and events[-1] == Finished("stop")
    assert took == pytest.approx(140)


def test_a_pause_in_the_middle_that_is_too_long() -> None:
    events, error, took = read(Body((1, HELLO), (10, COMMENT), (10, HELLO)))
    assert isinstance(error, LlmTimeout) and "idleMs" in error.message
    assert (events, took) == ([TextDelta("Hello.")], 1 + IDLE_S)


def test_counts_are_waited_for_a_moment_and_not_missed() -> None:
    counts = sent(usage={"prompt_tokens": 9, "completion_tokens": 2})
    end = [(1.0, HELLO), (1.0, sent(reason="stop"))]
    assert read(Body(*end, (0.9, counts), (FOR_EVER, DONE)))[0][-1] == Finished("stop", Usage(9, 2))
    events, error, took = read(Body(*end, (FOR_EVER, counts)))
    assert events[-1] == Finished("stop") and error is None and took < 4


def test_what_comes_behind_the_last_word_is_not_waited_for() -> None:
    events, error, took = read(Body((0, HELLO), (0, DONE), (FOR_EVER, COMMENT)))
    assert events == [TextDelta("Hello."), Finished("stop")] and error is None and took < 1


def test_a_connection_that_breaks() -> None:
    _, error, _ = read(Body((0, HELLO), breaks=True))
    assert isinstance(error, LlmFailed) and "broke off" in error.message
    events, error, _ = read(Body((0, HELLO), (0, sent(reason="stop")), breaks=True))
    assert events[-1] == Finished("stop") and error is None
