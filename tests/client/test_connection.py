"""Calls on a connection: answers, events, errors, and callers or daemons that give up."""

import json
import threading

import pytest

from vox import errors
from vox.client.channel import UnixChannel
from vox.client.connection import Connection

KINDS = [errors.VoxError, *errors.VoxError.__subclasses__()]


class Script:
    """The other side: answers each request with what `reply(request)` gives, and keeps what it was sent."""

    def __init__(self, reply):
        self.reply = reply
        self.received = []
        self.cancelled = threading.Event()

    def __call__(self, peer):
        with peer.makefile("rwb") as file:
            for line in file:
                request = json.loads(line)
                self.received.append(request)
                if request["method"] == "$/cancel":
                    self.cancelled.set()
                for message in self.reply(request):
                    file.write(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")
                file.flush()


@pytest.fixture
def connected(other_side):
    opened = []

    def connect(reply, **options):
        script = Script(reply)
        opened.append(Connection(UnixChannel(other_side(script)), **options))
        return opened[-1], script

    yield connect
    for connection in opened:
        connection.close()


def event(number, name, **data):
    return {"method": "event", "params": {"id": number, "event": name, "data": data}}


def result(request, **value):
    return {"jsonrpc": "2.0", "id": request["id"], "result": value}


def test_events_of_this_call_alone_are_delivered_in_order(connected):
    def reply(request):
        yield event(request["id"], "a", n=1)
        yield event("another", "b")
        yield {"method": "something", "params": {}}
        yield []
        yield event(request["id"], "c")
        yield {"id": 999, "result": {"of": "nobody"}}
        yield result(request, got=request["params"])

    connection, script = connected(reply)
    seen = []
    answer = connection.call("m", {"text": "grüße \ud800"}, lambda *told: seen.append(told))
    assert answer == {"got": {"text": "grüße \ud800"}}
    assert seen == [("a", {"n": 1}), ("c", {})]
    assert connection.call("m", {}) == {"got": {}}
    assert [request["id"] for request in script.received] == [1, 2]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_error_comes_back_as_it_was_raised(connected, kind):
    raised = kind("why it failed", nearest=["a"], retryAfterMs=5)

    def reply(request):
        body = {"code": kind.rpc_code, "message": raised.message, "data": raised.info()}
        yield {"jsonrpc": "2.0", "id": request["id"], "error": body}

    connection, script = connected(reply)
    with pytest.raises(errors.VoxError) as caught:
        connection.call("m", {})
    assert type(caught.value) is kind
    assert caught.value.info() == raised.info()
    assert connection.usable() and not script.cancelled.is_set()


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ("plain words", "internal", "plain words"),
        ({"code": -1, "message": "m", "data": {"code": "from_the_future", "x": 1}}, "internal", "m"),
        ({"code": -1, "message": "m", "data": {"code": "provider_error", "retryable": True}}, "provider_error", "m"),
        ({}, "internal", "The daemon reported an error without words."),
    ],
)
def test_errors_of_other_shapes(connected, body, code, message):
    connection, _ = connected(lambda request: [{"id": request["id"], "error": body}])
    with pytest.raises(errors.VoxError) as caught:
        connection.call("m", {})
    assert (caught.value.code, caught.value.message) == (code, message)
    assert caught.value.info()["retryable"] is (code == "provider_error")


@pytest.mark.parametrize("raised", [KeyboardInterrupt, ZeroDivisionError, BrokenPipeError])
def test_a_caller_that_is_interrupted_has_the_call_cancelled(connected, raised):
    connection, script = connected(lambda request: [event(request.get("id"), "tick")] if "id" in request else [])

    def interrupt(*_):
        raise raised

    with pytest.raises(raised):
        connection.call("m", {}, interrupt)
    assert script.cancelled.wait(10)
    assert script.received[-1]["params"] == {"id": 1}
    assert not connection.usable()


def test_a_second_ctrl_c_closes_the_connection(connected, monkeypatch):
    connection, _ = connected(lambda request: [event(request["id"], "tick")])

    def press(*_):
        monkeypatch.setattr(UnixChannel, "send", press)  # while the call is being cancelled
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        connection.call("m", {}, press)
    assert not connection.usable()


def test_a_timeout_cancels(connected):
    connection, script = connected(lambda request: [])
    with pytest.raises(errors.Cancelled, match="within the time given"):
        connection.call("m", {}, timeout=0.05)
    assert script.cancelled.wait(10)


def test_a_daemon_that_is_busy_but_lives_is_waited_for(connected):
    asked = []

    def reply(request):
        if request["method"] == "health":
            asked.append(request["id"])
            yield result(request)
            if len(asked) == 2:
                yield {"id": 1, "result": {"done": True}}

    connection, _ = connected(reply, probe_s=0.5)
    assert connection.call("long", {}) == {"done": True}
    assert asked == [2, 3]


def test_a_daemon_that_hangs_is_noticed(connected):
    connection, script = connected(lambda request: [], probe_s=0.03)
    with pytest.raises(errors.DaemonUnavailable, match=r"not reacted for 0\.06 s"):
        connection.call("long", {})
    assert [request["method"] for request in script.received[:2]] == ["long", "health"]


def test_a_daemon_that_leaves_in_the_middle(other_side):
    connection = Connection(UnixChannel(other_side(lambda peer: peer.recv(10))))
    with pytest.raises(errors.DaemonUnavailable, match="broke"):
        connection.call("m", {})
    with pytest.raises(errors.DaemonUnavailable):
        connection.call("m", {})


def test_what_is_no_daemon_is_told_apart(connected):
    connection, _ = connected(lambda request: [b"HTTP/1.1 400 Bad Request\r\n"] if "id" in request else [])
    with pytest.raises(errors.DaemonUnavailable, match="not a Vox daemon"):
        connection.call("m", {})
