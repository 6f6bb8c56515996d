"""How it stands, as OpenVIP's clients read it."""

from collections.abc import Iterator

import pytest
from openvip.models.status import Status

from tests.doors.openvip.conftest import Listener, Place, message


def follow(place: Place) -> Listener:
    return Listener(place.port, "/openvip/status/stream")


@pytest.fixture
def idle(place: Place) -> Place:
    """Nobody is connected, and the microphone that the test before had open is closed again."""
    place.until(lambda: not place.hub.agents.connected and place.hub.status().state == "off")
    return place


def test_everything_its_clients_look_for(place: Place) -> None:
    with place.agent("one"):
        place.until(lambda: place.hub.status().state == "listening")
        told = place.get("/status").json()
    status = Status.from_dict(told)
    assert status is not None and status.openvip == "1.0" == told["protocol_version"]
    assert told["stt"] == {"enabled": True, "active": True} and told["tts"] == {"enabled": True}
    platform = told["platform"]
    assert (platform["name"], platform["mode"], platform["state"]) == ("Vox", "agents", "listening")
    assert platform["uptime_seconds"] >= 0 and platform["version"]
    assert platform["stt"]["device"] == "Fake microphone" and platform["tts"]["available"] is True
    assert platform["loading"]["active"] == bool(platform["loading"]["models"])
    place.until(lambda: not place.hub.agents.connected)


def test_the_stream_begins_with_how_it_stands_and_tells_each_change(place: Place) -> None:
    with follow(place) as stream:
        assert stream.next()["connected_agents"] == []
        with place.agent("one"):
            while not (told := stream.next())["connected_agents"]:
                pass
            assert told["platform"]["output"]["current_agent"] == "one"
            while stream.next()["platform"]["state"] != "listening":
                pass
        while stream.next()["connected_agents"]:
            pass
    place.until(lambda: not place.hub.agents.connected)


@pytest.fixture
def deaf(idle: Place) -> Iterator[Place]:
    """Nobody is listened to."""
    idle.call(idle.hub.ears.stop)
    yield idle
    idle.call(idle.hub.ears.start)


def test_nothing_is_told_without_a_change(deaf: Place) -> None:
    with follow(deaf) as stream:
        before = stream.next()
        for _ in range(3):
            deaf.get("/status")
        with deaf.agent("one") as one:
            assert stream.next()["connected_agents"] == ["one"]
            deaf.post("/agents/one/messages", message())
            assert one.next()
        after = stream.next()
        before["platform"].pop("uptime_seconds")
        after["platform"].pop("uptime_seconds")
        assert after == before


def test_many_readers_are_told_the_same(place: Place) -> None:
    streams = [follow(place) for _ in range(20)]
    try:
        assert all(stream.next()["connected_agents"] == [] for stream in streams)
        with place.agent("one"):
            for stream in streams:
                while stream.next()["connected_agents"] != ["one"]:
                    pass
        place.until(lambda: not place.hub.agents.connected)
    finally:
        for stream in streams:
            stream.close()


def test_what_is_missing_is_shown(idle: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle.microphone, "missing", "There is no microphone here.")
    with idle.agent("one"):
        idle.until(lambda: idle.hub.ears.error)
        told = idle.get("/status").json()
        assert told["stt"] == {"enabled": False, "active": False}
        assert "no microphone" in told["platform"]["stt"]["error"]
        monkeypatch.undo()
        idle.call(lambda: idle.hub.ears.start())
        idle.until(lambda: idle.hub.status().state == "listening")
        assert idle.get("/status").json()["stt"] == {"enabled": True, "active": True}
    idle.until(lambda: not idle.hub.agents.connected)
