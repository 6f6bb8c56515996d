"""What goes wrong at Gemini, Groq and NVIDIA, and on the way there: typed errors, in time, without secrets."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from starlette.responses import Response

from tests.providers.program import Program
from tests.providers.vendors import gemini
from tests.providers.vendors.remote import HEARS, NAMES, SPEAKS, TEXT, Way, failed, lead, wave_of
from tests.providers.vendors.server import (
    Behaviour,
    Vendor,
    answer,
    drip,
    html,
    redirect,
    refuse,
    reset,
    silence,
    slow,
    truncated,
)
from tests.providers.vendors.sounds import CLIP, clip_pcm, clip_wav
from vox.provider import Call

WAYS = [*SPEAKS, *HEARS]
every = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, Vendor]]:
    """Each way's vendor, by the way's name."""
    with ExitStack() as stack:
        yield {way.name: stack.enter_context(Vendor(way.app)) for way in WAYS}


@pytest.fixture
def vendor(way: Way, running: dict[str, Vendor], monkeypatch: pytest.MonkeyPatch) -> Vendor:
    return lead(way, running[way.name], monkeypatch)


def right(way: Way) -> tuple[bytes, str]:
    """Body and type of an answer that the vendor might give."""
    if way.name == "gemini":
        return json.dumps(gemini.candidate(gemini.inline(clip_pcm(0.5)))).encode(), "application/json"
    if way.name == "groq-asr":
        return json.dumps({"text": "one moment", "segments": []}).encode(), "application/json"
    return clip_wav(0.5), "audio/wav"


@every
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, None),
        (401, "unauthorized"),
        (402, "payment_required"),
        (403, "unauthorized"),
        (429, "rate_limited"),
        (500, None),
        (503, "provider_unavailable"),
        (504, "provider_timeout"),
    ],
)
def test_a_refusal_is_typed_and_tells_nothing_private(way: Way, vendor: Vendor, status: int, code: str | None) -> None:
    said = {"error": {"message": f"Trouble with '{TEXT}' for {way.key} (GROQ_API_KEY={way.key})\nsecond line"}}
    vendor.next(refuse(status, said))
    error = failed(way.do)
    assert error.code == code
    assert error.data["httpStatus"] == status
    assert f"(HTTP {status})" in error.message and "Trouble" in error.message
    assert way.key not in error.message and TEXT not in error.message and "\n" not in error.message
    if code == "unauthorized":
        assert way.key_name in error.message


@every
def test_too_much_is_typed(way: Way, vendor: Vendor) -> None:
    vendor.next(refuse(413, {"error": {"message": "Request entity too large"}}))
    assert failed(way.do).code == ("unsupported_audio" if way.name == "groq-asr" else "text_too_long")


@every
def test_an_unknown_model_at_the_vendor(way: Way, vendor: Vendor) -> None:
    vendor.always(refuse(404, {"error": {"message": "no such model", "code": "model_not_found"}}))
    assert failed(way.do).code == "model_not_found"


@every
def test_the_time_to_wait_is_told(way: Way, vendor: Vendor) -> None:
    vendor.next(refuse(429, {"error": {"message": "Rate limit reached"}}, {"retry-after": "37"}))
    error = failed(way.do)
    assert (error.code, error.data["retryAfterMs"]) == ("rate_limited", 37_000)
    assert len(vendor.seen) == 1


@every
def test_a_short_wait_is_waited_for(way: Way, vendor: Vendor) -> None:
    vendor.next(refuse(429, {"error": {"message": "slow down"}}, {"retry-after-ms": "20"}))
    way.do()
    assert len(vendor.seen) == 2


@every
def test_nothing_else_is_tried_again(way: Way, vendor: Vendor) -> None:
    vendor.next(refuse(500, "Internal error"))
    failed(way.do)
    assert len([seen for seen in vendor.seen if seen.method == "POST"]) == 1


@every
def test_a_page_is_not_repeated(way: Way, vendor: Vendor) -> None:
    vendor.next(html(502))
    error = failed(way.do)
    assert error.code == "provider_unavailable"
    assert error.message.endswith("(HTTP 502): request failed") or "request failed." in error.message
    assert "<" not in error.message


@every
def test_a_key_does_not_follow_a_redirect(way: Way, vendor: Vendor) -> None:
    vendor.next(redirect(f"{vendor.url}/elsewhere"))
    error = failed(way.do)
    assert way.base_name in error.message
    assert [seen.path for seen in vendor.seen if "elsewhere" in seen.path] == []


@every
@pytest.mark.parametrize("behave", ["silence", "slow", "drip"])
def test_the_wall_clock_wins(way: Way, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, behave: str) -> None:
    body, kind = right(way)
    behaviours: dict[str, Behaviour] = {
        "silence": silence(),
        "slow": slow(Response(body, media_type=kind)),
        "drip": drip(body, kind),
    }
    monkeypatch.setenv(way.time_name, "0.4")
    vendor.next(behaviours[behave])
    begun = time.monotonic()
    error = failed(way.do)
    assert time.monotonic() - begun < 3
    assert error.code == "provider_timeout"
    assert "timed out after 0.4 seconds" in error.message
    vendor.wait_until_left()


@every
@pytest.mark.parametrize("behave", [reset(), reset(b"RIFF"), "truncated"], ids=["reset", "reset-late", "truncated"])
def test_a_broken_connection(way: Way, vendor: Vendor, behave: Behaviour | str) -> None:
    body, kind = right(way)
    vendor.next(truncated(body, kind) if isinstance(behave, str) else behave)
    error = failed(way.do)
    assert error.code == "provider_unavailable", error.message


@every
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>Log in</html>", "text/html"),
        (b'{"status": "ok"}', "application/json"),
        (b"all is well", "text/plain"),
        (b"", "application/octet-stream"),
        (b"RIFF\x10\0\0\0WAVEjunk", "audio/wav"),
        (b"[1]", "application/json"),
        (b"null", "application/json"),
    ],
    ids=["page", "json", "text", "empty", "wav", "list", "null"],
)
def test_an_answer_of_another_kind(way: Way, vendor: Vendor, body: bytes, kind: str) -> None:
    vendor.next(answer(Response(body, media_type=kind)))
    error = failed(way.do)
    assert error.code == "provider_misbehaved"
    assert "Log in" not in error.message


@every
def test_nobody_there(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in way.environment("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    error = failed(way.do)
    assert error.code == "provider_unavailable"
    assert "127.0.0.1:9" in error.message and way.base_name in error.message


@every
def test_a_cancelled_call_lets_the_connection_go(way: Way, vendor: Vendor) -> None:
    vendor.next(silence())
    method, name, value = ("transcribe", "path", str(CLIP)) if way in HEARS else ("synthesize", "input", TEXT)
    call = Call(method, {"modelId": way.model, name: value})
    raised: list[Any] = []
    worker = threading.Thread(target=lambda: raised.append(failed(lambda: getattr(way.program, method)(call))))
    worker.start()
    vendor.wait_for_request()
    call.cancel()
    worker.join(10)
    assert raised[0].rpc_code == -32800
    vendor.wait_until_left()


@every
def test_calls_share_one_pool(way: Way, vendor: Vendor) -> None:
    before = vendor.connections
    workers = [threading.Thread(target=way.do) for _ in range(12)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert len(vendor.seen) == 12
    assert vendor.most_at_once <= 8 and vendor.connections - before <= 8
    for _ in range(3):
        way.do()
    assert vendor.connections - before <= 8


@every
def test_without_a_key_there_is_one_line_with_the_remedy(
    way: Way, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(way.key_name, "")
    error = failed(way.do)
    assert error.code == "unauthorized" and way.key_name in error.message and "\n" not in error.message
    for method in (way.program.install, way.program.preload):
        assert failed(lambda method=method: method(Call("install", {"modelId": way.model}))).code == "unauthorized"
    listed = way.program.models()["models"]
    assert {(model["installed"], model["available"]) for model in listed} == {(False, False)}
    assert all(way.key_name in model["remedy"] for model in listed)
    assert not any(voice["available"] for voice in way.program.voices(None))
    assert vendor.seen == []


@every
def test_with_a_key_all_is_there(way: Way, vendor: Vendor) -> None:
    whole = way.program.models()
    assert {"remote", "credentials"} <= set(whole["features"])
    assert all(model["installed"] and model["available"] and "remedy" not in model for model in whole["models"])
    told: list[dict[str, Any]] = []
    call = Call("preload", {"modelId": way.model}, lambda method, params: told.append(params))
    assert way.program.preload(call)["id"] == way.model
    assert told[-1]["progress"] == 1.0 and told[-1]["status"] == "ready"
    assert failed(lambda: way.program.preload(Call("preload", {"modelId": "nobody"}))).code == "model_not_found"
    assert vendor.seen == []


@every
def test_a_lent_key_comes_first(way: Way, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(way.key_name, "wrong-key")
    assert failed(way.do).code == "unauthorized"
    way.do(credentials={way.key_name: way.key})
    assert failed(way.do).code == "unauthorized"


@every
def test_an_empty_key_of_the_entry_fences_the_environment(
    way: Way, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOX_ENTRY_ENV", way.program.KEY.names[-1])
    monkeypatch.setenv(way.program.KEY.names[-1], "")
    assert failed(way.do).code == "unauthorized"
    way.do(credentials={way.key_name: way.key})


@every
@pytest.mark.parametrize("key", ["two words", "schlüssel", "line\nend"])
def test_a_key_that_is_none_is_not_sent(way: Way, vendor: Vendor, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv(way.key_name, key)
    error = failed(way.do)
    assert error.code == "unauthorized" and key not in error.message
    assert vendor.seen == []


@pytest.mark.parametrize("way", SPEAKS, ids=lambda way: way.name)
def test_the_program_speaks_and_keeps_the_key_to_itself(way: Way, vendor: Vendor) -> None:
    with Program(way.program.__name__, way.environment(vendor.url)) as program:
        said = program.call("synthesize", modelId=way.model, input=TEXT, format="wav")
        vendor.next(refuse(401, {"error": {"message": f"Bad key {way.key}"}}))
        refused = program.call("synthesize", modelId=way.model, input=TEXT, format="wav")
    assert program.status == 0
    _, channels, pcm = wave_of(base64.b64decode(said["result"]["audioBase64"]))
    assert channels == 1 and pcm == clip_pcm(1)
    assert refused["error"]["data"]["code"] == "unauthorized"
    assert way.key not in json.dumps([said, refused]) + program.stderr
