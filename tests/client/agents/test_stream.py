"""Being an agent, blocking: what comes, what is refused, and a daemon that goes away and comes back."""

import select
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripted_door import ScriptedDoor, event, message, refused, scripted_door
from vox import Client, errors
from vox.client.agents import reading, stream
from vox.client.agents.api import address_of
from vox.client.agents.stream import agent_stream
from vox.client.discovery import Address


@pytest.fixture
def door(tmp_path: Path) -> Iterator[ScriptedDoor]:
    with scripted_door(tmp_path / "home") as door:
        yield door


def test_messages_come_in_order(door: ScriptedDoor) -> None:
    with Client(door.home, start=False) as client, client.listen("me", partials=True) as messages:
        assert door.asked[0][:2] == ("GET", "/openvip/agents/me/messages?partials=1")
        door.tell("me", "one")
        door.send("me", event(message("two", "submit")) + event(message("three")))
        assert [next(messages).text for _ in range(3)] == ["one", "two", "three"]
    door.wait_gone("me")
    assert next(messages, None) is None


def test_refusals_are_told_at_once(door: ScriptedDoor) -> None:
    door.answers["/openvip/agents/me/messages"] = refused(errors.AgentConflict("Taken."))
    with Client(door.home, start=False) as client, pytest.raises(errors.AgentConflict, match="Taken"):
        next(client.listen("me"))


def test_without_a_daemon_nobody_waits(tmp_path: Path) -> None:
    with Client(tmp_path / "home", start=False) as client, pytest.raises(errors.DaemonUnavailable):
        next(client.listen("me"))


def test_it_survives_a_restart(door: ScriptedDoor) -> None:
    changes: list[bool] = []
    with agent_stream(lambda _: address_of(door.home), "me", changed=changes.append) as messages:
        door.tell("me", "before")
        assert next(messages).text == "before"
        door.stop()
        door.answers["/openvip/agents/me/messages"] = refused(errors.AgentConflict("The old one is still seen."))
        door.start()
        told: list[str] = []
        waiting = threading.Thread(target=lambda: told.append(next(messages).text))
        waiting.start()
        door.wait(lambda: len(door.asked) > 1)
        del door.answers["/openvip/agents/me/messages"]
        door.tell("me", "after")
        waiting.join(10)
    assert told == ["after"] and changes == [False, True]


def test_a_daemon_that_stays_away_is_given_up(door: ScriptedDoor) -> None:
    with agent_stream(lambda _: address_of(door.home), "me", resume_s=0.0) as messages:
        door.stop()
        with pytest.raises(errors.DaemonUnavailable, match="vox daemon start"):
            next(messages)


def test_closed_while_it_looks_for_the_daemon_it_is_no_agent_any_more(door: ScriptedDoor) -> None:
    changes: list[bool] = []

    def whereabouts(first: bool) -> Address:
        if not first:
            messages.close()
        return address_of(door.home)

    messages = agent_stream(whereabouts, "me", changed=changes.append)
    with messages:
        door.stop()
        door.start()
        assert next(messages, None) is None
        door.wait_gone("me")
    assert changes == [False]


def test_a_dead_connection_is_noticed(door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SILENCE_S", 0.05)
    assert reading.SILENCE_S > 15
    lost = threading.Event()
    with agent_stream(lambda _: address_of(door.home), "me", changed=lambda there: there or lost.set()) as messages:
        waiting = threading.Thread(target=lambda: next(messages, None))
        waiting.start()
        assert lost.wait(10)
        messages.close()
        waiting.join(10)
        assert not waiting.is_alive()


def test_closing_it_wakes_another_thread(door: ScriptedDoor) -> None:
    ended = threading.Event()
    messages = agent_stream(lambda _: address_of(door.home), "me")
    waiting = threading.Thread(target=lambda: (next(messages, None), ended.set()))
    waiting.start()
    door.wait_for("me")
    messages.close()
    assert ended.wait(10)
    waiting.join(10)


def test_a_caller_with_more_to_wait_for_may_leave(door: ScriptedDoor) -> None:
    def wait(connection: socket.socket | None, within_s: float) -> bool:
        if within_s == reading.SILENCE_S:
            raise BrokenPipeError
        return bool(connection and select.select([connection], [], [], within_s)[0])

    messages = agent_stream(lambda _: address_of(door.home), "me", wait=wait)
    with pytest.raises(BrokenPipeError):
        next(messages)
    messages.close()
