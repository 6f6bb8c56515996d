"""How it stands, as OpenVIP's clients read it."""

import pytest
from openvip.models.status import Status

from tests.doors.openvip.conftest import Listener, Place, message


def follow(place: Place) -> Listener:
    return Listener(place.port, "/openvip/status/stream")


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


def test_nothing_is_told_without_a_change(place: Place) -> None:
    place.call(lambda: place.hub.ears.stop())
    with follow(place) as stream:
        before = stream.next()
        for _ in range(3):
            place.get("/status")
        with place.agent("one") as one:
            assert stream.next()["connected_agents"] == ["one"]
            place.post("/agents/one/messages", message())
            assert one.next()
        after = stream.next()
        before["platform"].pop("uptime_seconds")
        after["platform"].pop("uptime_seconds")
        assert after == before
    place.call(lambda: place.hub.ears.start())


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


def test_what_is_missing_is_shown(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.microphone, "missing", "There is no microphone here.")
    with place.agent("one"):
        place.until(lambda: place.hub.ears.error)
        told = place.get("/status").json()
        assert told["stt"] == {"enabled": False, "active": False}
        assert "no microphone" in told["platform"]["stt"]["error"]
        monkeypatch.undo()
        place.call(lambda: place.hub.ears.start())
        place.until(lambda: place.hub.status().state == "listening")
        assert place.get("/status").json()["stt"] == {"enabled": True, "active": True}
    place.until(lambda: not place.hub.agents.connected)
