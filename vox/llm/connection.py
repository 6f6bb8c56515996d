"""Requests to one server over connections that are kept open from answer to answer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from vox import __version__
from vox.config.llm import LlmTimeouts
from vox.errors import LlmFailed, LlmTimeout, LlmUnavailable
from vox.llm.presets import Server
from vox.llm.refusal import error_of, refusal, retry_after_s
from vox.log import redactor

if TYPE_CHECKING:
    import httpx

__all__ = ["Connection", "new_client"]

_KEPT_S = 60.0  # longer than a turn of a conversation: the next request is spared the handshake
_KEPT = 8
_ERROR_BYTES = 64 << 10  # of a refusal's body, which says all it has to say at its begin
_ERROR_S = 5.0


class Connection:
    """Opens answers, and closes what is open when it is closed itself and the last answer is over."""

    def __init__(self, timeouts: LlmTimeouts) -> None:
        self._timeouts = timeouts
        self._client: httpx.AsyncClient | None = None
        self._open = 0
        self._closing = False

    async def warm_up(self, server: Server) -> "httpx.AsyncClient":
        """Load httpx and the certificates, beside the event loop: it takes a tenth of a second or two."""
        if self._client is None:
            made = await asyncio.to_thread(new_client, self._timeouts, server.is_local)
            if self._client is None:  # nobody was faster
                self._client = made
        return self._client

    async def aclose(self) -> None:
        """Close the connections now, or with the last answer that is still read."""
        self._closing = True
        await self._close_if_idle()

    @asynccontextmanager
    async def open(
        self, server: Server, page: str, body: dict[str, Any] | None, deadline: float | None = None
    ) -> "AsyncGenerator[httpx.Response]":
        """The response to a request, its body not read yet; leaving the context cuts it.

        Args:
            page: What comes behind the server's address.
            body: What is posted there; None gets the page.
            deadline: In the event loop's time: when the server must have answered; None where the caller sees to that.

        Raises:
            LlmUnavailable: It cannot be reached.
            LlmTimeout: It does not answer in time.
            VoxError: It refuses.
        """
        self._open += 1
        try:
            response = await self._send(await self.warm_up(server), server, page, body, deadline)
            try:
                await _check(response, server)
                yield response
            finally:
                await response.aclose()
        finally:
            self._open -= 1
            await self._close_if_idle()

    async def _send(
        self,
        client: "httpx.AsyncClient",
        server: Server,
        page: str,
        body: dict[str, Any] | None,
        deadline: float | None,
    ) -> "httpx.Response":
        import httpx

        try:
            request = _request(client, server, page, body)
            async with asyncio.timeout_at(deadline):
                return await client.send(request, stream=True)
        except TimeoutError:
            raise LlmTimeout(
                f"{server.host} has not answered in time. llm.timeouts.firstTokenMs allows more."
            ) from None
        except httpx.TimeoutException:
            raise LlmUnavailable(
                f"{server.host} cannot be reached within {self._timeouts.connect_ms / 1000:g} s. {server.remedy}"
            ) from None
        except httpx.InvalidURL as error:
            raise LlmFailed(f"llm.baseUrl is no address: {error}.") from None
        except httpx.LocalProtocolError:
            raise LlmFailed("The request cannot be sent: llm.headers holds what no header can.") from None
        except httpx.TransportError as error:
            told = redactor.text(str(error) or type(error).__name__)
            raise LlmUnavailable(f"{server.host} cannot be reached: {told.rstrip('.')}. {server.remedy}") from None

    async def _close_if_idle(self) -> None:
        if self._closing and not self._open and self._client is not None:
            client, self._client = self._client, None
            await client.aclose()


def new_client(timeouts: LlmTimeouts, local: bool) -> "httpx.AsyncClient":
    """An HTTP client.

    Args:
        local: The server is on this machine, where no proxy leads.
    """
    import httpx

    return httpx.AsyncClient(
        headers={"User-Agent": f"vox/{__version__}"},
        timeout=httpx.Timeout(timeouts.connect_ms / 1000, read=None),  # reading has bounds of its own
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=_KEPT, keepalive_expiry=_KEPT_S),
        trust_env=not local,
    )


def _request(client: "httpx.AsyncClient", server: Server, page: str, body: dict[str, Any] | None) -> "httpx.Request":
    import httpx

    url = httpx.URL(server.base_url)
    url = url.copy_with(path=f"{url.path.rstrip('/').removesuffix('/chat/completions')}/{page}")
    if body is None:
        return client.build_request("GET", url, headers={"Accept": "application/json", **server.headers})
    headers = {
        "Accept": "text/event-stream",
        "Accept-Encoding": "identity",  # a proxy that compresses holds pieces back
        "Content-Type": "application/json",
        **server.headers,
    }
    return client.build_request("POST", url, content=orjson.dumps(body), headers=headers)


async def _check(response: "httpx.Response", server: Server) -> None:
    if response.is_success:
        return
    if response.is_redirect:
        told = response.headers.get("location", "elsewhere").removesuffix("/chat/completions")
        raise LlmFailed(f"{server.host} sends requests on to {told}; write that as llm.baseUrl, if you trust it.")
    body = await _begin(response)
    raise refusal(server.host, response.status_code, error_of(body), retry_after_s(response.headers))


async def _begin(response: "httpx.Response") -> bytes:
    """What comes of the body at once."""
    import httpx

    body = bytearray()
    try:
        async with asyncio.timeout(_ERROR_S):
            async for data in response.aiter_bytes():
                body += data
                if len(body) >= _ERROR_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        return bytes(body)  # the status says enough
    return bytes(body)
