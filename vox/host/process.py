"""One live child and the calls inside it.

Rules a caller can rely on: every call ends, with a result, a typed error or cancellation; a call that was given up
(cancelled, timed out) stays counted as inside the provider until its answer comes or the process ends, because the
provider may well be working on it still. `on_settled` tells that moment, and it alone frees the permit.
"""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from vox.errors import ProviderBusy, ProviderCrashed, ProviderMisbehaved, ProviderTimeout, VoxError
from vox.host.transport import Transport
from vox.log import get_logger, redactor
from vox.protocol.framing import LineTooLongError
from vox.protocol.jsonrpc import METHOD_NOT_FOUND, encode
from vox.protocol.peer import Answer, Asked, Event, Failed, Noise, Notice, Peer, Unusable
from vox.protocol.provider import ProgressNotice, read_progress, to_error
from vox.protocol.streams import STREAMED, call_id

__all__ = ["STDERR_TAIL", "ProviderProcess", "Reader", "Streaming", "how_to_raise"]

STDERR_TAIL = 64 << 10
"""Bytes of the child's diagnostics kept in memory."""

_STDERR_IN_ERRORS = 400  # characters of it quoted when the child dies: the last lines, not the novel

_EXIT_CODE_GRACE = 0.001  # a dying process closes its pipes a moment before it can be reaped
_LAST_WORDS_GRACE = 0.1  # one that closed its input may be dying, with answers still in its pipe

_TIMEOUTS = {
    "models": "modelsMs",
    "voices": "modelsMs",
    "install": "installIdleMs",
    "preload": "preloadMs",
    "transcribe": "transcribeMs",
    "synthesize": "synthesizeMs",
}

_T_co = TypeVar("_T_co", covariant=True)

_log = get_logger()


class Reader(Protocol[_T_co]):
    """Turns a raw result, and the audio the peer took out of it, into its shape."""

    def __call__(self, result: Any, audio: bytes | None, /) -> _T_co:
        """Raises ProviderMisbehaved for a result without what the method needs."""
        ...


class Streaming(NamedTuple):
    """How a call is followed whose provider sends parts before its answer."""

    on_notice: Callable[[Notice], None]
    """Takes each part as it comes, and must not block. A VoxError it raises ends the call with that error, and the
    provider is told if it can cancel; other calls do not notice."""
    prolong_s: float
    """Each part gives the call that long again,"""
    limit_s: float
    """but never more than this in all."""
    begun: Callable[[], bool]
    """Whether there was any part: a call whose reader has seen some cannot be made again unnoticed."""


class _Call:
    __slots__ = (
        "deadline",
        "future",
        "method",
        "on_progress",
        "on_settled",
        "params",
        "prolong",
        "prolonged",
        "read",
        "stream",
        "timeout",
        "until",
    )

    future: "asyncio.Future[Any]"
    method: str
    params: dict[str, Any]
    read: Reader[Any]
    on_progress: Callable[[ProgressNotice], None] | None
    on_settled: Callable[[], None] | None
    prolong: float | None
    prolonged: bool
    timeout: float
    deadline: float  # by the loop's clock
    stream: Streaming | None
    until: float  # of a stream: what no part of it can put the deadline past


class ProviderProcess:
    """A started child. Make one with `attach` after its transport is open.

    Args:
        provider: The provider's id, for messages.
        stderr: Where the child's diagnostics go besides the tail kept here.
        blame: Told of answers without what their method needs.
    """

    def __init__(
        self, provider: str, stderr: Callable[[bytes], None], blame: Callable[[ProviderMisbehaved], None]
    ) -> None:
        self.provider = provider
        self.peer = Peer()
        self.features: frozenset[str] = frozenset()
        self.tail = bytearray()
        self.late = 0
        """Answers that came when nobody waited for them any more."""
        self.exited: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.ended: asyncio.Future[VoxError] = asyncio.get_running_loop().create_future()
        self._stderr, self._blame = stderr, blame
        self._calls: dict[int, _Call] = {}
        self._transport: Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._seen_noise: Counter[str] = Counter()
        self._fault: VoxError | None = None
        self._closed = "its output"
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = math.inf

    def attach(self, transport: Transport) -> None:
        """Begin to use the child behind `transport`."""
        self._transport = transport

    @property
    def pid(self) -> int:
        """The child's process id."""
        assert self._transport is not None
        return self._transport.process.pid

    @property
    def transport(self) -> Transport:
        """The way to the child."""
        assert self._transport is not None
        return self._transport

    @property
    def in_flight(self) -> int:
        """Calls inside the child, given-up ones included."""
        return len(self._calls)

    async def call(
        self,
        method: str,
        params: dict[str, Any],
        read: Reader[Any],
        timeout_s: float,
        on_progress: Callable[[ProgressNotice], None] | None = None,
        on_settled: Callable[[], None] | None = None,
        prolong_s: float | None = None,
        stream: Streaming | None = None,
    ) -> Any:
        """One request and its answer, read by `read`.

        Args:
            timeout_s: How long the answer may take. With `prolong_s`, progress gives it that long again.
            on_settled: Called exactly once, when the provider is free of this call.
            stream: Who takes what comes before the answer.

        Raises:
            ProviderBusy: The child is too far behind to take another request.
            ProviderTimeout: No answer in time.
            ProviderCrashed: The child ended first.
            ProviderMisbehaved: An answer without what the method needs.
            VoxError: What the provider answered, typed.
        """
        if self.ended.done() or self._transport is None:
            raise _settled(self._gone(), on_settled)
        call, loop = _Call(), self._loop
        call.future, call.method, call.params, call.read = loop.create_future(), method, params, read
        call.on_progress, call.on_settled, call.prolong, call.prolonged = on_progress, on_settled, prolong_s, False
        call.timeout, call.deadline, call.stream = timeout_s, loop.time() + timeout_s, stream
        if stream is not None:
            call.until = call.deadline - timeout_s + stream.limit_s
        number, line = self.peer.request(method, params)
        if not self._transport.write(line):
            self.peer.forget(number)
            raise _settled(self._unwritable(), on_settled)
        self._calls[number] = call
        if call.deadline < self._alarm_at:
            self._set_alarm(call.deadline)
        try:
            return await call.future
        except asyncio.CancelledError:
            self._give_up(number)
            raise

    async def drained(self) -> None:
        """Wait until nobody waits for an answer of the child; calls that were given up do not count."""
        while waiting := [call.future for call in self._calls.values() if not call.future.done()]:
            await asyncio.wait(waiting)

    def condemn(self, error: VoxError) -> None:
        """The child is about to be ended on purpose: tell its callers this, rather than that it crashed."""
        self._fault = error

    # ---- what the transport tells

    def on_lines(self, lines: "list[bytes | memoryview]") -> None:
        """Lines of the child's output."""
        peer = self.peer
        for line in lines:
            answer = peer.answer(line)
            if answer is not None:
                self._answer(answer[0], answer[1], None)
            else:
                for event in peer.receive(line):
                    self._take(event)

    def on_stderr(self, data: bytes) -> None:
        """Diagnostics of the child: kept, and written to its log."""
        self.tail += data
        if len(self.tail) > STDERR_TAIL:
            del self.tail[: len(self.tail) - STDERR_TAIL]
        self._stderr(data)

    def on_overflow(self, error: LineTooLongError) -> None:
        """The child wrote a line over the cap: nothing after it can be trusted."""
        self._fault = ProviderMisbehaved(
            f"Provider {self.provider} wrote a line longer than {error.limit} bytes; it is being restarted.",
            provider=self.provider,
            limit=error.limit,
        )
        self.on_end()

    def on_refused(self) -> None:
        """The child closed its input: it will take no other call. If it is on its way out, its exit code follows, and
        before that whatever it still had to say."""
        self._closed = "its input"
        self._loop.call_later(_LAST_WORDS_GRACE, self._finish)

    def on_end(self) -> None:
        """The child's output ended. If it has exited, the exit code follows at once and names the reason."""
        self._loop.call_later(_EXIT_CODE_GRACE, self._finish)

    def on_exit(self, code: int) -> None:
        """The child was reaped."""
        if not self.exited.done():
            self.exited.set_result(code)
        self._finish()

    # ---- inside

    def _gone(self) -> VoxError:
        error = self.ended.result()
        return type(error)(error.message, **error.details)

    def _unwritable(self) -> VoxError:
        if self._closed == "its input":
            return self._crash()
        return ProviderBusy(
            f"Provider {self.provider} does not read its input; it may be hung.", provider=self.provider
        )

    def _take(self, event: Event) -> None:
        if isinstance(event, Answer):
            self._answer(*event)
        elif isinstance(event, Failed):
            self.late += self._calls[event.id].future.done()
            self._settle(event.id, to_error(event.error, self.provider, redactor.text))
        elif isinstance(event, Unusable):
            self._settle(
                event.id,
                ProviderMisbehaved(
                    f"Provider {self.provider} gave an answer that cannot be read: {event.why}.", provider=self.provider
                ),
            )
        elif isinstance(event, Notice):
            self._notice(event)
        elif isinstance(event, Asked):
            self._refuse(event)
        else:
            self._skipped(event)

    def _answer(self, number: int, result: Any, audio: bytes | None) -> None:
        call = self._calls.pop(number)
        if call.future.done():
            self.late += 1
        else:
            try:
                call.future.set_result(call.read(result, audio))
            except ProviderMisbehaved as error:
                error.details.setdefault("provider", self.provider)
                self._blame(error)
                call.future.set_exception(error)
            except Exception as error:  # of ours: it must not cost the caller its end, nor the lines behind this one
                _log.exception("provider.unread", provider=self.provider, method=call.method)
                call.future.set_exception(VoxError(f"Vox could not read an answer: {type(error).__name__}."))
        if call.on_settled is not None:
            call.on_settled()

    def _settle(self, number: int, error: VoxError) -> None:
        call = self._calls.pop(number)
        if not call.future.done():
            call.future.set_exception(error)
        if call.on_settled is not None:
            call.on_settled()

    def _notice(self, event: Notice) -> None:
        if event.method in STREAMED:
            self._part(event)
            return
        progress = read_progress(event.method, event.params)
        if progress is None:
            self._skipped(Noise("unknown_notification", event.method))
            return
        for number, call in list(self._calls.items()):
            if call.on_progress is not None and not call.future.done() and _concerns(progress, number, call.params):
                if call.prolong is not None:
                    call.timeout, call.deadline, call.prolonged = call.prolong, self._loop.time() + call.prolong, True
                    self._set_alarm(min(call.deadline, self._alarm_at))
                call.on_progress(progress)

    def _part(self, event: Notice) -> None:
        number = call_id(event)
        call = self._calls.get(number)
        if call is None or call.stream is None:
            self._skipped(Noise("unknown_stream", f"{event.method} for request {number}"))
            return
        if call.future.done():  # given up: the provider goes on until it notices
            return
        later = self._loop.time() + call.stream.prolong_s
        if later > call.deadline:  # the alarm rings too early then, and goes on
            call.prolonged = later < call.until
            call.deadline = min(later, call.until)
            call.timeout = call.stream.prolong_s if call.prolonged else call.stream.limit_s
        try:
            call.stream.on_notice(event)
        except VoxError as error:
            if isinstance(error, ProviderMisbehaved):
                error.details.setdefault("provider", self.provider)
                self._blame(error)
            call.future.set_exception(error)
            self._give_up(number)

    def _refuse(self, event: Asked) -> None:
        error = {"code": METHOD_NOT_FOUND, "message": f"Vox offers no method {event.method!r} to providers"}
        self.transport.write(encode({"jsonrpc": "2.0", "id": event.id, "error": error}))

    def _skipped(self, noise: Noise) -> None:
        self._seen_noise[noise.kind] += 1
        if self._seen_noise[noise.kind] == 1:  # once per kind: a chatty library must not fill the log
            _log.warning("provider.noise", provider=self.provider, kind=noise.kind, sample=noise.sample)

    @property
    def noise(self) -> int:
        """Lines and messages skipped so far."""
        return sum(self._seen_noise.values())

    # One alarm for all calls, set for the earliest deadline it has heard of and not taken back when that call ends: a
    # timer of its own for each call would cost more than the pipe. Ringing for nobody, it goes on to the next.

    def _set_alarm(self, at: float) -> None:
        if at == self._alarm_at:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._alarm, self._alarm_at = None, math.inf
        now = self._loop.time()
        waiting = [(number, call) for number, call in self._calls.items() if not call.future.done()]
        for number, call in waiting:
            if call.deadline <= now:
                self._expire(number, call)
        if later := [call.deadline for _, call in waiting if call.deadline > now]:
            self._set_alarm(min(later))

    def _expire(self, number: int, call: _Call) -> None:
        name = _TIMEOUTS.get(call.method, "callMs")
        waited = f"within {call.timeout:g} s" + (" of its last sign of progress" if call.prolonged else "")
        call.future.set_exception(
            ProviderTimeout(
                f"Provider {self.provider} did not answer {call.method} {waited}. If it needs longer, "
                f"{how_to_raise(name)}.",
                provider=self.provider,
                timeout=name,
                timeoutMs=round(call.timeout * 1000),
            )
        )
        self._give_up(number)

    def _give_up(self, number: int) -> None:
        """Nobody waits any more. A provider that can cancel is told; the record stays until it answers."""
        if number in self._calls and "cancel" in self.features and not self.ended.done():
            self.transport.write(self.peer.notify("cancel", {"id": number}))

    def _finish(self) -> None:
        if self.ended.done():
            return
        error = self._fault or self._crash()
        self.ended.set_result(error)
        if self._alarm is not None:
            self._alarm.cancel()
        for number in list(self._calls):
            self._settle(number, self._gone())

    def _crash(self) -> ProviderCrashed:
        code = self.exited.result() if self.exited.done() else None
        how = (
            f"closed {self._closed}"
            if code is None
            else f"was ended by signal {-code}"
            if code < 0
            else f"exited with code {code}"
        )
        said = redactor.text(bytes(self.tail[-_STDERR_IN_ERRORS:]).decode("utf-8", "replace").strip())
        return ProviderCrashed(
            f"Provider {self.provider} {how}." + (f" Its last words: {said}" if said else ""),
            provider=self.provider,
            exitCode=code,
            stderr=said,
        )


def how_to_raise(timeout: str) -> str:
    """What to do about a timeout, as the end of a sentence."""
    return f'set a higher "{timeout}" in the "timeouts" of its entry in providers.json'


def _settled(error: VoxError, on_settled: Callable[[], None] | None) -> VoxError:
    if on_settled is not None:
        on_settled()
    return error


def _concerns(progress: ProgressNotice, number: int, params: dict[str, Any]) -> bool:
    if progress.request_id is not None:
        return progress.request_id in (number, str(number), params.get("requestId"))
    return progress.model_id is None or progress.model_id == params.get("modelId")
