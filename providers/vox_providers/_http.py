"""Requests to a vendor's API, each held to one wall clock.

A call has so many seconds for everything: looking up the host, connecting, sending, waiting, and reading the answer to
its last byte. A server that sends a byte now and then does not prolong it, and a call that nobody wants any more closes
its connection. All calls of a process share one pool of connections, in an event loop on a thread of its own, because
only there can every kind of waiting be given up.

What is tried again, while there is time: a connection that could not be made, for then nothing was sent; and a request
that was refused with 429 or 503 and a `Retry-After` of at most half the time left. Nothing else: an API bills what it
has done, whether or not its answer arrives. Redirects are not followed, for a key must not travel elsewhere. httpx is
imported with the first request, so a provider starts without it.
"""

from __future__ import annotations

from _thread import allocate_lock, start_new_thread

from vox.provider import Call, ProviderError
from vox_providers._clock import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from types import TracebackType
    from typing import Any, TypeVar

    import httpx

    from vox_providers._vendor_errors import Refusal

    T = TypeVar("T")

__all__ = ["LARGEST_ANSWER", "Answer", "Vendor"]

LARGEST_ANSWER = 128 << 20
"""Bytes of one answer: 23 minutes of speech at 48 kHz."""

_LARGEST_REFUSAL = 64 << 10  # bytes of an error's body; what it says stands at its beginning
_CONNECT_S = 10.0  # without an answer from the host's network; the call's own time may end earlier
_CLOSE_S = 5.0  # for connections to say goodbye
_ATTEMPTS = 3
_PAUSE_S = 0.2  # before connecting again, once more as long each time
_TRY_AGAIN = frozenset((429, 503))


class Answer:
    """An answer of success, whose body comes as it is read. Use it in a `with` block, which lets the connection go.

    Attributes:
        status: 200 to 299.
        headers: By names in lower case.
        content_type: In lower case, without parameters; empty when there is none.
    """

    def __init__(self, vendor: Vendor, response: httpx.Response, clock: Clock) -> None:
        self._vendor = vendor
        self._response = response
        self._clock = clock
        self.status = response.status_code
        self.headers: dict[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self.content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._vendor.let_go(self._response)

    def chunks(self, largest: int = LARGEST_ANSWER) -> Iterator[bytes]:
        """The body as it arrives.

        Raises:
            ProviderError: Out of time, cancelled, broken off, or longer than `largest` bytes.
        """
        size = 0
        pieces = self._response.aiter_bytes()
        while chunk := self._vendor.run(_next(pieces), self._clock):
            size += len(chunk)
            if size > largest:
                raise self._vendor.failure(f"sent more than {largest} bytes", "provider_misbehaved")
            yield chunk

    def read(self, largest: int = LARGEST_ANSWER) -> bytes:
        """The whole body; see `chunks`."""
        return b"".join(self.chunks(largest))

    def json(self, largest: int = LARGEST_ANSWER) -> Any:
        """The body as JSON.

        Raises:
            ProviderError: It is none (`provider_misbehaved`); see `chunks`.
        """
        import json

        try:
            return json.loads(self.read(largest))
        except (ValueError, RecursionError):
            problem = f"answered with {self.content_type or 'something'} that is not JSON"
            raise self._vendor.failure(problem, "provider_misbehaved") from None


class Vendor:
    """The way to one vendor: its pool of connections, and the words for its failures.

    Args:
        name: The vendor as messages name it, such as `OpenAI TTS`.
        key_name: The variable of its key, for the remedy of a refused one.
        limit: How many calls run at once.
        address_name: The variable of its address, for the remedy of a wrong one.
    """

    def __init__(self, name: str, key_name: str, *, limit: int = 8, address_name: str = "") -> None:
        self.name = name
        self.key_name = key_name
        self.address_name = address_name
        self._limit = limit
        self._running: tuple[AbstractEventLoop, httpx.AsyncClient] | None = None
        self._lock = allocate_lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        within_s: float,
        call: Call | None = None,
        hide: tuple[str, ...] = (),
        refuse: Callable[[Refusal], ProviderError | None] | None = None,
        **content: Any,
    ) -> Answer:
        """The answer of success to one request; its body has not been read yet.

        Args:
            within_s: Seconds for all of it, the reading of the answer included.
            hide: What no message may repeat: the text to speak first, keys after it.
            refuse: The error for a refusal that this vendor tells in a way of its own; None leaves it to the rules of
                all.
            content: `headers`, `params`, `json`, `data`, `files` or `content`, as httpx takes them; bodies as bytes.

        Raises:
            ProviderError: Refused, out of reach, out of time, or cancelled; see `_vendor_errors`.
        """
        from vox_providers._vendor_errors import Refusal, refusal

        clock = Clock(f"{self.name} request", within_s, call)
        clock.check()
        attempt = 1
        while True:
            response = self._try(method, url, clock, attempt, content)
            if response is None:
                attempt += 1
                continue
            if response.is_success:
                return Answer(self, response, clock)
            refused = Refusal(self, response.status_code, response.headers, self._body(response, clock), hide)
            error = (refuse(refused) if refuse else None) or refusal(refused)
            pause = refused.retry_after_s
            fits = pause is not None and pause <= clock.left_s / 2
            if attempt == _ATTEMPTS or not fits or refused.status not in _TRY_AGAIN or error.code == "payment_required":
                raise error
            clock.sleep(pause or 0.0)
            attempt += 1

    def prepare(self) -> None:
        """Set up what the first request needs, a quarter of a second of work, without asking anybody anything."""
        self._client()

    def close(self) -> None:
        """Close every connection and end the loop; a later request makes new ones."""
        from asyncio import run_coroutine_threadsafe

        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            loop, client = running
            run_coroutine_threadsafe(client.aclose(), loop).result(_CLOSE_S)
            loop.call_soon_threadsafe(loop.stop)

    def failure(self, problem: str, code: str | None = None) -> ProviderError:
        """The error for an exchange that went wrong: `<name> request failed: the server <problem>.`"""
        return ProviderError(f"{self.name} request failed: the server {problem}.", code=code)

    def run(self, work: Coroutine[Any, Any, T], clock: Clock) -> T:
        """The result of some waiting for the vendor.

        Raises:
            ProviderError: Out of time, cancelled, or the connection broke.
        """
        import httpx

        try:
            return clock.run(work, self._client()[0])
        except httpx.TransportError as problem:
            raise self._broken(problem) from None
        except httpx.DecodingError:
            raise self.failure("sent what cannot be decoded", "provider_misbehaved") from None

    def let_go(self, response: httpx.Response) -> None:
        """Close an answer; its connection is used again if the answer was read to its end."""
        from asyncio import run_coroutine_threadsafe

        run_coroutine_threadsafe(response.aclose(), self._client()[0])

    def _try(self, method: str, url: str, clock: Clock, attempt: int, content: dict[str, Any]) -> httpx.Response | None:
        """One attempt; None when no connection was made and another may be tried."""
        import httpx

        loop, client = self._client()

        async def send() -> httpx.Response:
            try:
                return await client.send(client.build_request(method, url, **content), stream=True)
            except (httpx.InvalidURL, httpx.UnsupportedProtocol):
                raise self._unreachable(url, "it is no address of a server") from None
            except httpx.ConnectTimeout:
                raise self._unreachable(url, f"no answer within {_CONNECT_S:g} seconds") from None

        try:
            return clock.run(send(), loop)
        except httpx.ConnectError as problem:
            pause = _PAUSE_S * attempt
            if attempt == _ATTEMPTS or pause >= clock.left_s:
                raise self._unreachable(url, str(problem)) from None
            clock.sleep(pause)
            return None
        except httpx.TransportError as problem:
            raise self._broken(problem) from None

    def _body(self, response: httpx.Response, clock: Clock) -> bytes:
        """The beginning of an error's body; what cannot be read is left out, for the status says the most."""
        body = bytearray()
        with Answer(self, response, clock) as answer:
            try:
                for chunk in answer.chunks():
                    body += chunk
                    if len(body) >= _LARGEST_REFUSAL:
                        break
            except ProviderError as problem:
                if problem.code not in ("provider_unavailable", "provider_misbehaved", "provider_timeout"):
                    raise
        return bytes(body[:_LARGEST_REFUSAL])

    def _broken(self, problem: Exception) -> ProviderError:
        return self.failure(f"broke off the exchange ({type(problem).__name__})", "provider_unavailable")

    def _unreachable(self, url: str, why: str) -> ProviderError:
        from urllib.parse import urlsplit

        try:
            host = urlsplit(url).netloc.rpartition("@")[2] or "the address"
        except ValueError:
            host = "the address"
        look = f" Is the network there, and {self.address_name} right?" if self.address_name else ""
        message = f"{self.name} request failed: {host} cannot be reached ({why}).{look}"
        return ProviderError(message, code="provider_unavailable")

    def _client(self) -> tuple[AbstractEventLoop, httpx.AsyncClient]:
        """The pool and the loop it lives in, made with the first request."""
        with self._lock:
            if self._running is None:
                self._running = self._start()
            return self._running

    def _start(self) -> tuple[AbstractEventLoop, httpx.AsyncClient]:
        import asyncio

        import httpx

        try:
            client = httpx.AsyncClient(
                follow_redirects=False,
                timeout=httpx.Timeout(None, connect=_CONNECT_S),  # the clock of each call bounds the rest
                limits=httpx.Limits(max_connections=self._limit, max_keepalive_connections=self._limit),
                headers={"User-Agent": "vox", "Accept-Encoding": "identity"},  # audio does not shrink
            )
        except (ImportError, ValueError) as problem:  # a proxy that httpx cannot use, named by the environment
            raise ProviderError(
                f"{self.name} cannot be asked: the proxy of the environment is unusable ({problem})."
            ) from None
        loop = asyncio.new_event_loop()
        start_new_thread(_run, (loop,))
        return loop, client


def _run(loop: AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    """The next piece that is not empty; an empty one at the end."""
    async for piece in pieces:
        if piece:
            return piece
    return b""
