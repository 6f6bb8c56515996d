"""A language model's server for the tests: real HTTP on 127.0.0.1, and every answer a script.

    with LlmServer("Hello there.", first_token_s=0.03) as llm:
        ...  # llm.base_url, llm.requests[0].body, llm.requests[0].cut

It refuses what servers in the field refuse: empty tool lists, orphaned tool messages, a tool choice without tools. What
the next requests get is put in line with `then`; after that the script given at the start answers: a text, an `Answer`,
a mapping from the last user text, or a function of the request's body. Alone, for measurements:

    python -m tests.llm_server --port 0 --first-token-ms 30
"""

import argparse
import asyncio
import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

__all__ = ["Answer", "LlmServer", "Request", "last_user_text"]

MODEL = "test-model"
WRONG_KEY = "Incorrect API key provided."


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does with one request."""

    text: str = ""
    pieces: tuple[str, ...] = ()
    """The text as it is cut; default: at blanks."""
    tools: tuple[tuple[str, str], ...] = ()
    """Names and arguments (any text, so broken JSON too) of the tool calls that follow the text."""
    whole_tools: bool = False
    """As Ollama does: each call in one piece, without index, and `finish_reason: "stop"`."""
    reasoning: str = ""
    """Sent before the text under `reasoning_content`."""
    reason: str | None = None
    """`finish_reason`; default: `tool_calls` with calls, else `stop`."""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    error: str = "This is what the script says."
    """The message of an answer with another status than 200, and of the fault `error`."""
    fault: Literal["hang", "hang_midway", "cut", "error", "drop"] | None = None
    """`drop` closes before any answer, `hang` says nothing at all; `hang_midway`, `cut` and `error` come after half."""
    comments: bool = False
    """Send SSE comments among the events, as OpenRouter does."""
    done: bool = True
    """Send `[DONE]`."""
    usage: bool = True
    """Send token counts in a last chunk when the request wants them."""
    first_token_s: float | None = None
    token_s: float | None = None
    raw: bytes | None = None
    """The whole body of the answer, in place of all the above."""


@dataclass(slots=True, eq=False)
class Request:
    """A request as it came, and how it ended."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    connection: int = 0
    """Which one it came over."""
    at: float = field(default_factory=time.monotonic)
    cut: bool = False
    """The client closed the connection before it had the whole answer."""
    sent: int = 0
    """Pieces of text and calls that were sent."""
    ended: threading.Event = field(default_factory=threading.Event)

    def wait(self, timeout: float = 10) -> Self:
        """Wait until the answer is over, one way or another."""
        assert self.ended.wait(timeout), "the server is still answering"
        return self


Script = str | Answer | Mapping[str, "str | Answer"] | Callable[[dict[str, Any]], "str | Answer"]


class LlmServer:
    """The server, in a thread of its own. Leaving it ends every connection."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        first_token_s: float = 0.0,
        token_s: float = 0.0,
        models: tuple[str, ...] = (MODEL,),
        key: str | None = None,
        strict: bool = True,
        port: int = 0,
    ) -> None:
        self.first_token_s, self.token_s = first_token_s, token_s
        self.models, self.key, self.strict, self.port = models, key, strict, port
        self.requests: list[Request] = []
        self._script: Script = echo if script is None else script
        self._next: list[Answer] = []
        self._came = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="llm-server", daemon=True)

    @property
    def base_url(self) -> str:
        """What goes into `llm.baseUrl`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def then(self, *answers: str | Answer) -> None:
        """What the next requests get, one each."""
        self._next += [as_answer(answer) for answer in answers]

    def wait_for(self, count: int = 1, timeout: float = 10) -> Request:
        """The request of that number, counted from 1, once it is there."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.requests) >= count, timeout), f"{len(self.requests)} requests"
        return self.requests[count - 1]

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        connections: set[_Connection] = set()
        server = await self._loop.create_server(lambda: _Connection(self, connections), "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(connections):
            await connection.end()
        await server.wait_closed()

    def admits(self, request: Request) -> bool:
        """Whether the request has the key, if one is wanted."""
        return self.key is None or request.headers.get("authorization") == f"Bearer {self.key}"

    def _record(self, request: Request) -> None:
        with self._came:
            self.requests.append(request)
            self._came.notify_all()

    def _answer(self, request: Request) -> Answer:
        if not self.admits(request):
            return Answer(status=401, error=WRONG_KEY)
        wrong = complaint(request.body) if self.strict else None
        if wrong is not None:
            return Answer(status=400, error=wrong)
        if self._next:
            return self._next.pop(0)
        script = self._script
        if callable(script):
            return as_answer(script(request.body))
        return as_answer(script.get(last_user_text(request.body), "") if isinstance(script, Mapping) else script)


class _Connection(asyncio.Protocol):
    """One connection, kept open from request to request."""

    def __init__(self, server: LlmServer, connections: set["_Connection"]) -> None:
        self._server, self._connections = server, connections
        self._buffer = bytearray()
        self._gone = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        self._gone.set()
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._task is None or self._task.done():
            self._begin()

    async def end(self) -> None:
        self._transport.abort()
        if self._task is not None:
            await asyncio.wait([self._task])

    def _begin(self) -> None:
        head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        if not found or len(rest) < length:
            return
        self._buffer = bytearray(rest[length:])
        method, path, _ = first.split(" ", 2)
        body = json.loads(rest[:length]) if length else {}
        self._task = asyncio.get_running_loop().create_task(
            self._handle(method, Request(path, headers, body, id(self)))
        )

    async def _handle(self, method: str, request: Request) -> None:
        if method == "GET" and not self._server.admits(request):
            self._whole(401, error_body(WRONG_KEY))
        elif method == "GET" and request.path == "/v1/models":
            self._body(200, list_body(self._server.models))
        elif method == "GET" or request.path != "/v1/chat/completions":
            self._whole(404, error_body("No such page."))
        else:
            self._server._record(request)
            try:
                await self._chat(request, self._server._answer(request))
            except ConnectionResetError:
                request.cut = not self._server._stop.is_set()
            request.ended.set()
        if self._buffer:
            self._task = None
            self._begin()

    async def _chat(self, request: Request, answer: Answer) -> None:
        if answer.fault == "hang":
            await self._pause(None)
        if answer.fault == "drop":
            self._transport.abort()
        elif answer.raw is not None:
            self._head(200, "text/event-stream", len(answer.raw))
            self._transport.write(answer.raw)
        elif answer.status != 200:
            self._whole(answer.status, error_body(answer.error), answer.headers)
        else:
            await self._stream(request, answer)

    async def _stream(self, request: Request, answer: Answer) -> None:
        first_s = self._server.first_token_s if answer.first_token_s is None else answer.first_token_s
        token_s = self._server.token_s if answer.token_s is None else answer.token_s
        self._head(200, "text/event-stream", None)
        if answer.comments:
            self._chunk(b": PROCESSING\n\n")
        await self._pause(first_s)
        chunks = list(answer_chunks(answer))
        half = (len(chunks) + 1) // 2
        for number, chunk in enumerate(chunks):
            if number == half and answer.fault is not None:
                return await self._break(answer)
            if number:
                await self._pause(token_s)
            self._event(request, chunk)
            request.sent += 1
            if answer.comments:
                self._chunk(b": PROCESSING\n\n")
        if answer.fault is not None:
            return await self._break(answer)
        for chunk in last_chunks(request.body, answer):
            self._event(request, chunk)
        if answer.done:
            self._chunk(b"data: [DONE]\n\n")
        self._transport.write(b"0\r\n\r\n")

    async def _break(self, answer: Answer) -> None:
        if answer.fault == "error":
            self._chunk(b"data: " + json.dumps(error_body(answer.error)).encode() + b"\n\n")
            self._transport.write(b"0\r\n\r\n")
        elif answer.fault == "cut":
            self._transport.close()
        else:
            await self._pause(None)

    async def _pause(self, seconds: float | None) -> None:
        """Wait, but not for a client that is gone.

        Raises:
            ConnectionResetError: It is gone.
        """
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._gone.wait(), seconds)
        if self._gone.is_set():
            raise ConnectionResetError

    def _event(self, request: Request, chunk: dict[str, Any]) -> None:
        whole = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": request.body.get("model"), **chunk}
        self._chunk(b"data: " + json.dumps(whole).encode() + b"\n\n")

    def _chunk(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%s\r\n" % (len(data), data))

    def _whole(self, status: int, body: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()) -> None:
        self._body(status, json.dumps(body).encode(), headers)

    def _body(self, status: int, data: bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self._head(status, "application/json", len(data), headers)
        self._transport.write(data)

    def _head(
        self, status: int, content_type: str, length: int | None, headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        size = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
        lines = [f"{name}: {value}" for name, value in (("Content-Type", content_type), size, *headers)]
        self._transport.write("\r\n".join([f"HTTP/1.1 {status} Scripted", *lines, "", ""]).encode("latin-1"))


def as_answer(answer: str | Answer) -> Answer:
    return answer if isinstance(answer, Answer) else Answer(answer)


def echo(body: dict[str, Any]) -> str:
    return f"You said: {last_user_text(body)}"


def last_user_text(body: Mapping[str, Any]) -> str:
    """The text of the last message of a user, or nothing."""
    return next((m["content"] for m in reversed(body.get("messages", [])) if m.get("role") == "user"), "")


def list_body(models: tuple[str, ...]) -> bytes:
    return json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in models]}).encode()


def error_body(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "server_error", "code": None}}


def answer_chunks(answer: Answer) -> list[dict[str, Any]]:
    """The chunks with text and calls, in order."""
    deltas: list[dict[str, Any]] = [{"reasoning_content": piece} for piece in cut(answer.reasoning)]
    deltas += [{"content": piece} for piece in answer.pieces or cut(answer.text)]
    for index, (name, arguments) in enumerate(answer.tools):
        call = {"id": f"call_{index}", "type": "function"}
        if answer.whole_tools:
            deltas.append({"tool_calls": [{**call, "function": {"name": name, "arguments": arguments}}]})
            continue
        deltas.append({"tool_calls": [{"index": index, **call, "function": {"name": name, "arguments": ""}}]})
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": arguments[at : at + 5]}}]}
            for at in range(0, len(arguments), 5)
        ]
    return [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]


def last_chunks(body: Mapping[str, Any], answer: Answer) -> list[dict[str, Any]]:
    """The chunk with the reason, and the one with the usage if it is wanted."""
    calls = bool(answer.tools) and not answer.whole_tools
    reason = answer.reason or ("tool_calls" if calls else "stop")
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}]
    if answer.usage and (body.get("stream_options") or {}).get("include_usage"):
        prompt = sum(len(cut(str(message.get("content") or ""))) for message in body["messages"])
        written = len(answer_chunks(answer))
        counts = {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
        chunks.append({"choices": [], "usage": {**counts, "prompt_tokens_details": {"cached_tokens": 0}}})
    return chunks


def cut(text: str) -> list[str]:
    """The text in words with the blanks behind them."""
    return re.findall(r"\S+\s*|\s+", text)


def complaint(body: Mapping[str, Any]) -> str | None:
    """What a strict server would refuse the request for, or None."""
    if not body.get("model") or body.get("stream") is not True:
        return "`model` and `stream: true` are wanted."
    if "tools" in body and not body["tools"]:
        return "[] is too short - 'tools'"
    if "tools" not in body and ("tool_choice" in body or "parallel_tool_calls" in body):
        return "`tool_choice` and `parallel_tool_calls` are only allowed with `tools`."
    return _wrong_message(body.get("messages") or [])


def _wrong_message(messages: list[dict[str, Any]]) -> str | None:
    if not messages:
        return "`messages` is empty."
    awaited: list[str] = []
    for number, message in enumerate(messages):
        role, content = message.get("role"), message.get("content")
        if role not in ("system", "user", "assistant", "tool"):
            return f"messages[{number}]: unknown role {role!r}."
        if role == "system" and number:
            return f"messages[{number}]: the only system message stands at the front."
        if role == "tool":
            if message.get("tool_call_id") not in awaited:
                return f"messages[{number}]: a tool message answers a call of the assistant message before it."
            awaited.remove(message["tool_call_id"])
        elif awaited:
            return f"messages[{number}]: no tool message answers {awaited}."
        calls = message.get("tool_calls")
        if calls is not None and (role != "assistant" or not calls):
            return f"messages[{number}]: empty or misplaced `tool_calls`."
        if not isinstance(content, str) and not (calls and content is None):
            return f"messages[{number}]: `content` is no text."
        awaited = [*awaited, *(call["id"] for call in calls or ())]
    return f"no tool message answers {awaited}." if awaited else None


def main() -> None:
    """Serve until the process is ended; the first line on stdout is the base URL."""
    parser = argparse.ArgumentParser(description="A language model's server that answers from a script.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first-token-ms", type=float, default=0.0)
    parser.add_argument("--token-ms", type=float, default=0.0)
    parser.add_argument("--text", help="what it answers; default: it repeats what the user said")
    given = parser.parse_args()
    times = {"first_token_s": given.first_token_ms / 1000, "token_s": given.token_ms / 1000}
    with LlmServer(given.text, port=given.port, **times) as server, contextlib.suppress(KeyboardInterrupt):
        print(server.base_url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
