"""A provider made with `vox.provider`, asked in this process: its own loop and threads, without pipes.

Everything crosses as the line it would be on the wire, so what cannot be said in JSON fails here as well.
"""

import itertools
import json
import threading
from dataclasses import dataclass
from typing import Any

from vox.provider import Provider, ProviderError
from vox.provider.serve import Server

__all__ = ["MemoryTransport", "Notification", "Request"]

TIMEOUT_S = 10.0
"""How long an answer is waited for; a handler under test works for milliseconds."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What a provider tells on the way: `progress`, `partial` or `audio`."""

    method: str
    params: dict[str, Any]


class MemoryTransport:
    """Sends a provider's functions the requests that Vox would send.

    Use it in a `with` block, or close it: running work is told to stop then.

    Args:
        provider: Of the program under test.
        timeout_s: Seconds to wait for an answer.
    """

    def __init__(self, provider: Provider, timeout_s: float = TIMEOUT_S) -> None:
        self.notifications: list[Notification] = []
        """All that was told so far, in order."""
        self.refused: list[ProviderError] = []
        """Answers to lines that were no requests, which therefore have no id."""
        self._timeout_s = timeout_s
        self._requests: dict[int, Request] = {}
        self._numbers = itertools.count(1)
        self._server = Server(provider, _Answers(self._take))

    def call(self, method: str, params: dict[str, Any] | None = None) -> Any:
        """Ask, and wait for the result.

        Raises:
            ProviderError: The answer is an error; its message, code, number and data are those of the wire.
            TimeoutError: There is no answer.
        """
        return self.send(method, params).result()

    def send(self, method: str, params: dict[str, Any] | None = None) -> "Request":
        """Ask without waiting, to have several calls run at once or to cancel one."""
        request = Request(self, next(self._numbers), method, self._timeout_s)
        self._requests[request.number] = request
        self.line({"id": request.number, "method": method, "params": params or {}})
        return request

    def notify(self, method: str, params: dict[str, Any] | None = None) -> None:
        """Tell something that has no answer, such as `cancel`."""
        self.line({"method": method, "params": params or {}})

    def line(self, message: dict[str, Any] | bytes) -> None:
        """Send a line as it is: a message without its `jsonrpc`, or bytes that are none at all."""
        if isinstance(message, dict):
            message = json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
        self._server.receive(message)

    def close(self) -> None:
        """Stop what runs, as the end of input does."""
        self._server.drop()
        self._server.close()

    def __enter__(self) -> "MemoryTransport":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, line: bytes) -> None:
        message = json.loads(line)
        if "method" in message:
            self.notifications.append(Notification(message["method"], message["params"]))
        elif (request := self._requests.pop(message["id"], None)) is not None:
            request.answer(message)
        else:
            self.refused.append(_error(message["error"]))


class Request:
    """A call on its way."""

    def __init__(self, transport: MemoryTransport, number: int, method: str, timeout_s: float) -> None:
        self.number = number
        """Its id on the wire."""
        self._transport = transport
        self._method = method
        self._timeout_s = timeout_s
        self._answered = threading.Event()
        self._message: dict[str, Any] = {}

    @property
    def done(self) -> bool:
        """Whether it has been answered."""
        return self._answered.is_set()

    def cancel(self) -> None:
        """Tell the provider that nobody waits for it any more; it still answers."""
        self._transport.notify("cancel", {"id": self.number})

    def result(self) -> Any:
        """Wait for the result.

        Raises:
            ProviderError: As `MemoryTransport.call`.
            TimeoutError: There is no answer.
        """
        if not self._answered.wait(self._timeout_s):
            raise TimeoutError(f"{self._method} was not answered within {self._timeout_s:g} s")
        if "error" in self._message:
            raise _error(self._message["error"])
        return self._message["result"]

    def answer(self, message: dict[str, Any]) -> None:
        """Its answer has come."""
        self._message = message
        self._answered.set()


class _Answers:
    reader_gone = False

    def __init__(self, take: Any) -> None:
        self._take = take
        self._lock = threading.Lock()

    def write(self, *pieces: bytes) -> None:
        with self._lock:
            self._take(b"".join(pieces))


def _error(body: dict[str, Any]) -> ProviderError:
    data: dict[str, Any] = dict(body.get("data", {}))
    return ProviderError(body["message"], data.pop("code", None), body["code"], **data)
