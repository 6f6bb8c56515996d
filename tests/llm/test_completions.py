"""Answers over HTTP, from a server that does what the test wants."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest

from tests.llm_server import Answer, LlmServer, Request
from vox import errors
from vox.config.llm import LlmSettings
from vox.llm import completions, connection
from vox.llm.chat import ChatEvent, ChatRequest, Finished, Message, TextDelta, Tool, ToolCallDelta, Usage
from vox.llm.completions import ChatCompletions, make_chat_model

pytestmark = pytest.mark.anyio

HELLO = ChatRequest((Message("system", "Be short."), Message("user", "Hello there.")))
WEATHER = Tool("weather", "Tells it.", {"type": "object"})


@contextlib.asynccontextmanager
async def asking(base_url: str, **settings: Any) -> AsyncGenerator[ChatCompletions]:
    model = ChatCompletions(LlmSettings.model_validate({"baseUrl": base_url, "model": "test-model", **settings}))
    try:
        yield model
    finally:
        await model.aclose()


async def ask(llm: LlmServer, request: ChatRequest = HELLO, **settings: Any) -> list[ChatEvent]:
    async with asking(llm.base_url, **settings) as model:
        return [event async for event in model.stream(request)]


def text_of(events: list[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


async def test_an_answer_in_pieces(llm: LlmServer) -> None:
    events = await ask(llm)
    assert events == [*map(TextDelta, ("You ", "said: ", "Hello ", "there.")), Finished("stop", Usage(4, 4, 0))]
    (request,) = llm.requests
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["user-agent"].startswith("vox/")
    assert "authorization" not in request.headers
    assert request.body["messages"][0] == {"role": "system", "content": "Be short."}


async def test_thoughts_that_the_template_has_begun_are_not_shown(llm: LlmServer) -> None:
    llm.then(Answer("Hm, well. </think> Hello."))
    assert text_of(await ask(llm, thinking="begun")) == "Hello."


async def test_key_and_headers_go_with_the_request() -> None:
    with LlmServer("Hi.", key="key-of-this-test") as llm:
        events = await ask(llm, apiKey="key-of-this-test", headers={"X-Title": "Mine"})
        assert text_of(events) == "Hi."
        assert llm.requests[0].headers["x-title"] == "Mine"


@pytest.mark.parametrize("ending", ["", "/", "/chat/completions"])
async def test_the_address_however_it_is_written(llm: LlmServer, ending: str) -> None:
    async with asking(llm.base_url + ending) as model:
        assert [event async for event in model.stream(HELLO)][-1] == Finished("stop", Usage(4, 4, 0))


@pytest.mark.parametrize(
    "answer",
    [
        Answer("Hello there."),
        Answer("Hello there.", comments=True),
        Answer("Hello there.", done=False),
        Answer("Hello there.", usage=False),
        Answer("Hello there.", reasoning="The user greets me."),
        Answer(pieces=("<th", "ink>They gr", "eet me.</th", "ink>\n", "\nHello", " there.")),
        Answer(raw=b'data:{"choices":[{"delta":{"content":"Hello there."}}]}\ndata:[DONE]\n'),
        Answer(raw=b'data: {"choices":[{"delta":{"content":"Hello there."},"finish_reason":"eos"}]}'),
    ],
)
async def test_liberties_of_servers(llm: LlmServer, answer: Answer) -> None:
    llm.then(answer)
    events = await ask(llm)
    assert text_of(events) == "Hello there."
    assert isinstance(events[-1], Finished) and events[-1].reason == "stop"


@pytest.mark.parametrize("whole", [False, True])
async def test_several_tool_calls(llm: LlmServer, whole: bool) -> None:
    calls = (("weather", '{"city":"Rome"}'), ("weather", '{"city":'))
    llm.then(Answer("Let me look.", tools=calls, whole_tools=whole))
    events = await ask(llm, ChatRequest(HELLO.messages, (WEATHER,)))
    pieces = [event for event in events if isinstance(event, ToolCallDelta)]
    for index, (name, arguments) in enumerate(calls):
        assert "".join(piece.arguments for piece in pieces if piece.index == index) == arguments
        assert {(piece.id, piece.name) for piece in pieces if piece.index == index} == {(f"call_{index}", name)}
    assert isinstance(events[-1], Finished) and events[-1].reason == "tool_calls"


@pytest.mark.parametrize("reason", ["length", "content_filter"])
async def test_an_answer_that_did_not_end_by_itself(llm: LlmServer, reason: str) -> None:
    llm.then(Answer("Hello", reason=reason))
    last = (await ask(llm))[-1]
    assert isinstance(last, Finished) and last.reason == reason


# ---- failures


@pytest.mark.parametrize(
    ("answer", "kind", "requests"),
    [
        (Answer(status=400), errors.LlmFailed, 1),
        (Answer(status=401), errors.ProviderUnauthorized, 1),
        (Answer(status=402), errors.PaymentRequired, 1),
        (Answer(status=404), errors.LlmFailed, 1),
        (Answer(status=307, headers=(("Location", "http://example.com/v1/chat/completions"),)), errors.LlmFailed, 1),
        (Answer(status=429), errors.RateLimited, 2),
        (Answer(status=500), errors.LlmFailed, 2),
        (Answer(status=503), errors.LlmUnavailable, 2),
        (Answer(fault="drop"), errors.LlmUnavailable, 2),
        (Answer("a b", fault="cut"), errors.LlmFailed, 1),
        (Answer("a b", fault="error"), errors.LlmFailed, 1),
        (Answer(fault="cut"), errors.LlmFailed, 1),
        (Answer(raw=b"data: nonsense\n\n"), errors.LlmFailed, 1),
        (Answer(raw=b""), errors.LlmFailed, 1),
    ],
)
async def test_failures_are_told_by_kind_and_repeated_once_where_that_may_help(
    llm: LlmServer, answer: Answer, kind: type[errors.VoxError], requests: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(completions, "_REPEAT_S", 0.0)
    llm.then(answer, answer)
    with pytest.raises(errors.VoxError) as caught:
        await ask(llm)
    assert type(caught.value) is kind and caught.value.message
    assert len(llm.requests) == requests


async def test_the_second_attempt_may_succeed_and_waits_as_long_as_it_was_told(llm: LlmServer) -> None:
    llm.then(Answer(status=429, headers=(("Retry-After", "0.4"),)))
    assert text_of(await ask(llm)) == "You said: Hello there."
    first, second = llm.requests
    assert 0.4 <= second.at - first.at < 4


async def test_nobody_waits_for_a_minute(llm: LlmServer) -> None:
    llm.then(Answer(status=429, headers=(("Retry-After", "60"),)))
    with pytest.raises(errors.RateLimited) as caught:
        await ask(llm)
    assert caught.value.details["retryAfterMs"] == 60_000 and len(llm.requests) == 1


async def test_what_has_begun_is_not_begun_anew(llm: LlmServer) -> None:
    llm.then(Answer("a b c d", fault="error", error="overloaded"))
    heard: list[ChatEvent] = []
    async with asking(llm.base_url) as model:
        with pytest.raises(errors.LlmFailed):
            async for event in model.stream(HELLO):
                heard.append(event)
    assert text_of(heard) == "a b " and len(llm.requests) == 1


async def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        async with asking(f"http://127.0.0.1:{port}/v1") as model:
            with pytest.raises(errors.LlmUnavailable, match=f"127.0.0.1:{port} cannot be reached"):
                _ = [event async for event in model.stream(HELLO)]


async def test_an_address_that_is_none() -> None:
    async with asking("http://999.1.1.1/v1") as model:
        with pytest.raises(errors.LlmFailed, match=r"llm\.baseUrl"):
            _ = [event async for event in model.stream(HELLO)]


async def test_a_server_that_says_nothing(llm: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    llm.then(Answer(fault="hang"))
    async with asking(llm.base_url) as model:
        answer = asyncio.create_task(anext(model.stream(HELLO)))
        request = await asyncio.to_thread(llm.wait_for)
        put_forward(monkeypatch, 30)
        with pytest.raises(errors.LlmTimeout, match="firstTokenMs"):
            await asyncio.wait_for(answer, 10)
        assert (await asyncio.to_thread(request.wait)).cut and len(llm.requests) == 1


def put_forward(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """So many seconds have passed for the event loop."""
    loop = asyncio.get_running_loop()
    time = loop.time
    monkeypatch.setattr(loop, "time", lambda: time() + seconds)


async def test_a_server_that_stops_in_the_middle(llm: LlmServer) -> None:
    llm.then(Answer("a b c d", fault="hang_midway"))
    with pytest.raises(errors.LlmTimeout, match="idleMs"):
        await ask(llm, timeouts={"idleMs": 150})
    assert llm.requests[0].wait().cut


async def test_the_repetition_counts_into_the_time_for_the_first_piece(llm: LlmServer) -> None:
    llm.then(Answer(status=503, headers=(("Retry-After", "5"),)))
    with pytest.raises(errors.LlmUnavailable):
        await ask(llm, timeouts={"firstTokenMs": 5000})
    assert len(llm.requests) == 1


async def test_a_field_that_the_server_refuses_is_left_out_from_then_on(llm: LlmServer) -> None:
    llm.then(Answer(status=400, error="Unrecognized request argument supplied: stream_options"))
    async with asking(llm.base_url) as model:
        for _ in range(2):
            assert [event async for event in model.stream(HELLO)][-1] == Finished("stop", None)
    assert ["stream_options" in request.body for request in llm.requests] == [True, False, False]


async def test_conversations_that_meet_such_a_server_together_are_all_answered() -> None:
    def script(body: dict[str, Any]) -> Answer:
        refused = "stream_options" in body
        return Answer(status=400, error="Unrecognized field: stream_options") if refused else Answer("Hello.")

    async def answer(model: ChatCompletions) -> str:
        return text_of([event async for event in model.stream(HELLO)])

    with LlmServer(script) as llm:
        async with asking(llm.base_url) as model:
            assert await asyncio.gather(*[answer(model) for _ in range(5)]) == ["Hello."] * 5


async def test_what_is_missing_is_told_when_it_is_needed() -> None:
    model = make_chat_model(LlmSettings(preset="groq"))
    assert model is not None and model.name == "groq"
    with pytest.raises(errors.LlmNotConfigured, match=r"llm\.model"):
        _ = [event async for event in model.stream(HELLO)]
    with pytest.raises(errors.LlmNotConfigured):
        await model.warm_up()


def test_no_settings_no_model() -> None:
    assert make_chat_model(None) is None
    assert make_chat_model(LlmSettings()) is None


# ---- cutting, and connections


async def test_closing_cuts_the_request_at_once(llm: LlmServer) -> None:
    llm.then(Answer("a b c d", fault="hang_midway"))
    async with asking(llm.base_url) as model:
        async with aclosing(model.stream(HELLO)) as events:
            await anext(events)
            begin = time.monotonic()
        assert time.monotonic() - begin < 5  # the next piece would never come
        assert (await asyncio.to_thread(llm.requests[0].wait)).cut


@pytest.mark.parametrize("answer", [Answer(fault="hang"), Answer("a b c d", fault="hang_midway")])
async def test_a_cancelled_task_cuts_the_request(llm: LlmServer, answer: Answer) -> None:
    llm.then(answer)
    async with asking(llm.base_url) as model:

        async def listen() -> None:
            async for _ in model.stream(HELLO):
                pass

        task = asyncio.create_task(listen())
        request: Request = await asyncio.to_thread(llm.wait_for, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await asyncio.to_thread(request.wait)).cut


async def test_the_connection_is_used_again(llm: LlmServer) -> None:
    async with asking(llm.base_url) as model:
        for _ in range(3):
            _ = [event async for event in model.stream(HELLO)]
    assert len({request.connection for request in llm.requests}) == 1


async def test_conversations_do_not_wait_for_each_other(llm: LlmServer) -> None:
    async with asking(llm.base_url) as model:
        llm.then(Answer("a b c d", fault="hang_midway"))
        async with aclosing(model.stream(HELLO)) as slow:
            await anext(slow)
            assert text_of([event async for event in model.stream(HELLO)]) == "You said: Hello there."


async def test_a_model_that_is_closed_ends_the_answers_it_has_begun(llm: LlmServer) -> None:
    async with asking(llm.base_url) as model, aclosing(model.stream(HELLO)) as events:
        first = await anext(events)
        await model.aclose()
        assert text_of([first, *[event async for event in events]]) == "You said: Hello there."


async def test_warming_up_sends_nothing_and_is_done_once(llm: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []
    make = connection.new_client
    monkeypatch.setattr(connection, "new_client", lambda *given: made.append(True) or make(*given))
    async with asking(llm.base_url) as model:
        await model.warm_up()
        await model.warm_up()
        assert not llm.requests
        _ = [event async for event in model.stream(HELLO)]
    assert made == [True]


async def test_local_servers_are_not_asked_through_a_proxy(llm: LlmServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert text_of(await ask(llm)) == "You said: Hello there."
