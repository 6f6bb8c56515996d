"""Secrets over real HTTP: who may have them made, what they hold, what they open, and for how long."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.doors.realtime.sockets import dial, refused
from tests.doors.realtime.test_server import TOKEN, vox
from vox.client import Client

MINTS = ("client_secrets", "sessions", "transcription_sessions")
Answer = tuple[int, dict[str, Any]]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    origins = {"allowedOrigins": ["https://listed.example"]}
    with vox(tmp_path_factory.mktemp("v"), realtime={"agent": "echo"}, **origins) as client:
        yield client


@pytest.fixture
def port(client: Client) -> int:
    return client.status()["port"]


def mint(port: int, path: str = "client_secrets", body: Any = None, **headers: str) -> Answer:
    data = b"" if body is None else json.dumps(body).encode("utf-8")
    request = Request(
        f"http://127.0.0.1:{port}/v1/realtime/{path}", data, {"Content-Type": "application/json", **headers}
    )
    try:
        with urlopen(request, timeout=10) as response:
            assert response.headers["cache-control"] == "no-store" and response.headers["x-request-id"]
            return response.status, json.loads(response.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_a_secret_opens_sessions_that_begin_as_it_says(port: int) -> None:
    session = {
        "type": "realtime",
        "model": "gpt-realtime",
        "instructions": "Be brief.",
        "output_modalities": ["text"],
        "audio": {"output": {"voice": "two"}, "input": {"turn_detection": {"type": "server_vad", "threshold": 0.7}}},
        "tools": [{"type": "function", "name": "look", "parameters": {"type": "object"}}],
    }
    status, minted = mint(port, body={"session": session, "expires_after": {"anchor": "created_at", "seconds": 60}})
    assert status == 200 and minted.keys() == {"value", "expires_at", "session"}
    assert minted["value"].startswith("ek_") and abs(minted["expires_at"] - time.time() - 60) < 5
    ids: set[str] = set()
    for how in ({"key": minted["value"]}, {"offered": ["realtime", f"openai-insecure-api-key.{minted['value']}"]}):
        with dial(port, **how) as line:
            begun = line.events[0]["session"]
            ids.add(begun.pop("id"))
            del begun["expires_at"]
            assert begun == {name: value for name, value in minted["session"].items() if name != "id"}
            assert (begun["instructions"], begun["output_modalities"]) == ("Be brief.", ["text"])
            assert begun["audio"]["input"]["turn_detection"]["threshold"] == 0.7
            assert begun["audio"]["input"]["turn_detection"]["interrupt_response"] is True
            assert begun["audio"]["output"]["voice"] == "two" and begun["tools"][0]["name"] == "look"
    assert len(ids) == 2


def test_nothing_need_be_said(port: int) -> None:
    status, minted = mint(port)
    assert status == 200 and abs(minted["expires_at"] - time.time() - 300) < 5  # five minutes, as published
    assert minted["session"]["type"] == "realtime"
    with dial(port, key=minted["value"]):
        pass


def test_a_secret_for_transcription_makes_such_sessions(port: int) -> None:
    session = {"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1", "language": "en"}}}}
    status, minted = mint(port, body={"session": session})
    assert status == 200 and minted["session"]["object"] == "realtime.transcription_session"
    with dial(port, key=minted["value"]) as line:
        begun = line.events[0]["session"]
        assert begun["type"] == "transcription"
        assert begun["audio"]["input"]["transcription"] == {"model": "whisper-1", "language": "en"}


def test_the_beta_has_its_own_shapes(port: int) -> None:
    body = {"model": "gpt-4o-realtime-preview", "modalities": ["text"], "voice": "two", "turn_detection": None}
    status, minted = mint(port, "sessions", body)
    assert status == 200 and minted["client_secret"]["value"].startswith("ek_")
    assert abs(minted["client_secret"]["expires_at"] - time.time() - 300) < 5
    told = {name: minted[name] for name in body}
    assert told == body and minted["object"] == "realtime.session" and "audio" not in minted
    with dial(port, key=minted["client_secret"]["value"], OpenAI_Beta="realtime=v1") as line:
        assert line.events[0]["session"]["voice"] == "two"

    status, minted = mint(port, "transcription_sessions", {"input_audio_transcription": {"model": "whisper-1"}})
    assert status == 200 and minted["object"] == "realtime.transcription_session"
    with dial(port, key=minted["client_secret"]["value"]) as line:
        assert line.events[0]["session"]["type"] == "transcription"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"session": {"audio": {"input": {"turn_detection": {"threshold": 9}}}}}, None),
        ({"session": {"type": "dance"}}, "session.type"),
        ({"session": 5}, "session"),
        ({"session": {"output_modalities": ["smell"]}}, "session.output_modalities"),
        ({"expires_after": {"anchor": "created_at", "seconds": 9}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "created_at", "seconds": 7201}}, "expires_after.seconds"),
        ({"expires_after": {"anchor": "tomorrow", "seconds": 60}}, "expires_after.anchor"),
        ({"expires_after": "soon"}, "expires_after"),
        ([], None),
    ],
)
def test_what_is_wrong_with_a_session_is_told_at_once(port: int, body: Any, param: str | None) -> None:
    status, told = mint(port, body=body)
    assert status == 400 and told["error"].keys() == {"message", "type", "param", "code"}
    assert told["error"]["type"] == "invalid_request_error"
    if param is not None:
        assert told["error"]["param"] == param


def test_json_must_say_that_it_is_json(port: int) -> None:
    assert mint(port, body={}, **{"Content-Type": "text/plain"})[0] == 400


@pytest.mark.parametrize("path", MINTS)
def test_a_secret_makes_no_secrets_even_where_no_key_is_asked_for(port: int, path: str) -> None:
    _, minted = mint(port)
    status, told = mint(port, path, Authorization=f"Bearer {minted['value']}")
    assert (status, told["error"]["code"]) == (401, "invalid_api_key")


def test_pages_make_secrets_when_they_are_listed(port: int) -> None:
    assert mint(port, Origin="https://listed.example")[0] == 200
    assert mint(port, Origin="https://evil.example")[0] == 403
    assert mint(port, Origin=f"http://127.0.0.1:{port}")[0] == 403  # our own page has no need of one


def test_with_a_key_only_who_has_it_makes_secrets_and_they_stand_for_it(tmp_path: Path) -> None:
    settings = {"agent": "echo", "requestsPerMinute": 4}
    with vox(tmp_path, authToken=TOKEN, realtime=settings) as client:
        port = json.loads((client.home.root / "runtime.json").read_text(encoding="utf-8"))["port"]
        for path in MINTS:
            assert mint(port, path)[0] == 401
            assert mint(port, path, Authorization="Bearer nonsense")[0] == 401
        status, minted = mint(port, Authorization=f"Bearer {TOKEN}")
        assert status == 200
        assert mint(port, Authorization=f"Bearer {minted['value']}")[0] == 401
        for _ in range(3):
            with dial(port, key=minted["value"]):
                pass
        status, body, _ = refused(port, key=minted["value"])  # what it opens is its maker's
        assert (status, body["error"]["code"]) == (429, "rate_limited")
        assert mint(port, Authorization=f"Bearer {TOKEN}")[0] == 429
