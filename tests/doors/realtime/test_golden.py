"""The conversations of tests/wire/realtime, event by event."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.doors.realtime.replies import call, finished, text
from tests.doors.realtime.rules import Event
from tests.doors.realtime.sessions import Stage, clip, silence
from tests.doors.test_golden import differences

pytestmark = pytest.mark.anyio

WIRE = Path(__file__).parents[2] / "wire" / "realtime"
SOUNDS = {"speech": clip(end_s=2.2)}


def sound(told: Any) -> bytes:
    """Seconds of silence, or a recording."""
    return SOUNDS[told] if isinstance(told, str) else silence(told)


def agent_event(told: Any) -> Any:
    """A text, the arguments of a call, or the end."""
    if isinstance(told, str):
        return text(told)
    return call(json.dumps(told["call"]), name=told["name"]) if "call" in told else finished(told["finished"])


class Names:
    """What `$name` stands for: whatever stood there first."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def filled(self, value: Any) -> Any:
        """With what is known put in."""
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.filled(one) for one in value]
        return self._known.get(value, value) if isinstance(value, str) else value

    def learn(self, expected: Any, actual: Any) -> None:
        """Find out what the names stand for that are not known yet."""
        if isinstance(expected, dict) and isinstance(actual, dict):
            for key in expected.keys() & actual.keys():
                self.learn(expected[key], actual[key])
        elif isinstance(expected, list) and isinstance(actual, list):
            for one, other in zip(expected, actual, strict=False):
                self.learn(one, other)
        elif isinstance(expected, str) and re.fullmatch(r"\$\w+", expected):
            self._known.setdefault(expected, actual)

    def faults(self, expected: Event, actual: Event) -> list[str]:
        actual = {key: value for key, value in actual.items() if key != "event_id"}
        if expected["type"] == actual["type"]:
            self.learn(expected, actual)
        return differences(self.filled(expected), actual)


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", sorted(WIRE.glob("*.jsonl")), ids=lambda path: path.stem)
async def test_conversation(path: Path) -> None:
    first, *steps = lines(path)
    stage = Stage(*map(agent_event, first.get("agent", [])), heard=first.get("heard"), type=first["session"])
    names, at = Names(), 0
    async with stage.running():
        for number, step in enumerate(steps, start=2):
            if ">" in step:
                await stage.send(names.filled(step[">"]))
            elif "say" in step:
                await stage.say(*map(sound, step["say"]))
            else:
                events, place = stage.seen(), f"{path.name}:{number}"
                while at < len(events) and any(not names.faults(one, events[at]) for one in step.get("<*", [])):
                    at += 1
                if "<" in step:
                    assert at < len(events), f"{place}: nothing more was told"
                    assert not (told := names.faults(step["<"], events[at])), f"{place}: {told} in {events[at]}"
                    at += 1
        assert stage.seen()[at:] == []
