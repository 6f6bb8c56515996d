"""Only the public internet is fetched from, only over https, only so much and only so long."""

import ipaddress
import shlex
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.doors.companion.fetch import Fetcher, is_public
from vox.errors import AudioTooLarge, InvalidRequest, NoInput, PathNotAllowed, VoxError

pytestmark = pytest.mark.anyio

NAME = "audio.example"
_REQUEST = (
    "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2"
    f" -subj /CN={NAME} -addext subjectAltName=DNS:{NAME}"
)


class Site(BaseHTTPRequestHandler):
    """Answers by path."""

    hosts: list[str] = []  # noqa: RUF012 (emptied by the fixture)

    def do_GET(self) -> None:
        Site.hosts.append(self.headers["Host"])
        what, _, rest = self.path.lstrip("/").partition("?")
        if what == "to":
            self.send_response(302)
            self.send_header("Location", rest)
            self.end_headers()
        elif what == "slow":
            self.send_response(200)
            self.end_headers()
            time.sleep(1)
        elif what == "missing":
            self.send_error(404)
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"x" * int(what))

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    try:
        subprocess.run(
            ["openssl", "req", "-x509", *shlex.split(_REQUEST)],
            cwd=folder,
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed; it makes the certificate of the test's server")
    return folder


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that hang up are what is tested
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    Site.hosts.clear()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


Make = Callable[..., Fetcher]


@pytest.fixture
def make(tmp_path: Path, certificate: Path) -> Make:
    """A fetcher for which the test's own server is public, and nothing else on this machine."""

    async def look_up(host: str, port: int) -> list[str]:
        if host == "nowhere.example":
            raise OSError("unknown")
        return {NAME: ["127.0.0.1"], "both.example": ["93.184.215.14", "10.0.0.1"]}.get(host, [host])

    def make(**changes: Any) -> Fetcher:
        trust = lambda: ssl.create_default_context(cafile=certificate / "cert.pem")  # noqa: E731
        settings: dict[str, Any] = {"max_bytes": lambda: 1_000_000, "look_up": look_up, "trust": trust}
        settings["allows"] = lambda address: str(address) == "127.0.0.1" or is_public(address)
        return Fetcher(tmp_path / "spool", **{**settings, **changes})

    return make


async def size_of(fetcher: Fetcher, url: str) -> int:
    async with fetcher.fetch(url) as path:
        size = path.stat().st_size
    assert not path.exists()
    return size


async def test_a_file(make: Make, port: int) -> None:
    assert await size_of(make(), f"https://{NAME}:{port}/300000") == 300_000
    assert Site.hosts == [f"{NAME}:{port}"]


async def test_a_redirect(make: Make, port: int) -> None:
    assert await size_of(make(), f"https://{NAME}:{port}/to?/to?https://{NAME}:{port}/7") == 7


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("to?http://{name}:{port}/1", InvalidRequest),
        ("to?https://10.0.0.1/1", PathNotAllowed),
        ("to?file:///etc/passwd", InvalidRequest),
        ("to?/to?/to?/to?/to?/1", NoInput),
        ("missing", NoInput),
        ("1000001", AudioTooLarge),
    ],
)
async def test_what_a_server_may_not_do(
    make: Make, port: int, path: str, error: type[VoxError], tmp_path: Path
) -> None:
    with pytest.raises(error):
        await size_of(make(), f"https://{NAME}:{port}/" + path.format(name=NAME, port=port))
    assert not list((tmp_path / "spool").glob("*"))


async def test_a_slow_server(make: Make, port: int) -> None:
    with pytest.raises(NoInput, match=r"within 0\.2 s"):
        await size_of(make(total_s=0.2), f"https://{NAME}:{port}/slow?secret=1")


async def test_a_server_nobody_vouches_for(make: Make, port: int) -> None:
    with pytest.raises(NoInput):
        await size_of(make(trust=ssl.create_default_context), f"https://{NAME}:{port}/1")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://a.example/a.wav", InvalidRequest),
        ("file:///etc/passwd", InvalidRequest),
        ("https://", InvalidRequest),
        ("https:///a", InvalidRequest),
        ("https://a.example:x/", InvalidRequest),
        ("https://[::1", InvalidRequest),
        ("https://user@a.example/", InvalidRequest),
        ("https://a.example/\r\nHost: b", InvalidRequest),
        ("https://ä.example/", InvalidRequest),
        ("", InvalidRequest),
        ("https://nowhere.example/", NoInput),
        ("https://both.example/", PathNotAllowed),
        ("https://10.0.0.1/", PathNotAllowed),
        ("https://[::1]/", PathNotAllowed),
        ("https://169.254.169.254/latest/meta-data/", PathNotAllowed),
    ],
)
async def test_what_is_not_fetched(make: Make, url: str, error: type[VoxError]) -> None:
    with pytest.raises(error):
        await size_of(make(), url)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.215.14", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("64:ff9b::10.0.0.1", False),
        ("2002:0a00:0001::", False),
        ("2001:0:1::1", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


@given(st.ip_addresses(v=4))
def test_an_address_within_an_address_is_no_way_round(address: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{address}")
    translated = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + int(address))
    assert is_public(mapped) == is_public(translated) == is_public(address)
