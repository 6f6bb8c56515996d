"""The loop of a provider: requests in, work on threads, answers out, until standard input ends.

The main thread only reads, so a cancellation or a question is heard while models run. Each method belongs to a lane:
`models` and `voices` are answered beside running work, an install does not keep speech waiting, and everything else
shares as many threads as the provider declared.
"""

from __future__ import annotations

import os
import sys
from time import monotonic, sleep

from vox.provider.call import Call
from vox.provider.cjson import loads
from vox.provider.failure import Cancelled, ProviderError
from vox.provider.handle import handle
from vox.provider.lanes import MAX_WAITING, Job, Lane
from vox.provider.stdio import take_stdin, take_stdout
from vox.provider.wire import failure, notification

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO, NoReturn, Protocol

    from vox.provider.provider import Provider

    class Answers(Protocol):
        """Where answers go: `Output`, or what a test has in its place."""

        @property
        def reader_gone(self) -> bool:
            """True once nobody can read them any more."""
            ...

        def write(self, *pieces: bytes) -> None:
            """One line, given in pieces; from any thread."""
            ...


__all__ = ["Server", "serve"]

MAX_LINE = 64 << 20  # bytes of one request; Vox sends paths, not audio, so this is far off
_GRACE_S = 0.5  # for handlers to notice that nobody waits for them; Vox gives a process 2 s before it signals
_LOOK_S = 0.02  # how often the end of the last work is looked for
_PARSE_ERROR, _INVALID_REQUEST, _METHOD_NOT_FOUND = -32700, -32600, -32601
_LANES = {"models": "ask", "voices": "ask", "install": "install", "import": "install", "remove": "install"}


def serve(provider: Provider) -> NoReturn:
    """Answer requests on standard input until it ends, then exit with status 0.

    Work in hand at that moment is finished first, unless nobody is left to read its answer.
    """
    server = Server(provider, take_stdout())
    requests = take_stdin()
    try:
        server.read(requests)
        server.finish()
    except KeyboardInterrupt:  # somebody runs the program by hand
        server.drop()
    if server.working:
        sys.stderr.flush()
        os._exit(0)  # a handler stuck in foreign code must not hold the process back
    server.close()
    requests.close()
    sys.exit(0)


class Server:
    """Answers requests with a provider's functions.

    Args:
        output: Takes the lines of answers and notifications.
    """

    def __init__(self, provider: Provider, output: Answers) -> None:
        self._provider = provider
        self._output = output
        self._jobs: dict[Any, Job] = {}
        self._lanes = {
            "ask": Lane(1, self._work),
            "install": Lane(1, self._work),
            "work": Lane(provider.max_concurrency, self._work),
        }

    @property
    def working(self) -> bool:
        """Whether a handler is running."""
        return any(lane.running for lane in self._lanes.values())

    def read(self, requests: BinaryIO) -> None:
        """Take requests until there are no more."""
        while line := requests.readline(MAX_LINE):
            if len(line) == MAX_LINE and not line.endswith(b"\n"):
                _skip_line(requests)
                self._refuse(None, _PARSE_ERROR, f"The request is longer than {MAX_LINE} bytes.")
            elif line.strip():
                self.receive(line)

    def receive(self, line: bytes) -> None:
        """One line with a request, a notification, or several of them. Never waits for work."""
        try:
            message = loads(line.removeprefix(b"\xef\xbb\xbf").decode())
        except (ValueError, RecursionError) as error:
            return self._refuse(None, _PARSE_ERROR, f"The request is not JSON: {error}")
        for item in message if isinstance(message, list) and message else [message]:
            self._accept(item)

    def finish(self) -> None:
        """Wait for the work in hand, as long as somebody reads the answers."""
        while self._jobs or self.working:
            if self._output.reader_gone:
                return self.drop()
            sleep(_LOOK_S)

    def drop(self) -> None:
        """Ask running handlers to stop, and give them a moment for their own clean-up."""
        for job in list(self._jobs.values()):
            job.call.cancel()
        end = monotonic() + _GRACE_S
        while self.working and monotonic() < end:
            sleep(_LOOK_S)

    def close(self) -> None:
        """End the idle threads."""
        for lane in self._lanes.values():
            lane.close()

    def _accept(self, message: Any) -> None:
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            number = message.get("id") if isinstance(message, dict) else None
            return self._refuse(number, _INVALID_REQUEST, "A request is an object with a method.")
        number, method = message.get("id"), message["method"]
        params: dict[str, Any] = message["params"] if isinstance(message.get("params"), dict) else {}
        if number is None:
            return self._cancel(params.get("id")) if method == "cancel" else None
        if method not in self._provider.handlers:
            return self._refuse(number, _METHOD_NOT_FOUND, f"This provider has no method {method!r}.")
        if not isinstance(number, int | str) or number in self._jobs:
            return self._refuse(number, _INVALID_REQUEST, "The id must be a number or string that is not in use.")
        self._enqueue(Job(number, Call(method, params, self._notify, number)))

    def _enqueue(self, job: Job) -> None:
        lane = self._lanes[_LANES.get(job.call.method, "work")]
        if lane is not self._lanes["ask"]:
            _become_main_thread()
        if lane.full:
            busy = ProviderError(f"{MAX_WAITING} requests are waiting already.", "provider_busy", retryAfterMs=1000)
            return self._output.write(failure(job.id, busy.to_wire()))
        self._jobs[job.id] = job
        lane.put(job)

    def _cancel(self, number: Any) -> None:
        """A waiting job is answered at once; a running one when its handler notices."""
        job = self._jobs.get(number) if isinstance(number, int | str) else None
        if job is not None:
            job.call.cancel()
            if job.settle():
                self._answer(job, failure(job.id, Cancelled().to_wire()))

    def _work(self, job: Job) -> None:
        if job.settle():
            self._answer(job, *handle(self._provider, job))

    def _answer(self, job: Job, *line: bytes) -> None:
        self._jobs.pop(job.id, None)
        self._output.write(*line)

    def _notify(self, method: str, params: dict[str, Any]) -> None:
        self._output.write(notification(method, params))

    def _refuse(self, number: Any, code: int, message: str) -> None:
        self._output.write(failure(number, {"code": code, "message": message}))


def _become_main_thread() -> None:
    """Import `threading` here before an engine does elsewhere: it takes the thread that imports it for the main one."""
    import threading

    threading.main_thread()


def _skip_line(requests: BinaryIO) -> None:
    while (rest := requests.readline(MAX_LINE)) and not rest.endswith(b"\n"):
        pass
