"""What there is, what there is not, who may ask, and that nothing hostile harms anybody."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.doors.openvip.conftest import LISTED, Place, check_error, message
from vox.doors.openvip import asking
from vox.doors.openvip.asking import MAX_BODY

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        *[
            ("GET", "", 404, None),
            ("GET", "/", 404, None),
            ("GET", "/nothing", 404, None),
            ("GET", "/status/", 404, None),
        ],
        *[("GET", "/agents", 404, None), ("GET", "/agents/one", 404, None), ("GET", "/agents/a/b/messages", 404, None)],
        *[("GET", "/agents/one/focus", 404, None), ("GET", "/speech/a", 404, None), ("DELETE", "/nothing", 404, None)],
        *[("GET", "/speech", 405, "POST"), ("GET", "/control", 405, "POST"), ("POST", "/status", 405, "GET")],
        *[("DELETE", "/agents/one/messages", 405, "GET, POST"), ("HEAD", "/agents/one/messages", 405, "GET, POST")],
        *[
            ("HEAD", "/status/stream", 405, "GET"),
            ("PUT", "/openapi.json", 405, "GET"),
            ("QUERY", "/status", 405, "GET"),
        ],
    ],
)
def test_what_there_is_not(place: Place, method: str, path: str, status: int, allow: str | None) -> None:
    answer = place.ask(method, f"/openvip{path}")
    assert answer.status_code == status and answer.headers.get("allow") == allow
    assert UUID(answer.headers["x-request-id"]).version == 4
    if method != "HEAD":
        body = check_error(answer)
        assert (body["code"], body["ref"]) == ("NOT_FOUND", answer.headers["x-request-id"])
        assert f"{method} /openvip{path}" in body["error"]


def test_head(place: Place) -> None:
    for path in ("/status", "/health", "/openapi.json"):
        answer = place.ask("HEAD", f"/openvip{path}")
        assert answer.status_code == 200 and answer.content == b"" and int(answer.headers["content-length"]) > 50


def test_the_root_of_its_own_port(place: Place) -> None:
    for base in ("", "/openvip"):
        for path in ("/status", "/health", "/openapi.json"):
            assert place.ask("GET", base + path, place.own_port).status_code == 200
        with place.agent("one", port=place.own_port, base=base) as one:
            assert place.ask("POST", f"{base}/agents/one/messages", place.own_port, json=message("a")).is_success
            assert one.next()["text"] == "a"
        place.until(lambda: not place.hub.agents.connected)
    assert place.ask("GET", "/v1/models", place.own_port).status_code == 404


@pytest.mark.parametrize(
    "path", ["/", "/status", "/health", "/speech", "/openvipx", "/api/other", "/agents/a/messages"]
)
def test_other_doors_are_not_in_its_way(place: Place, path: str) -> None:
    assert place.ask("GET", path).text == "another door"


def test_health(place: Place) -> None:
    told = place.get("/health").json()
    assert (told["status"], told["service"]) == ("ok", "vox")


def test_every_answer_may_be_kept_by_nobody(place: Place) -> None:
    for answer in (place.get("/status"), place.get("/nothing"), place.post("/control", {"command": "ping"})):
        assert answer.headers["cache-control"] == "no-store" and answer.headers["x-content-type-options"] == "nosniff"


# ---- who may ask


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_strangers(place: Place, headers: dict[str, str], status: int, own: bool) -> None:
    port, base = (place.own_port, "") if own else (place.port, "/openvip")
    with place.agent("one") as one:
        for path in (f"{base}/agents/one/messages", f"{base}/speech", f"{base}/control", "/api/agents/one/focus"):
            answer = place.ask("POST", path, port, headers=headers, json=message(x_input={"ops": ["submit"]}))
            assert answer.status_code == status
            assert "access-control-allow-origin" not in answer.headers
        assert place.ask("GET", f"{base}/agents/two/messages", port, headers=headers).status_code == status
        place.post("/agents/one/messages", message("the only one"))
        assert one.next()["text"] == "the only one"
    place.until(lambda: not place.hub.agents.connected)


def test_elsewhere_refusals_are_as_they_were(place: Place) -> None:
    import httpx

    answer = httpx.get(f"http://127.0.0.1:{place.port}/events", headers={"Origin": "https://evil.example"})
    assert answer.json() == {"error": "Origin not allowed"}


def test_a_listed_page(place: Place) -> None:
    answer = place.get("/status", headers={"Origin": LISTED})
    assert answer.status_code == 200 and answer.headers["access-control-allow-origin"] == LISTED


# ---- hostile bodies


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "text/json", "application/jsonx"]
)
@pytest.mark.parametrize("path", ["/agents/one/messages", "/speech", "/control"])
def test_what_a_page_could_send_without_asking(place: Place, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = place.ask("POST", f"/openvip{path}", content=json.dumps(message()).encode(), headers=headers)
    assert answer.status_code == 415 and check_error(answer)["code"] == "INVALID_FORMAT"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"stt.start"',
        b"\xff\xfe",
        b'{"openvip": "1.0", "command": NaN}',
        b'{"openvip": "1.0", "text": "\\ud800"}',
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * MAX_BODY,
        b'{"openvip": "2.0", "command": "ping", "type": "speech"}',
        b'{"openvip": "1.0", "id": "1", "command": "ping", "type": "speech"}',
    ],
)
@pytest.mark.parametrize("path", ["/agents/one/messages", "/speech", "/control"])
def test_hostile_bodies(place: Place, path: str, body: bytes) -> None:
    answer = place.ask("POST", f"/openvip{path}", content=body, headers=JSON)
    assert answer.status_code == 400 and answer.json()["code"] == "INVALID_FORMAT"
    assert len(answer.content) < 2000


def test_parameters_of_the_media_type(place: Place) -> None:
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        answer = place.ask("POST", "/openvip/control", content=b'{"command":"ping"}', headers={"Content-Type": kind})
        assert answer.status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large(place: Place, chunked: bool) -> None:
    body = b'{"command": "' + b"x" * (32 << 20) + b'"}'
    pieces = (body[start : start + (1 << 16)] for start in range(0, len(body), 1 << 16))
    answer = place.ask("POST", "/openvip/control", content=pieces if chunked else body, headers=JSON)
    assert answer.status_code == 413 and "bytes" in answer.json()["error"]


def test_the_largest_body(place: Place) -> None:
    body = json.dumps({"command": "ping", "fill": ""}).encode()
    fill = b"x" * (MAX_BODY - len(body))
    exact = body.replace(b'"fill": ""', b'"fill": "' + fill + b'"')
    assert len(exact) == MAX_BODY
    assert place.ask("POST", "/openvip/control", content=exact, headers=JSON).status_code == 200
    larger = exact.replace(b'"}', b'x"}')
    assert place.ask("POST", "/openvip/control", content=larger, headers=JSON).status_code == 413


@pytest.mark.parametrize("begun", [b"", b"{"])
def test_a_body_that_does_not_come(place: Place, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_IDLE_S", 0.05)
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
    with closing(connection):
        connection.request("POST", "/openvip/control", [begun], {**JSON, "Content-Length": "20"})
        answer = connection.getresponse()
        told = json.loads(answer.read())
    assert (answer.status, told["x_vox"]["code"]) == (408, "upload_timeout")


def test_a_client_that_goes_before_its_body_came(place: Place) -> None:
    """The client goes before it has sent all; nobody is told, and nothing is left."""
    with socket.create_connection(("127.0.0.1", place.port), timeout=10) as line:
        line.sendall(b"POST /openvip/control HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    assert place.post("/control", {"command": "ping"}).status_code == 200


def test_many_at_once_harm_no_one(place: Place) -> None:
    """Bad requests and good ones together: every good one is answered, and the agent reads each of its messages."""
    with place.agent("one") as one:

        def attack(number: int) -> int:
            bodies: list[Any] = [message(language="xx-bad"), message(x_a=None), message(id=number), [], "text", None]
            return place.post("/agents/one/messages", bodies[number % len(bodies)]).status_code

        def talk(number: int) -> int:
            return place.post("/agents/one/messages", message(f"{number}")).status_code

        with ThreadPoolExecutor(8) as threads:
            bad, good = threads.map(attack, range(40)), threads.map(talk, range(40))
            assert set(good) == {200} and set(bad) == {400}
        assert sorted(int(one.next()["text"]) for _ in range(40)) == list(range(40))
    place.until(lambda: not place.hub.agents.connected)


def test_requests_one_behind_the_other(place: Place) -> None:
    """A connection that is kept answers one request after the other, whatever became of them."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
    bodies = (b'{"command":"ping"}', 200), (b"{", 400), (b"x" * (MAX_BODY + 1), 413), (b"{}", 400)
    with closing(connection):
        for body, status in bodies * 2:
            connection.request("POST", "/openvip/control", body, JSON)
            answer = connection.getresponse()
            assert (answer.status, bool(answer.read())) == (status, True)


def test_what_breaks_inside_is_told_and_logged(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("secret words")

    monkeypatch.setattr(place.hub, "status", broken)
    answer = place.get("/status")
    body = check_error(answer)
    assert (answer.status_code, body["code"], body["x_vox"]["code"]) == (500, "INTERNAL_ERROR", "internal")
    assert "secret words" not in answer.text and body["ref"] in body["error"]


def test_ids_are_echoed(place: Place) -> None:
    number = str(uuid4())
    for command in ("ping", "nothing"):
        body = place.post("/control", {"openvip": "1.0", "id": number, "command": command}).json()
        assert body["ref"] == number != body["id"]
