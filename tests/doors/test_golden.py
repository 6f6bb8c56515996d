"""The conversations of tests/wire, word by word, with the real daemon over both of its sockets."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from websockets.sync.client import connect

from tests.daemon.conftest import Client, Daemon
from tests.doors.described import faults
from tests.doors.published import broken_rules
from vox.doors.rpc.described.document import METHODS

WIRE = Path(__file__).parents[1] / "wire"
METRICS = ("audioDurationMs", "inferenceMs", "totalMs", "realtimeFactor")  # which the published clients print
SORTS: dict[str, Any] = {
    "<string>": lambda value: isinstance(value, str) and value,
    "<number>": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "<integer>": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "<base64>": lambda value: base64.b64decode(value, validate=True),
    "<boolean>": lambda value: isinstance(value, bool),
    "<list>": lambda value: isinstance(value, list),
    "<moment>": lambda value: datetime.fromisoformat(value).tzinfo,
    "<metrics>": lambda value: value["traceId"] and all(isinstance(value[name], float | int) for name in METRICS),
    "<error>": lambda value: re.fullmatch(r"[a-z_]+: \S.*", value),
    "<any>": lambda _: True,
}


class Line(Protocol):
    """A way to the daemon."""

    def send(self, text: str) -> None: ...

    def receive(self) -> str: ...


class UnixLine:
    def __init__(self, client: Client) -> None:
        self._client = client

    def send(self, text: str) -> None:
        self._client.send(text.encode("utf-8") + b"\n")

    def receive(self) -> str:
        return json.dumps(self._client.receive())


class WebLine:
    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def send(self, text: str) -> None:
        self._socket.send(text)

    def receive(self) -> str:
        return self._socket.recv(timeout=10)


@contextmanager
def line_to(served: Daemon, transport: str) -> Iterator[Line]:
    if transport == "unix":
        with Client(served.socket) as client:
            yield UnixLine(client)
    else:
        with connect(f"ws://127.0.0.1:{served.facts()['port']}/") as socket:
            yield WebLine(socket)


def differences(expected: Any, actual: Any, place: str = "") -> list[str]:
    """What in `actual` is not as the golden line says."""
    if isinstance(expected, str) and expected in SORTS:
        return [] if SORTS[expected](actual) else [f"{place}: {actual!r} is no {expected}"]
    if isinstance(expected, dict) and isinstance(actual, dict):
        names = expected.keys() - {"..."}
        odd = [] if "..." in expected else sorted(actual.keys() - names)
        found = [f"{place}.{name} was not expected" for name in odd]
        found += [f"{place}.{name} is missing" for name in sorted(names - actual.keys())]
        for name in names & actual.keys():
            found += differences(expected[name], actual[name], f"{place}.{name}")
        return found
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return [told for index, (left, right) in pairs for told in differences(left, right, f"{place}[{index}]")]
    same = type(expected) is type(actual) and expected == actual
    return [] if same else [f"{place}: {actual!r} instead of {expected!r}"]


@pytest.mark.parametrize("transport", ["unix", "websocket"])
@pytest.mark.parametrize("path", sorted(WIRE.glob("*.jsonl")), ids=lambda path: path.stem)
def test_conversation(served: Daemon, recording: str, path: Path, transport: str) -> None:
    text = path.read_text(encoding="utf-8").replace("$RECORDING", recording)
    asked: dict[Any, Any] = {None: {"method": "runtime.subscribe"}}  # whose events belong to no call
    with line_to(served, transport) as line:
        for number, step in enumerate(map(json.loads, text.splitlines()), start=1):
            if ">" in step:
                if isinstance(step[">"], dict):
                    asked[step[">"].get("id")] = {"method": "", **step[">"]}
                line.send(json.dumps(step[">"]))
            elif ">text" in step:
                line.send(step[">text"])
            else:
                reply = json.loads(line.receive())
                told = differences(step["<"], reply)
                assert not told, f"{path.name}:{number}: {told} in {reply}"
                asking = asked[_id_of(reply)]
                assert not faults(asking["method"], reply), f"{path.name}:{number}: {reply}"
                if "jsonrpc" not in reply:
                    streamed = "stream" in asking.get("params", {})
                    assert not broken_rules(asking["method"], reply, streamed=streamed), (
                        f"{path.name}:{number}: {reply}"
                    )


def _id_of(reply: dict[str, Any]) -> Any:
    """The id of the call it answers or belongs to; None for none."""
    return reply.get("params", reply).get("id") if reply.get("method") == "event" else reply.get("id")


def test_every_method_is_spoken_of_as_the_published_clients_would() -> None:
    lines = [json.loads(line) for path in WIRE.rglob("*.jsonl") for line in path.read_text("utf-8").splitlines()]
    frames = [frame for line in lines for key, frame in line.items() if key.endswith(">") and isinstance(frame, dict)]
    classic = {frame.get("method") for frame in frames if "jsonrpc" not in frame and isinstance(frame.get("id"), str)}
    for_all = {name for name, described in METHODS.items() if not described.owner}
    assert for_all <= classic | {"microphone.devices"}, "which needs PortAudio to answer at all"


def test_the_comparison_itself_sees_differences() -> None:
    assert not differences({"a": "<any>", "...": True}, {"a": 1, "b": 2})
    assert differences({"a": 1}, {"a": 1, "b": 2}) == [".b was not expected"]
    assert differences({"a": [1, "<string>"]}, {"a": [1, 2]}) == [".a[1]: 2 is no <string>"]
    assert differences({"a": 1}, {}) == [".a is missing"]
    assert differences([1], [1, 2]) and differences(1, True) and differences("<integer>", 1.5)
