"""Agents: who reads is there, who goes is gone, and what is sent to one comes to that one."""

import http.client
import json
import socket
from uuid import uuid4

import pytest

from tests.doors.openvip.conftest import Place, check_error, message, speech
from tests.doors.openvip.schema import faults
from vox.doors.openvip.agents import MAX_EVENT


def gone(place: Place) -> bool:
    """Wait until the server knows that everybody has gone."""
    return place.until(lambda: not place.hub.agents.connected, "everybody gone")


def test_the_stream_is_the_registration(place: Place) -> None:
    with place.agent("one") as one:
        assert one.status == 200 and one.response.headers["content-type"] == "text/event-stream"
        assert one.response.headers["x-accel-buffering"] == "no" and one.response.headers["x-request-id"]
        assert place.get("/status").json()["connected_agents"] == ["one"]
        with place.agent("two"):
            status = place.get("/status").json()
            assert status["connected_agents"] == ["one", "two"]
            assert status["platform"]["output"] == {
                **{"mode": "agents", "current_agent": "one", "available_agents": ["one", "two"]}
            }
        place.until(lambda: place.hub.agents.connected == ["one"], "the second gone")
    assert gone(place)


def test_what_is_posted_is_delivered(place: Place) -> None:
    sent = message("fix the bug", x_input={"ops": ["submit"]}, x_other={"a": [1, None]}, more=None, language="en-US")
    with place.agent("one") as one, place.agent("two") as two:
        answer = place.post("/agents/two/messages", sent)
        assert answer.status_code == 200
        body = answer.json()
        assert (body["openvip"], body["status"], body["ref"]) == ("1.0", "ok", sent["id"]) and body["id"] != sent["id"]
        assert answer.headers["x-request-id"] == sent["id"]
        assert two.next() == {**sent, "timestamp": "2026-11-21T01:36:51.8+00:00"}
        place.post("/agents/one/messages", speech("spoken to an agent", voice="x"))
        read = one.next()
        assert (read["type"], read["text"], read["voice"]) == ("speech", "spoken to an agent", "x")
    assert gone(place)


def test_the_same_id_twice(place: Place) -> None:
    with place.agent("one"):
        body = check_error(place.get("/agents/one/messages"))
        assert body["code"] == "CONFLICT" and "already connected" in body["detail"]
        assert place.get("/agents/one/messages").status_code == 409
    assert gone(place)


def test_who_comes_back_at_once_is_let_in(place: Place) -> None:
    for _ in range(50):
        with place.agent("one") as one:
            assert one.status == 200
    assert gone(place)


def test_what_is_sent_to_one_that_has_just_gone(place: Place) -> None:
    """The agent's end and the message come to the server in one turn of its loop."""
    body = json.dumps(message()).encode()
    head = f"POST /openvip/agents/one/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    answers: set[bytes] = set()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", place.port), timeout=10) as poster, place.agent("one") as one:
            one.close()
            poster.sendall(f"{head}Content-Type: application/json\r\nConnection: close\r\n\r\n".encode() + body)
            answers.add(poster.recv(100).split()[1])
        assert gone(place)
    assert answers <= {b"404", b"200"}, answers


def test_nobody_there(place: Place) -> None:
    sent = message()
    answer = place.post("/agents/nobody/messages", sent)
    body = check_error(answer)
    assert (answer.status_code, body["code"], body["ref"]) == (404, "NOT_FOUND", sent["id"])
    assert "not connected" in body["detail"] and body["x_vox"]["code"] == "agent_not_connected"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_reserved_ids(place: Place, method: str) -> None:
    answer = place.ask(method, "/openvip/agents/__tts__/messages", json=message())
    assert answer.status_code == 403 and check_error(answer)["x_vox"]["code"] == "agent_reserved"


@pytest.mark.parametrize("name", ["my-agent", "%C3%A9t%C3%A9", "a%2Fb", "%2A", "a%20b", "..", "agents", "x" * 200])
def test_ids_of_all_kinds(place: Place, name: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=10)
    with place.agent(name) as one:
        assert one.status == 200
        body = message().copy()
        answer = place.ask("POST", f"/openvip/agents/{name}/messages", json=body) if name != ".." else None
        assert answer is None or (answer.status_code == 200 and one.next()["id"] == body["id"])
    connection.close()
    assert gone(place)


@pytest.mark.parametrize("name", ["", "x" * 201, "%00", "%0A", "%FF"])
def test_ids_that_are_none(place: Place, name: str) -> None:
    assert place.get(f"/agents/{name}/messages").status_code == 400


@pytest.mark.parametrize("name", ["%00", "x" * 201, "%0A"])
def test_who_cannot_be_is_not_there(place: Place, name: str) -> None:
    assert place.post(f"/agents/{name}/messages", message()).status_code == 404


def test_a_message_that_is_none(place: Place) -> None:
    with place.agent("one") as one:
        number = str(uuid4())
        answer = place.post("/agents/one/messages", message(id=number, language="yue"))
        assert (
            answer.status_code == 400 and answer.json()["ref"] == number and answer.json()["code"] == "INVALID_FORMAT"
        )
        assert place.post("/agents/one/messages", message("after")).status_code == 200
        assert one.next()["text"] == "after"
    assert gone(place)


def test_a_message_that_some_agents_cannot_read(place: Place) -> None:
    with place.agent("one") as one:
        assert place.post("/agents/one/messages", message("x" * MAX_EVENT)).status_code == 413
        longest = message("é" * (MAX_EVENT // 2 - 150))
        assert place.post("/agents/one/messages", longest).status_code == 200
        assert one.next()["text"] == longest["text"]
    assert gone(place)


def test_wrapped_extensions_arrive_where_they_belong(place: Place) -> None:
    with place.agent("one") as one:
        place.post("/agents/one/messages", message(additional_properties={"x_input": {"ops": ["newline"]}}))
        assert one.next()["x_input"] == {"ops": ["newline"]}
    assert gone(place)


def test_what_is_said_comes_to_the_current_agent(place: Place) -> None:
    with place.agent("one") as one, place.agent("two") as two:
        place.say("fix the bug ok send")
        told = one.next()
        assert (told["type"], told["text"], told["language"]) == ("transcription", "fix the bug", "en")
        assert told["origin"].startswith("vox/") and told["trace_id"] == told["parent_id"] != told["id"]
        assert told["x_input"]["ops"] == ["submit"] and told["x_input"]["trigger"] == "ok send"
        place.say("agent two")
        place.until(lambda: place.hub.agents.current == "two")
        place.say("for the other")
        told = two.next()
        assert told["text"] == "for the other" and told["x_input"]["ops"] == ["newline"] and "trace_id" not in told
        one.close()
        assert place.post("/agents/two/messages", message("last")).status_code == 200
        assert two.next()["text"] == "last"
    assert gone(place)


def test_a_message_may_change_who_is_spoken_to(place: Place) -> None:
    with place.agent("one") as one, place.agent("two"):
        place.post("/agents/one/messages", message("", x_agent_switch={"target": "two"}))
        assert place.get("/status").json()["platform"]["output"]["current_agent"] == "two"
        assert one.next()["x_agent_switch"] == {"target": "two"}
        assert place.post("/agents/one/messages", message("", x_agent_switch={"target": "zzz"})).status_code == 200
        assert place.get("/status").json()["platform"]["output"]["current_agent"] == "two"
    assert gone(place)


@pytest.mark.parametrize(("query", "wanted"), [("", False), ("?partials=1", True), ("?partials=0", False)])
def test_partials_on_request(place: Place, query: str, wanted: bool) -> None:
    with place.agent("one", query) as one:
        assert place.call(lambda: place.hub.agents.wants_partials("one")) == wanted
        place.until(lambda: place.hub.status().state == "listening")
        place.call(lambda: place.hub.dictation.guess("hel"))
        place.post("/agents/one/messages", message("after"))
        texts = [one.next()] + ([one.next()] if wanted else [])
        assert [text["text"] for text in texts] == (["hel", "after"] if wanted else ["after"])
        assert not wanted or (texts[0]["partial"] and not faults(texts[0]))
    assert gone(place)


def test_focus(place: Place) -> None:
    with place.agent("one"), place.agent("two"):
        for port, base in ((place.port, ""), (place.own_port, ""), (place.port, "/openvip")):
            for name in ("one", "two"):
                path = f"{base}/api/agents/{name}/focus"
                assert place.ask("POST", path, port, json={"focused": True}).status_code == 200
                assert place.call(lambda: place.hub.agents.current) == name
        assert place.ask("POST", "/api/agents/one/focus", json={"focused": "yes"}).status_code == 400
        assert place.ask("POST", "/api/agents/three/focus", json={"focused": True}).status_code == 404
    assert gone(place)
