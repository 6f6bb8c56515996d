"""Getting audio from the public internet, and from nowhere else.

A page that could name any address would reach through us what only this machine can see. So: https only; each name is
looked up once, every address found must be public, and the connection goes to one of those, so that no second look-up
can find another; a redirect is a new address and is looked at like the first.
"""

import asyncio
import ipaddress
import os
import socket
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, urljoin, urlsplit

import anyio
import h11
from anyio.to_thread import run_sync

from vox.audio import spool as spool_folder
from vox.errors import AudioTooLarge, InvalidRequest, NoInput, PathNotAllowed

__all__ = ["Fetcher", "is_public"]

_TOTAL_S = 120.0
_REDIRECTS = 3
_CHUNK = 64 << 10

_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: its last four bytes are an IPv4 address


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches into the spool.

    Args:
        allows: Tells whether an address may be asked.
        trust: How servers are believed; the system's authorities when None.
    """

    spool: Path
    max_bytes: Callable[[], int]
    allows: Callable[[_Address], bool] = lambda address: is_public(address)
    look_up: Callable[[str, int], Awaitable[list[str]]] = lambda host, port: _look_up(host, port)
    trust: Callable[[], ssl.SSLContext] = ssl.create_default_context
    total_s: float = _TOTAL_S

    @asynccontextmanager
    async def fetch(self, url: str) -> AsyncGenerator[Path]:
        """A file with what is at the address; it is there until the context ends.

        Raises:
            InvalidRequest: It is no https address.
            PathNotAllowed: It is not on the public internet.
            NoInput: It cannot be had, or not in time.
            AudioTooLarge: There is more than the cap.
        """
        path = spool_folder.new_path(self.spool)
        try:
            try:
                with anyio.fail_after(self.total_s):
                    await self._follow(url, path)
            except TimeoutError:
                raise NoInput(f"{_shown(url)} did not send all within {self.total_s:g} s.") from None
            except (OSError, ssl.SSLError, h11.RemoteProtocolError) as error:
                raise NoInput(f"{_shown(url)} cannot be fetched: {error}") from error
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def _follow(self, url: str, path: Path) -> None:
        for _ in range(_REDIRECTS + 1):
            target = _parsed(url)
            further = await self._get(target, path)
            if further is None:
                return
            url = urljoin(url, further)
        raise NoInput(f"{_shown(url)} is the end of more than {_REDIRECTS} redirects.")

    async def _get(self, target: SplitResult, path: Path) -> str | None:
        """Fetch into the file. Returns where else to look, if the server says so."""
        host, port = target.hostname or "", target.port or 443
        address = await self._address(host, port)
        reader, writer = await asyncio.open_connection(address, port, ssl=self.trust(), server_hostname=host)
        try:
            connection = h11.Connection(h11.CLIENT)
            writer.write(_request(connection, target))
            await writer.drain()
            async with aclosing(_events(connection, reader)) as events:
                return await self._take(events, target, path)
        finally:
            writer.transport.abort()  # nothing of it is wanted any more, not even a polite end

    async def _take(self, events: AsyncGenerator[h11.Event], target: SplitResult, path: Path) -> str | None:
        response = await anext(events)
        assert isinstance(response, h11.Response)
        headers = {bytes(name).lower(): bytes(value).decode("latin-1") for name, value in response.headers}
        if response.status_code in (301, 302, 303, 307, 308) and b"location" in headers:
            return headers[b"location"]
        if response.status_code != 200:
            raise NoInput(f"{_shown(target.geturl())} answers {response.status_code}.")
        descriptor = await run_sync(spool_folder.create, path)
        try:
            await self._write(events, descriptor)
        finally:
            os.close(descriptor)
        return None

    async def _write(self, events: AsyncGenerator[h11.Event], descriptor: int) -> None:
        size, limit = 0, self.max_bytes()
        async for event in events:
            if isinstance(event, h11.Data):
                data = bytes(event.data)
                size += len(data)
                if size > limit:
                    raise AudioTooLarge(f"There are more than the {limit} bytes allowed.", maxBytes=limit)
                await run_sync(os.write, descriptor, data)

    async def _address(self, host: str, port: int) -> str:
        try:
            found = await self.look_up(host, port)
        except OSError:
            raise NoInput(f"There is no host {host!r}.") from None
        if not found or not all(self.allows(ipaddress.ip_address(address)) for address in found):
            raise PathNotAllowed(f"{host!r} is not on the public internet.")
        return found[0]


def is_public(address: _Address) -> bool:
    """Whether everybody on the internet reaches the same machine there. An IPv6 address that stands for an IPv4 one is
    judged as that."""
    if isinstance(address, ipaddress.IPv6Address):
        meant = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            meant = ipaddress.IPv4Address(address.packed[-4:])
        if meant is not None:
            return is_public(meant)
        if address.teredo is not None or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _parsed(url: str) -> SplitResult:
    try:
        target = urlsplit(url)
        usable = target.scheme == "https" and target.hostname and target.port != 0
    except ValueError:
        raise InvalidRequest("audioUrl is no address.") from None
    if not usable or target.username is not None or not url.isascii() or any(map(str.isspace, url)):
        raise InvalidRequest("audioUrl must be an https address, without a user name, in ASCII.")
    return target


def _request(connection: h11.Connection, target: SplitResult) -> bytes:
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    headers = [("Host", target.netloc), ("User-Agent", "vox"), ("Accept", "audio/*,video/*;q=0.5,*/*;q=0.1")]
    headers += [("Accept-Encoding", "identity"), ("Connection", "close")]
    head = connection.send(h11.Request(method="GET", target=path, headers=headers))
    return (head or b"") + (connection.send(h11.EndOfMessage()) or b"")


async def _events(connection: h11.Connection, reader: asyncio.StreamReader) -> AsyncGenerator[h11.Event]:
    """Response, data and end, as they come."""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_CHUNK))
        elif isinstance(event, h11.InformationalResponse):
            continue
        elif isinstance(event, h11.Response | h11.Data):
            yield event
        else:
            return


async def _look_up(host: str, port: int) -> list[str]:
    find = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    return [str(found[4][0]) for found in await run_sync(find, abandon_on_cancel=True)]


def _shown(url: str) -> str:
    """The address for a message: its query may hold a secret."""
    return url.partition("?")[0]
