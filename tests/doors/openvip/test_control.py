"""Commands."""

from typing import Any

import pytest

from tests.doors.openvip.conftest import LISTED, Place, check_error
from vox.doors.openvip.control import COMMANDS


def control(place: Place, command: Any, **more: Any) -> Any:
    return place.post("/control", {"openvip": "1.0", "command": command}, **more).json()


def test_ping(place: Place) -> None:
    assert control(place, "ping")["pong"] is True
    assert place.post("/control", {"command": "ping"}).status_code == 200  # what published programs send


def test_listening(place: Place) -> None:
    with place.agent("one"):
        place.until(lambda: place.hub.status().state == "listening")
        assert control(place, "stt.stop")["listening"] is False
        place.until(lambda: place.hub.status().microphone is None)
        assert control(place, "stt.start")["listening"] is True
        place.until(lambda: place.hub.status().state == "listening")
        assert [control(place, "stt.toggle")["listening"] for _ in range(2)] == [False, True]
    place.until(lambda: not place.hub.agents.connected)


def test_whom_to_speak_to(place: Place) -> None:
    with place.agent("claude"), place.agent("codex"):
        assert control(place, "output.set_agent:codex")["current_agent"] == "codex"
        assert control(place, "output.set_agent:Claud")["current_agent"] == "claude"
        missing = place.post("/control", {"command": "output.set_agent:banana"})
        assert missing.status_code == 404 and "not connected" in missing.json()["detail"]
        assert place.call(lambda: place.hub.agents.current) == "claude"
    place.until(lambda: not place.hub.agents.connected)
    assert control(place, "output.set_mode:agents")["mode"] == "agents"


@pytest.mark.parametrize(
    "command",
    [
        *("", "nothing", "stt", "stt.start:1", "ping:1", "PING", "output.set_agent", "output.set_agent:"),
        *("output.set_mode:keyboard", "hotkey.capture", "engine.restart", "engine.shutdown:now", "x" * 100_000),
    ],
)
def test_unknown_commands(place: Place, command: str) -> None:
    answer = place.post("/control", {"command": command})
    body = check_error(answer)
    assert answer.status_code == 400 and body["code"] == "INVALID_FORMAT"
    assert all(known in body["error"] for known in COMMANDS) and len(body["error"]) < 500


@pytest.mark.parametrize("command", [None, 1, ["ping"], {"ping": 1}, True])
def test_no_command(place: Place, command: Any) -> None:
    assert "command is missing" in place.post("/control", {"command": command}).json()["error"]


def test_wrong_beside_the_command(place: Place) -> None:
    assert place.post("/control", {"command": "ping", "openvip": "2.0"}).status_code == 400
    assert place.post("/control", {"command": "ping", "id": 5}).status_code == 400


def test_the_end(place: Place) -> None:
    assert place.post("/control", {"command": "engine.shutdown"}, headers={"Origin": LISTED}).status_code == 403
    for told in ("203.0.113.5", "unknown"):  # by a proxy on this machine
        answer = place.post("/control", {"command": "engine.shutdown"}, headers={"X-Forwarded-For": told})
        assert answer.status_code == 403, answer.text
    assert place.ended == 0
    assert control(place, "engine.shutdown")["status"] == "ok"
    place.until(lambda: place.ended == 1)
