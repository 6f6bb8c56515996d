"""Who may knock: programs of this machine, listed pages, and nobody through a borrowed name."""

from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.daemon.guard import Guard, OwnPages, origin_of

pytestmark = pytest.mark.anyio
LISTED = "https://listed.example"
PUBLISHED = {401: b'{"error":"Unauthorized"}', 403: b'{"error":"Origin not allowed"}'}
WORDS = {("/v1/realtime", 403): b"Not you."}
PAGES = OwnPages(shown=frozenset({"/demo"}), sockets=frozenset({"/v1/realtime"}))


async def knock(
    *headers: tuple[str, str], kind: str = "http", path: str = "/", method: str = "GET", admits: bool = True
) -> int:
    """The status of the refusal; 0 when the request passes."""
    passed: list[MutableMapping[str, Any]] = []
    sent: list[MutableMapping[str, Any]] = []

    async def app(scope: MutableMapping[str, Any], _: Any, __: Any) -> None:
        passed.append(scope)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    scope = {"type": kind, "path": path, "method": method, "headers": raw}

    def words(scope: Any, status: int) -> bytes | None:
        return WORDS.get((scope["path"], status))

    guard = Guard(app, {LISTED}.__contains__, {"proxy.example"}.__contains__, lambda _: admits, PAGES, words)
    await guard(scope, receive, send)
    if passed:
        assert not sent
        return 0
    start, body = sent
    prefix = "websocket.http.response" if kind == "websocket" else "http.response"
    assert (start["type"], body["type"]) == (f"{prefix}.start", f"{prefix}.body")
    status = start["status"]
    told = WORDS.get((path, status)) or PUBLISHED.get(status, b"")
    assert body["body"] == (told if kind == "http" else b"")  # a refusal tells nothing else
    return status


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:42137", 0),
        ("127.0.0.1", 0),
        ("localhost:42137", 0),
        ("LocalHost", 0),
        ("[::1]:42137", 0),
        ("[::1]", 0),
        ("127.0.0.2:1", 0),
        ("evil.example", 421),
        ("evil.example:42137", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:80", 421),
        ("192.168.1.10:42137", 421),
        ("0.0.0.0:42137", 421),
        ("[::]:42137", 421),
        ("::1", 421),
        ("[127.0.0.1]", 421),
        ("", 421),
        (":42137", 421),
        ("user@127.0.0.1", 421),
        ("127.0.0.1:", 421),
        ("2130706433", 421),
    ],
)
async def test_the_host_must_be_this_machine(host: str, status: int, kind: str) -> None:
    assert await knock(("Host", host), kind=kind) == status


async def test_one_host_exactly() -> None:
    assert await knock() == 421
    assert await knock(("Host", "localhost"), ("Host", "localhost")) == 421


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("origin", "status"),
    [(LISTED, 0), ("https://evil.example", 403), ("null", 403), ("", 403), ("http://localhost:3000", 403)],
)
async def test_a_page_must_be_listed(origin: str, status: int, kind: str) -> None:
    assert await knock(("Host", "localhost"), ("Origin", origin), kind=kind) == status


async def test_two_origins_are_nobodys_honest_request() -> None:
    assert await knock(("Host", "localhost"), ("Origin", LISTED), ("Origin", LISTED)) == 403


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 0), ("none", 0)])
async def test_a_page_that_hides_its_origin(site: str, status: int) -> None:
    assert await knock(("Host", "localhost"), ("Sec-Fetch-Site", site)) == status


async def test_a_listed_page_may_come_from_another_site() -> None:
    assert await knock(("Host", "localhost"), ("Origin", LISTED), ("Sec-Fetch-Site", "cross-site")) == 0


async def test_a_configured_name_is_ours_too() -> None:
    assert await knock(("Host", "Proxy.example:443")) == 0
    assert await knock(("Host", "proxy.example.evil.example")) == 421


@pytest.mark.parametrize(
    ("path", "method", "kind", "status"),
    [
        ("/transcribe", "POST", "http", 401),
        ("/healthz/", "GET", "http", 401),
        ("/healthz", "GET", "http", 0),
        ("/transcribe", "OPTIONS", "http", 0),
        ("/", "GET", "websocket", 0),  # its frames may bring the token
    ],
)
async def test_what_asks_for_a_token(path: str, method: str, kind: str, status: int) -> None:
    assert await knock(("Host", "localhost"), path=path, method=method, kind=kind, admits=False) == status


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("http://localhost:42137", "localhost:42137", 0),
        ("http://127.0.0.1:42137", "127.0.0.1:42137", 0),
        ("https://proxy.example", "Proxy.example", 0),
        ("http://localhost:42137", "127.0.0.1:42137", 403),
        ("http://localhost:3000", "localhost:42137", 403),
        ("http://localhost", "localhost:42137", 403),
        ("file://localhost:42137", "localhost:42137", 403),
        ("localhost:42137", "localhost:42137", 403),
        ("http://evil.example", "evil.example", 421),
        ("null", "localhost:42137", 403),
    ],
)
async def test_our_own_page_opens_its_socket(origin: str, host: str, status: int) -> None:
    headers = ("Host", host), ("Origin", origin)
    assert await knock(*headers, kind="websocket", path="/v1/realtime") == status


@pytest.mark.parametrize(
    ("kind", "path", "method"),
    [
        ("websocket", "/", "GET"),
        ("websocket", "/v1/realtime/", "GET"),
        ("http", "/v1/realtime", "GET"),
        ("http", "/v1/realtime/client_secrets", "POST"),
        ("http", "/demo", "POST"),
        ("http", "/transcribe", "POST"),
    ],
)
async def test_our_own_page_may_do_nothing_else(kind: str, path: str, method: str) -> None:
    headers = ("Host", "localhost:1"), ("Origin", "http://localhost:1")
    assert await knock(*headers, kind=kind, path=path, method=method) == 403


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/demo", "GET", 0),
        ("/demo", "HEAD", 0),
        ("/demo", "POST", 403),
        ("/demo/", "GET", 403),
        ("/voices", "GET", 403),
    ],
)
async def test_a_page_that_all_may_see_is_shown_by_a_link_and_without_a_token(
    path: str, method: str, status: int
) -> None:
    link = ("Host", "localhost"), ("Sec-Fetch-Site", "cross-site")
    assert await knock(*link, path=path, method=method, admits=False) == status


async def test_lifespan_passes() -> None:
    seen: list[str] = []

    async def app(scope: MutableMapping[str, Any], _: Any, __: Any) -> None:
        seen.append(scope["type"])

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: MutableMapping[str, Any]) -> None:
        seen.append(message["type"])

    await Guard(app, lambda _: False)({"type": "lifespan"}, receive, send)
    assert seen == ["lifespan"]


@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_no_name_but_our_own_passes(host: str) -> None:
    import asyncio

    status = asyncio.run(knock(("Host", host)))
    name = host.lower().partition(":")[0]
    if status == 0:
        assert name == "localhost" or name.startswith(("127.", "["))


def test_the_origin_of_a_program_is_none() -> None:
    assert origin_of({"headers": []}) is None
    assert origin_of({"headers": [(b"origin", b"a")]}) == "a"
    assert origin_of({"headers": [(b"origin", b"a"), (b"origin", b"a")]}) == "null"
