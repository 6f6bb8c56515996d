"""The door itself, over real sockets: who is let in and how, what a bad client is told, and how sessions end."""

import base64
import contextlib
import json
import socket
import struct
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from websockets.exceptions import ConnectionClosed

from tests.doors.realtime.sessions import clip, silence
from tests.doors.realtime.sockets import Line, dial, refused
from tests.llm_server import Answer, LlmServer
from vox.client import Client
from vox.testing import FakeProvider, running_daemon

TOKEN = "a-token-of-some-length"
SPOKEN = clip(end_s=2.9) + silence(1.2)


@contextlib.contextmanager
def vox(folder: Path, **settings: Any) -> Generator[Client]:
    (folder / "fake").mkdir()
    fake = FakeProvider(folder / "fake")
    with running_daemon(folder / "home", fake, **settings) as client:
        yield client


@pytest.fixture(scope="module")
def llm() -> Iterator[LlmServer]:
    with LlmServer("Fine, thank you.") as server:
        yield server


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, llm: LlmServer) -> Iterator[int]:
    """Of a daemon that asks for no key."""
    model = {"baseUrl": llm.base_url, "model": "test-model", "timeouts": {"firstTokenMs": 1000}}
    quiet = {"acknowledgement": {"enabled": False}, "requestsPerMinute": 10_000}
    with vox(tmp_path_factory.mktemp("v"), llm=model, realtime=quiet) as client:
        yield client.status()["port"]


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a daemon that asks for a key, and whose agent is an echo."""
    with vox(tmp_path_factory.mktemp("v"), authToken=TOKEN, realtime={"agent": "echo", "queryKey": True}) as client:
        yield json.loads((client.home.root / "runtime.json").read_text(encoding="utf-8"))["port"]


# ---- who is let in


@pytest.mark.parametrize(
    "how",
    [
        {"key": TOKEN},
        {"offered": ["realtime", f"openai-insecure-api-key.{TOKEN}", "openai-agents-sdk.0.4.0"]},
        {"offered": ["realtime", TOKEN]},
        {"query": f"?api_key={TOKEN}"},
    ],
)
def test_the_key_opens_wherever_clients_write_it(locked: int, how: dict[str, Any]) -> None:
    with dial(locked, **how) as line:
        assert line.socket.subprotocol == ("realtime" if "offered" in how else None)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"key": "another-token-of-some-length"},
        {"offered": ["realtime", "openai-insecure-api-key.nonsense"]},
        {"offered": ["realtime"]},
        {"key": "ek_" + "a" * 43},
        {"query": "?api_key=nonsense"},
    ],
)
def test_without_it_the_handshake_is_refused(locked: int, how: dict[str, Any]) -> None:
    status, body, headers = refused(locked, **how)
    assert (status, body["error"]["code"], body["error"]["type"]) == (401, "invalid_api_key", "invalid_request_error")
    assert headers["www-authenticate"] == "Bearer"


def test_where_no_key_is_asked_for_any_key_does_but_a_secret_that_is_none(port: int) -> None:
    with dial(port, key="sk-not-needed"), dial(port, offered=["realtime", "openai-insecure-api-key.none"]):
        pass
    assert refused(port, key="ek_" + "a" * 43)[0] == 401


@pytest.mark.parametrize(
    ("origin", "status"), [("http://evil.example", 403), ("null", 403), ("http://localhost:PORT", 403)]
)
def test_a_page_from_elsewhere_is_refused(port: int, origin: str, status: int) -> None:
    assert refused(port, Origin=origin.replace("PORT", str(port)))[0] == status  # the Host is 127.0.0.1


def test_our_own_page_is_let_in(port: int) -> None:
    with dial(port, Origin=f"http://127.0.0.1:{port}"):
        pass


def test_the_address_without_an_upgrade_and_what_is_not_there(port: int) -> None:
    def status(method: str, path: str) -> tuple[int, str]:
        try:
            urlopen(Request(f"http://127.0.0.1:{port}{path}", method=method), timeout=10)
        except HTTPError as error:
            with error:
                return error.code, json.loads(error.read())["error"]["code"]
        raise AssertionError("it is there")

    assert status("GET", "/v1/realtime") == (426, "upgrade_required")
    assert status("POST", "/v1/realtime/calls") == (404, "unknown_url")
    assert status("POST", "/v1/realtime/calls/rtc_1/hangup") == (404, "unknown_url")
    assert status("GET", "/v1/realtime/client_secrets") == (405, "method_not_allowed")
    assert status("POST", "/v1/realtime/translations") == (404, "unknown_url")


# ---- how it begins


def test_it_begins_with_what_is_asked_for_and_its_end(port: int) -> None:
    with dial(port, "?model=gpt-realtime-2.1") as line:
        session = line.events[0]["session"]
        assert (session["model"], session["type"], session["object"]) == (
            "gpt-realtime-2.1",
            "realtime",
            "realtime.session",
        )
        assert session["expires_at"] > 1_700_000_000
    with dial(port, "?model=nobody-knows-it") as line:
        assert line.events[0]["session"]["model"] == "test-model"
    with dial(port) as line:
        assert line.events[0]["session"]["model"] == "test-model"


def test_a_strict_daemon_refuses_unknown_models(tmp_path: Path) -> None:
    with vox(tmp_path, realtime={"strictModel": True}) as client:
        port = client.status()["port"]
        status, body, _ = refused(port, "?model=nobody-knows-it")
        assert (status, body["error"]["code"], body["error"]["param"]) == (404, "model_not_found", "model")
        with dial(port, "?model=gpt-4o-realtime-preview"), dial(port, "?model=vox"):
            pass


def test_the_beta_is_spoken_to_who_asks_for_it(port: int) -> None:
    with dial(port, OpenAI_Beta="realtime=v1") as line:
        session = line.events[0]["session"]
        assert session["modalities"] == ["text", "audio"] and session["input_audio_format"] == "pcm16"
        assert "type" not in session and "audio" not in session
        line.send("session.update", session={"modalities": ["text"], "turn_detection": None, "temperature": 0.8})
        assert line.until("session.updated")["session"]["turn_detection"] is None
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How are you?"}]}
        line.send("conversation.item.create", item=item)
        assert line.until("conversation.item.created")["item"]["content"] == item["content"]
        line.send("response.create")
        done = line.until("response.done")["response"]
        assert done["output"][0]["content"] == [{"type": "text", "text": "Fine, thank you."}]
        kinds = {event["type"] for event in line.events}
        assert "response.text.delta" in kinds and not {kind for kind in kinds if "output_text" in kind}
        assert "conversation.item.added" not in kinds and "conversation.item.done" not in kinds
        line.send("session.update", session={"turn_detection": {"threshold": 7}})
        assert line.until("error")["error"]["param"] == "session.turn_detection.threshold"


def test_a_transcription_session_writes_down_and_answers_nothing(port: int) -> None:
    with dial(port, "?intent=transcription") as line:
        session = line.events[0]["session"]
        assert (session["type"], session["object"]) == ("transcription", "realtime.transcription_session")
        line.say(SPOKEN)
        assert line.until("conversation.item.input_audio_transcription.completed")["transcript"] == "hello world"
        line.send("response.create")
        assert line.error()["code"] == "invalid_event"


# ---- a whole turn


def test_what_is_said_is_answered_and_counted(port: int, llm: LlmServer) -> None:
    with dial(port) as line:
        line.say(SPOKEN)
        done = line.until("response.done")["response"]
        assert done["status"] == "completed"
        assert done["output"][0]["content"] == [{"type": "output_audio", "transcript": "Fine, thank you."}]
        limits = line.until("rate_limits.updated")["rate_limits"]
        assert limits[0]["name"] == "requests" and limits[0]["limit"] == 10_000
        assert llm.requests[-1].body["messages"][-1] == {"role": "user", "content": "hello world"}
        line.socket.close()
    assert line.ended() == 1000


# ---- bad clients


APPEND = "input_audio_buffer.append"


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def with_parameters(schema: str) -> str:
    return f'{{"type": "session.update", "session": {{"tools": [{{"name": "f", "parameters": {schema}}}]}}}}'


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        ("", "invalid_json"),
        ('{"type": "session.update", "session": NaN}', "invalid_json"),
        ("[]", "invalid_event"),
        ("null", "invalid_event"),
        ('"session.update"', "invalid_event"),
        ("{}", "missing_required_parameter"),
        ('{"type": null}', "invalid_value"),
        ('{"type": 5, "event_id": "e"}', "invalid_value"),
        ('{"type": "session.explode", "event_id": "e"}', "unknown_event"),
        ('{"type": "session.update"}', "missing_required_parameter"),
        ('{"type": "session.update", "session": []}', "invalid_value"),
        (f'{{"type": "{APPEND}"}}', "missing_required_parameter"),
        (f'{{"type": "{APPEND}", "audio": 7}}', "invalid_value"),
        (f'{{"type": "{APPEND}", "audio": "not base64!"}}', "invalid_audio"),
        ('{"type": "input_audio_buffer.commit"}', "input_audio_buffer_commit_empty"),
        ('{"type": "conversation.item.delete", "item_id": "none"}', "item_delete_invalid_item_id"),
        ('{"type": "response.cancel"}', "response_cancel_not_active"),
        ('{"type": "output_audio_buffer.clear"}', "invalid_event"),
        (f'{{"type": "session.update", "session": {{"truncation": {nested(300)}}}}}', "invalid_value"),
        (with_parameters(nested(300)), "invalid_value"),
        (with_parameters(nested(900)), "invalid_value"),
        ('{"type": "' + "x" * 100_000 + '"}', "unknown_event"),
        ("[" * 100_000, "invalid_json"),
        (b"\x00\x01binary", "invalid_event"),
        (b"{}", "invalid_event"),
    ],
    ids=str,
)
def test_a_mistake_is_one_error_and_the_session_goes_on(port: int, frame: str | bytes, code: str) -> None:
    with dial(port) as line:
        line.raw(frame)
        error = line.error()
        assert (error["code"], error["type"]) == (code, "invalid_request_error") and error["message"]
        if '"event_id": "e"' in str(frame):
            assert error["event_id"] == "e"
        line.answers()


def test_a_frame_that_is_too_large_is_told_and_one_that_is_just_not_is_taken(port: int) -> None:
    with dial(port) as line:
        line.raw('{"type": "' + " " * (24 << 20) + '"}')
        assert line.error()["code"] == "invalid_event"
        line.send(APPEND, audio=base64.b64encode(bytes(60 * 48_000)).decode("ascii"))  # a minute, in one event
        line.answers()


def test_a_frame_of_no_reasonable_size_closes(port: int) -> None:
    with dial(port) as line:
        with contextlib.suppress(ConnectionClosed):
            line.raw(" " * (65 << 20))
        assert line.ended() == 1009


def test_who_sends_such_a_frame_without_looking_up_is_told_all_the_same(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
        raw.sendall(
            b"GET /v1/realtime HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        told = b""
        while b"session.created" not in told:
            told += raw.recv(1 << 16)
        raw.sendall(struct.pack("!BBQI", 0x81, 0x80 | 127, 65 << 20, 0))
        for _ in range(65):
            raw.sendall(bytes(1 << 20))
        told = b"".join(iter(lambda: raw.recv(1 << 16), b""))
    assert b"\x03\xf1" in told[-125:]  # 1009


@pytest.mark.parametrize(
    ("answer", "asked", "code"),
    [
        (Answer(fault="drop"), 2, "llm_unavailable"),
        (Answer(status=401), 1, "provider_unauthorized"),
        (Answer(status=400), 1, "llm_error"),
        (Answer(fault="hang"), 1, "llm_timeout"),
        (Answer("Well, I", fault="cut"), 1, "llm_error"),
        (Answer("Well, I", fault="error"), 1, "llm_error"),
    ],
    ids=["dead", "no key", "refusing", "slow", "cut", "failing"],
)
def test_a_language_model_that_fails_costs_one_response(
    port: int, llm: LlmServer, answer: Answer, asked: int, code: str
) -> None:
    with dial(port) as line:
        line.send("session.update", session={"type": "realtime", "output_modalities": ["text"]})
        line.until("session.updated")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How are you?"}]}
        line.send("conversation.item.create", item=item)
        llm.then(*[answer] * asked)
        line.send("response.create")
        done = line.until("response.done")["response"]
        assert done["status"] == "failed" and done["status_details"]["error"]["code"] == code
        line.send("response.create")
        assert line.until("response.done")["response"]["status"] == "completed"


# ---- limits and ends


def test_too_many_requests_are_refused_with_the_time_to_wait(tmp_path: Path) -> None:
    with vox(tmp_path, realtime={"agent": "echo", "requestsPerMinute": 3}) as client:
        port = client.status()["port"]
        with dial(port) as line, dial(port):
            line.send("response.create", response={"instructions": "Say hello.", "output_modalities": ["text"]})
            assert line.until("rate_limits.updated")["rate_limits"][0]["remaining"] == 0
            line.send("response.create", event_id="mine")
            error = line.error()
            assert (error["code"], error["event_id"]) == ("rate_limit_exceeded", "mine")
            status, body, headers = refused(port)
            assert (status, body["error"]["type"]) == (429, "rate_limit_exceeded")
            assert 0 < int(headers["retry-after"]) <= 20
            line.answers()


def test_a_full_daemon_refuses_before_the_upgrade(tmp_path: Path) -> None:
    with vox(tmp_path, realtime={"maxSessions": 1}) as client:
        port = client.status()["port"]
        with dial(port):
            status, body, headers = refused(port)
            assert (status, body["error"]["code"]) == (503, "no_room") and int(headers["retry-after"]) > 0
        with dial(port):
            pass


def test_its_time_is_over(tmp_path: Path) -> None:
    with vox(tmp_path, realtime={"maxCallDurationMs": 2000}) as client, dial(client.status()["port"]) as line:
        assert line.ended() == 1001
        kinds = [event["type"] for event in line.events]
        assert kinds == ["session.created", "session.updated", "error"]  # the second is the warning
        assert line.events[2]["error"]["code"] == "session_expired"


def test_nothing_happens_for_too_long_but_sound(tmp_path: Path) -> None:
    with vox(tmp_path, realtime={"maxIdleDurationMs": 1000}) as client, dial(client.status()["port"]) as line:
        with contextlib.suppress(ConnectionClosed):
            while line.socket.close_code is None:
                line.say(silence(0.2))
                try:
                    line.receive(0.05)
                except TimeoutError:
                    continue
        assert line.events[-1]["error"]["code"] == "session_expired" and line.socket.close_code == 1000


def test_the_daemon_ends(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        with vox(tmp_path) as client:
            line: Line = stack.enter_context(dial(client.status()["port"]))
        assert line.ended() == 1001


def test_a_client_that_reads_nothing_is_let_go(port: int) -> None:
    with dial(port) as line:
        line.send("session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": None}}})
        line.until("session.updated")
        line.say(silence(20), 48_000 * 20)
        line.send("input_audio_buffer.commit")
        item = line.until("conversation.item.done")["item"]
        with contextlib.suppress(ConnectionClosed):
            for _ in range(200):  # each is answered with the sound, more than a mebibyte
                line.send("conversation.item.retrieve", item_id=item["id"])
        assert line.ended() == 1013


def test_a_client_that_goes_leaves_nothing_behind(port: int, llm: LlmServer) -> None:
    with dial(port) as line:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "How are you?"}]}
        line.send("conversation.item.create", item=item)
        llm.then(Answer("This takes a while, and nobody hears it.", token_s=5))
        count = len(llm.requests)
        line.send("response.create")
        request = llm.wait_for(count + 1)
        line.socket.socket.close()  # without a word
    assert request.wait().cut
