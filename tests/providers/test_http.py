"""The way to a vendor: one wall clock over everything, one pool, and no attempt that could be billed twice."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from tests.providers.vendors import server
from tests.providers.vendors.sounds import clip_wav
from vox.provider import Call, ProviderError
from vox_providers import _http

PROMPT = "The quick brown fox jumps over the lazy dog."
SHORT_S = 0.4
"""A limit that is reached on purpose."""


async def app(scope: dict, receive: Callable, send: Callable) -> None:
    await JSONResponse({"fine": True})(scope, receive, send)


@pytest.fixture(scope="module")
def running() -> Iterator[server.Vendor]:
    with server.Vendor(app) as made:
        yield made


@pytest.fixture
def vendor(running: server.Vendor) -> server.Vendor:
    running.forget()
    return running


@pytest.fixture
def way() -> Iterator[_http.Vendor]:
    made = _http.Vendor("Test TTS", "TEST_KEY", limit=2, address_name="TEST_URL")
    yield made
    made.close()


def ask(way: _http.Vendor, vendor: server.Vendor, within_s: float = 10, call: Call | None = None) -> bytes:
    with way.send("POST", f"{vendor.url}/x", within_s=within_s, call=call, hide=(PROMPT, "the-key"), json={}) as answer:
        return answer.read()


def refused(way: _http.Vendor, vendor: server.Vendor, within_s: float = 10) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        ask(way, vendor, within_s)
    return caught.value


def test_an_answer_comes_as_it_was_sent(way: _http.Vendor, vendor: server.Vendor) -> None:
    with way.send("POST", f"{vendor.url}/x", within_s=10, headers={"A": "b"}, json={"text": PROMPT}) as answer:
        assert (answer.status, answer.content_type, answer.json()) == (200, "application/json", {"fine": True})
    seen = vendor.seen[0]
    assert (seen.method, seen.path, seen.headers["a"], seen.json()) == ("POST", "/x", "b", {"text": PROMPT})
    assert seen.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "behaviour",
    [
        server.silence(),
        server.slow(Response(clip_wav(), media_type="audio/wav")),
        server.drip(bytes(4000)),
        server.drip(bytes(4000), every_s=0.001),
    ],
    ids=["no first byte", "no second byte", "a drip", "a fast drip"],
)
def test_the_wall_clock_wins(way: _http.Vendor, vendor: server.Vendor, behaviour: server.Behaviour) -> None:
    way.prepare()
    vendor.next(behaviour)
    begun = time.monotonic()
    error = refused(way, vendor, SHORT_S)
    assert (error.code, error.message) == ("provider_timeout", "Test TTS request timed out after 0.4 seconds.")
    assert SHORT_S <= time.monotonic() - begun < SHORT_S + 0.5
    vendor.wait_until_left()
    assert len(vendor.seen) == 1


def test_the_wall_clock_holds_for_the_body_of_an_error_too(way: _http.Vendor, vendor: server.Vendor) -> None:
    async def error_without_end(exchange: server.Exchange) -> None:
        await exchange.begin(500, {"content-type": "text/plain"})
        await exchange.gone()

    vendor.next(error_without_end)
    error = refused(way, vendor, SHORT_S)
    assert error.message == "Test TTS request failed (HTTP 500): request failed"


def test_the_wall_clock_holds_while_the_host_is_looked_up(way: _http.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def hang(*_: object, **__: object) -> None:
        let_go.wait(20)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    way.prepare()
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    begun = time.monotonic()
    with pytest.raises(ProviderError, match=r"timed out after 0\.4 seconds") as caught:
        way.send("GET", "http://vendor.invalid/", within_s=SHORT_S)
    let_go.set()
    assert caught.value.code == "provider_timeout" and time.monotonic() - begun < SHORT_S + 0.5


@pytest.mark.parametrize(("seconds", "told"), [(1, "1 second."), (12.0, "12 seconds."), (0.5, "0.5 seconds.")])
def test_a_limit_is_told_in_seconds(seconds: float, told: str) -> None:
    clock = _http.Clock("OpenAI TTS request", seconds)
    clock._end = 0.0
    with pytest.raises(ProviderError) as caught:
        clock.check()
    assert caught.value.message == f"OpenAI TTS request timed out after {told}"


@pytest.mark.parametrize("behaviour", [server.silence(), server.drip(bytes(4000))], ids=["silence", "drip"])
def test_a_cancelled_call_closes_its_connection(
    way: _http.Vendor, vendor: server.Vendor, behaviour: server.Behaviour
) -> None:
    vendor.next(behaviour)
    call = Call("synthesize", {"input": PROMPT})

    def cancel() -> None:
        vendor.wait_for_request()
        call.cancel()

    other = threading.Thread(target=cancel)
    other.start()
    with pytest.raises(ProviderError, match="cancelled"):
        ask(way, vendor, call=call)
    other.join()
    vendor.wait_until_left()


def test_calls_run_at_once_up_to_the_limit_on_connections_that_are_used_again(
    way: _http.Vendor, vendor: server.Vendor
) -> None:
    both = threading.Barrier(2, timeout=10)

    async def together(exchange: server.Exchange) -> None:
        await asyncio.to_thread(both.wait)
        await JSONResponse({})(exchange.scope, exchange.receive, exchange.send)

    vendor.always(together)
    threads = [threading.Thread(target=ask, args=(way, vendor)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(vendor.seen), vendor.most_at_once, vendor.connections) == (6, 2, 2)


def test_a_connection_that_cannot_be_made_is_tried_again(way: _http.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    async def refuse(*_: object, **__: object) -> None:
        tried.append(time.monotonic())
        raise httpx.ConnectError("nobody listens")

    monkeypatch.setattr(httpx.AsyncClient, "send", refuse)
    with pytest.raises(ProviderError) as caught:
        way.send("POST", "http://user:secret@127.0.0.1:9/v1", within_s=10)
    assert len(tried) == 3 and tried[2] - tried[0] >= 0.55
    assert caught.value.code == "provider_unavailable"
    assert caught.value.message == (
        "Test TTS request failed: 127.0.0.1:9 cannot be reached (nobody listens). Is the network there, and TEST_URL "
        "right?"
    )


def test_it_is_not_tried_again_when_there_is_no_time(way: _http.Vendor) -> None:
    way.prepare()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    begun = time.monotonic()
    with pytest.raises(ProviderError) as caught:
        way.send("POST", f"http://127.0.0.1:{port}/", within_s=0.3)
    assert caught.value.code == "provider_unavailable" and time.monotonic() - begun < 0.3


@pytest.mark.parametrize("url", ["no address", "gopher://127.0.0.1/", "http://[::1"])
def test_what_is_no_address_is_told(way: _http.Vendor, url: str) -> None:
    with pytest.raises(ProviderError, match="TEST_URL right") as caught:
        way.send("POST", url, within_s=1)
    assert caught.value.code == "provider_unavailable"


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_for_a_moment_is_waited_for(way: _http.Vendor, vendor: server.Vendor, status: int) -> None:
    vendor.next(server.refuse(status, {}, {"retry-after": "0.2"}))
    begun = time.monotonic()
    assert ask(way, vendor) == b'{"fine":true}'
    assert time.monotonic() - begun >= 0.2 and len(vendor.seen) == 2


@pytest.mark.parametrize(
    ("status", "code", "headers", "told_ms"),
    [
        (429, "rate_limited", {"retry-after": "20"}, 20_000),
        (429, "rate_limited", {"retry-after-ms": "7500"}, 7_500),
        (429, "rate_limited", {}, None),
        (503, "provider_unavailable", {"retry-after": "60"}, 60_000),
        (500, None, {"retry-after": "0"}, None),
    ],
)
def test_a_longer_wait_is_the_callers(
    way: _http.Vendor, vendor: server.Vendor, status: int, code: str | None, headers: dict, told_ms: int | None
) -> None:
    vendor.next(server.refuse(status, {"error": {"message": "Slow down."}}, headers))
    error = refused(way, vendor)
    assert error.message == f"Test TTS request failed (HTTP {status}): Slow down."
    assert (error.code, error.data.get("retryAfterMs"), len(vendor.seen)) == (code, told_ms, 1)


def test_the_wait_may_be_a_date(way: _http.Vendor, vendor: server.Vendor) -> None:
    vendor.next(server.refuse(429, {}, {"retry-after": formatdate(time.time() + 90, usegmt=True)}))
    assert 85_000 <= refused(way, vendor).data["retryAfterMs"] <= 90_000


def test_three_refusals_are_enough(way: _http.Vendor, vendor: server.Vendor) -> None:
    vendor.always(server.refuse(429, {}, {"retry-after": "0.01"}))
    assert refused(way, vendor).code == "rate_limited"
    assert len(vendor.seen) == 3


def test_an_empty_account_is_not_asked_again(way: _http.Vendor, vendor: server.Vendor) -> None:
    vendor.next(
        server.refuse(429, {"error": {"message": "No credit.", "code": "insufficient_quota"}}, {"retry-after": "0"})
    )
    assert refused(way, vendor).code == "payment_required"
    assert len(vendor.seen) == 1


@pytest.mark.parametrize(
    "behaviour",
    [server.reset(), server.reset(b"RIFF"), server.truncated(bytes(1000)), server.truncated(bytes(1000), at=0)],
    ids=["reset", "reset in the body", "truncated", "nothing of the body"],
)
def test_what_was_sent_is_never_sent_again(
    way: _http.Vendor, vendor: server.Vendor, behaviour: server.Behaviour
) -> None:
    vendor.next(behaviour)
    error = refused(way, vendor)
    assert error.code == "provider_unavailable" and "the server broke off the exchange" in error.message
    assert len(vendor.seen) == 1
    assert ask(way, vendor) == b'{"fine":true}'


def test_a_redirect_is_not_followed(way: _http.Vendor, vendor: server.Vendor) -> None:
    with server.Vendor(app) as elsewhere:
        vendor.next(server.redirect(f"{elsewhere.url}/x"))
        error = refused(way, vendor)
        assert elsewhere.seen == [] and "TEST_URL" in error.message and "HTTP 307" in error.message


def test_an_answer_has_a_largest_size(way: _http.Vendor, vendor: server.Vendor) -> None:
    vendor.next(server.answer(Response(bytes(10_001))))
    with (
        way.send("GET", vendor.url, within_s=10) as answer,
        pytest.raises(ProviderError, match="more than 10000 bytes"),
    ):
        answer.read(10_000)


def test_a_page_is_no_json(way: _http.Vendor, vendor: server.Vendor) -> None:
    vendor.next(server.html(200))
    with (
        way.send("GET", vendor.url, within_s=10) as answer,
        pytest.raises(ProviderError, match="text/html that is not"),
    ):
        answer.json()


def test_a_vendor_may_name_its_own_errors(way: _http.Vendor, vendor: server.Vendor) -> None:
    vendor.next(server.refuse(400, {"detail": {"status": "odd_thing", "message": "No."}}))
    with pytest.raises(ProviderError, match="odd_thing"):
        way.send("GET", vendor.url, within_s=10, refuse=lambda r: ProviderError(",".join(r.names)))


def test_a_proxy_that_cannot_be_used_is_told(way: _http.Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://127.0.0.1")
    with pytest.raises(ProviderError, match="the proxy of the environment is unusable"):
        way.prepare()


def test_a_provider_starts_without_httpx() -> None:
    code = (
        "import vox_providers.openai_tts, vox_providers.openai_asr, sys; print({'httpx', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "set()"
