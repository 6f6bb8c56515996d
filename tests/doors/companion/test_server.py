"""The routes, as a page of the published browser client would use them."""

import json
import socket
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.daemon.conftest import until
from tests.doors.companion.conftest import FORM, OTHER, PAGE, Bridge, form

ROUTES = [
    ("GET", "/health"),
    ("GET", "/capabilities"),
    ("POST", "/transcribe"),
    ("POST", "/jobs"),
    ("GET", "/jobs/job_1"),
    ("GET", "/live"),
    ("POST", "/live"),
    ("POST", "/live/stop"),
    ("POST", "/live/cancel"),
    ("GET", "/voices"),
    ("GET", "/speak"),
    ("POST", "/speak"),
    ("POST", "/speak/cancel"),
]

WORDS = [{"word": "hello", "start": 0.0, "end": 0.2, "confidence": 0.5}]  # the scripted provider's, whatever it says


@pytest.fixture
def speech(recording: str) -> bytes:
    return Path(recording).read_bytes()


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_probe_of_the_browser_client(bridge: Bridge, prefix: str) -> None:
    answer = bridge.ask("GET", f"{prefix}/health", origin=PAGE)
    assert answer.status == 200
    assert answer.json == {
        "ok": True,
        "service": "vox-companion",
        "version": answer.json["version"],
        "port": bridge.port,
    }
    assert answer.headers["access-control-allow-origin"] == PAGE and answer.headers["vary"] == "Origin"


def test_capabilities(bridge: Bridge) -> None:
    told = bridge.ask("GET", "/capabilities", origin=PAGE).json
    assert told["running"] is True and told["daemon"]["service"] == "Vox"
    assert told["features"] == {
        "alignment": False,
        "local_asr": True,
        "local_tts": True,
        "realtime": True,
        "streaming_audio": False,
        "streaming_progress": True,
    }
    assert told["backends"].keys() >= {"parakeet", "avspeech"} and not told["backends"]["parakeet"]
    assert {model["id"] for model in told["models"]} == {"ear:1", "mouth:1"}


@pytest.mark.parametrize("path", ["/transcribe", "/v1/transcribe"])
def test_a_recording_becomes_text(bridge: Bridge, speech: bytes, path: str) -> None:
    answer = bridge.post_form(
        path, speech, prompt="say one two", format="wav", metadata='{"surface": "tab"}', modelId="ear:1", origin=PAGE
    )
    assert answer.status == 200, answer.body
    assert (answer.json["text"], answer.json["durationMs"]) == ("one two", 1000)
    assert answer.json["words"] == WORDS
    metrics = answer.json["metrics"]
    assert metrics["realtimeFactor"] == metrics["totalMs"] / 1000 and metrics["inferenceMs"] > 0
    until(lambda: bridge.daemon.rows() and bridge.daemon.rows()[-1]["clientId"] == "tab")


@pytest.mark.parametrize(
    ("timestamps", "words"), [("", True), ("words", True), ("true", True), ("none", False), ("segments", False)]
)
def test_language_and_timestamps_are_honoured(bridge: Bridge, speech: bytes, timestamps: str, words: bool) -> None:
    answer = bridge.post_form("/transcribe", speech, prompt="params", language="de", timestamps=timestamps)
    asked = json.loads(answer.json["error"].partition("{")[1] + answer.json["error"].partition("{")[2])
    assert asked["language"] == "de" and asked["words"] is words


@pytest.mark.parametrize(
    ("fields", "audio", "status"),
    [
        ({}, None, 400),
        ({"timestamps": "sometimes"}, b"x", 400),
        ({"metadata": "[]"}, b"x", 400),
        ({"metadata": "{"}, b"x", 400),
        ({"modelId": "nobody:1"}, b"x", 404),
        ({}, b"no sound at all", 415),
        ({}, b"", 415),
        ({}, bytes((1 << 20) + 1), 413),
        ({}, bytes(3 << 20), 413),
        ({"language": "x" * 70_000}, b"x", 400),
        ({f"field{number}": "" for number in range(140)}, b"x", 400),
    ],
)
def test_what_is_no_recording(bridge: Bridge, fields: dict[str, str], audio: bytes | None, status: int) -> None:
    answer = bridge.post_form("/transcribe", audio, origin=PAGE, **fields)
    assert answer.status == status, answer.body
    assert isinstance(answer.json["error"], str) and answer.json["errorInfo"]["code"]
    assert answer.headers["access-control-allow-origin"] == PAGE  # its page may know why


def test_a_file_of_another_name_and_a_second_file(bridge: Bridge) -> None:
    assert bridge.post_form("/transcribe", b"x", "secret").status == 400
    twice = form(b"x").removesuffix(b"------vox-test--\r\n") + form(b"y")
    assert bridge.ask("POST", "/transcribe", twice, Content_Type=FORM).status == 400


@pytest.mark.parametrize("body", [form(b"x")[:-8], b"", b"nothing like a form", form(b"x", "audio", a="b")[:60]])
def test_a_form_that_is_none(bridge: Bridge, body: bytes) -> None:
    assert bridge.ask("POST", "/transcribe", body, Content_Type=FORM).status == 400


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_json_must_say_that_it_is_json(bridge: Bridge, kind: str) -> None:
    for path in ("/speak", "/live", "/live/stop", "/speak/cancel"):
        answer = bridge.ask("POST", path, b'{"text": "x"}', Content_Type=kind)
        assert answer.status == 400 and "application/json" in answer.json["error"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"[" * 100_000, b"\xff"])
def test_json_that_is_none(bridge: Bridge, body: bytes) -> None:
    assert bridge.ask("POST", "/speak", body, Content_Type="application/json").status == 400


def test_speech(bridge: Bridge) -> None:
    spoken = bridge.ask("POST", "/speak", {"clientId": "tab", "text": "hello", "voiceId": "anna"}, origin=PAGE)
    assert spoken.status == 200
    assert (spoken.json["voiceId"], spoken.json["contentType"]) == ("anna", "audio/wav")
    assert spoken.json["audioBytes"] and spoken.json["audioBase64"]
    assert bridge.ask("GET", "/speak").json == {"session": None}
    assert [voice["id"] for voice in bridge.ask("GET", "/voices?modelId=mouth:1").json["voices"]] == ["anna"]
    assert bridge.ask("POST", "/speak", {}).json["error"] == "Missing text"


def test_speech_is_cancelled_by_its_own_page_only(bridge: Bridge) -> None:
    with slow_speech(bridge) as client:
        assert until(lambda: bridge.daemon.providers()["mouth"]["inUse"] == 1)
        other = bridge.ask("POST", "/speak/cancel", {"clientId": "tab"}, origin=OTHER)
        assert other.json == {"cancelled": False, "sessionId": None}
        mine = bridge.ask("POST", "/speak/cancel", {"clientId": "tab"}, origin=PAGE)
        assert mine.json == {"cancelled": True, "sessionId": None}
        assert client.recv(12) == b"HTTP/1.1 499"
    until(lambda: bridge.daemon.providers()["mouth"]["inUse"] == 0)


def test_speech_ends_when_its_client_has_gone(bridge: Bridge) -> None:
    with slow_speech(bridge):
        until(lambda: bridge.daemon.providers()["mouth"]["inUse"] == 1)
    until(lambda: bridge.daemon.providers()["mouth"]["inUse"] == 0)


def slow_speech(bridge: Bridge) -> socket.socket:
    body = json.dumps({"clientId": "tab", "text": "hello", "instructions": "hang"}).encode()
    return raw(
        bridge,
        f"POST /speak HTTP/1.1\r\nHost: localhost\r\nOrigin: {PAGE}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body,
    )


def raw(bridge: Bridge, request: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", bridge.port), timeout=10)
    connection.sendall(request)
    return connection


def test_a_client_that_vanishes_while_it_sends(bridge: Bridge) -> None:
    head = f"POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: 900000\r\n\r\n"
    with raw(bridge, head.encode() + form(bytes(600_000))[:-20]):
        until(lambda: list(bridge.daemon.home.spool.glob("*")), what="the upload in the spool")
    until(lambda: not list(bridge.daemon.home.spool.glob("*")), what="the upload is gone")


def test_a_client_that_vanishes_while_it_waits(bridge: Bridge, speech: bytes) -> None:
    body = form(speech, prompt="hang")
    head = (
        f"POST /transcribe HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with raw(bridge, head.encode() + body):
        until(lambda: bridge.daemon.providers()["ear"]["inUse"] == 1)
    until(lambda: bridge.daemon.providers()["ear"]["inUse"] == 0)
    until(lambda: not list(bridge.daemon.home.spool.glob("*")))


def test_an_alignment(bridge: Bridge, speech: bytes) -> None:
    begun = bridge.post_form("/jobs", speech, type="alignment", prompt="say one two", origin=PAGE)
    assert begun.json["accepted"] is True and begun.json["jobId"].startswith("job_")
    place = f"/jobs/{begun.json['jobId']}"
    done = until(lambda: (job := bridge.ask("GET", place, origin=PAGE).json)["status"] == "completed" and job)
    assert done["type"] == "alignment"
    assert done["result"]["alignment"] == {"words": WORDS, "text": "one two", "durationMs": 1000}
    assert bridge.ask("GET", place, origin=OTHER).status == 404
    assert bridge.ask("GET", place).status == 404
    until(lambda: not list(bridge.daemon.home.spool.glob("*")))


def test_a_job_that_fails_says_why(bridge: Bridge, speech: bytes) -> None:
    number = bridge.post_form("/jobs", speech, type="alignment", prompt="error no ears").json["jobId"]
    job = until(lambda: (job := bridge.ask("GET", f"/jobs/{number}").json)["status"] == "failed" and job)
    assert "no ears" in job["error"] and job["errorInfo"]["code"] == "provider_error"


def test_what_is_no_job(bridge: Bridge) -> None:
    assert bridge.post_form("/jobs", b"x", type="dance").status == 400
    assert bridge.post_form("/jobs", None, type="alignment").status == 400
    assert bridge.ask("POST", "/jobs", {"type": "alignment"}).status == 400
    assert bridge.ask("POST", "/jobs", {"type": "alignment", "source": {"audioUrl": 7}}).status == 400
    refused = bridge.ask("POST", "/jobs", {"type": "alignment", "source": {"audioUrl": "https://a.example/a.wav"}})
    assert refused.status == 403 and "allowUrlJobs" in refused.json["error"]
    assert bridge.ask("GET", "/jobs/job_unknown").status == 404


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_a_preflight(bridge: Bridge, prefix: str) -> None:
    for _, path in ROUTES:
        answer = bridge.ask("OPTIONS", prefix + path, origin=PAGE)
        assert (answer.status, answer.body) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
        assert "Content-Type" in answer.headers["access-control-allow-headers"]
        assert answer.headers["access-control-max-age"] == "86400"
    assert bridge.ask("OPTIONS", "/health").status == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", PAGE + ".evil.example", PAGE + ":444"])
def test_any_other_page_gets_nothing(bridge: Bridge, origin: str) -> None:
    for method, path in [*ROUTES, ("OPTIONS", "/health"), ("GET", "/healthz"), ("GET", "/nowhere")]:
        for prefix in ("", "/v1"):
            answer = bridge.ask(method, prefix + path, b"{}" if method == "POST" else None, origin=origin)
            assert (answer.status, answer.body) == (403, b'{"error":"Origin not allowed"}')
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws://127.0.0.1:{bridge.port}/", origin=origin)  # type: ignore[arg-type]


def test_a_borrowed_name_gets_nothing(bridge: Bridge) -> None:
    for method, path in ROUTES:
        assert bridge.ask(method, path, b"{}" if method == "POST" else None, Host="evil.example").status == 421


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_is_changed_with_get(bridge: Bridge, method: str, path: str) -> None:
    if method == "POST" and path not in ("/live", "/speak"):
        assert bridge.ask("GET", path).status in (404, 405)


def test_a_listed_page_may_use_the_socket_but_not_name_files(bridge: Bridge, recording: str) -> None:
    with connect(f"ws://127.0.0.1:{bridge.port}/", origin=PAGE) as web:  # type: ignore[arg-type]
        for method, params, code in [
            ("transcribe.file", {"path": recording}, "path_not_allowed"),
            ("models.install", {"modelId": "ear:1"}, "unauthorized"),
            ("daemon.stop", {}, "unauthorized"),
        ]:
            web.send(json.dumps({"id": "1", "method": method, "params": params}))
            assert json.loads(web.recv(timeout=10))["errorInfo"]["code"] == code
