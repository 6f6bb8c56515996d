"""The methods about sound devices, on a sound server of the tests' own."""

import pytest

from tests.doors.conftest import PAGE, talking
from tests.pulse import HEADSET, MICROPHONE, SPEAKER
from vox.paths import Home

pytestmark = pytest.mark.anyio


async def test_access_is_told_in_the_words_of_the_published_clients(home: Home, sound_server, monkeypatch) -> None:
    sound_server.here(monkeypatch)
    async with talking(home) as talk:
        answer = (await talk.ask("microphone.requestAccess"))["result"]
    assert answer == {"status": "authorized", "detail": "default records", "remediation": None}
    assert sound_server.listeners(MICROPHONE) == 0


async def test_the_preferred_microphone_is_asked_for(home: Home, sound_server, monkeypatch) -> None:
    sound_server.here(monkeypatch)
    async with talking(home, inputDevice=HEADSET) as talk:
        assert (await talk.ask("microphone.requestAccess"))["result"]["detail"] == "vox_headset records"
        listed = (await talk.ask("microphone.devices"))["result"]
    assert [device["id"] for device in listed["devices"] if device["chosen"]] == [HEADSET]
    assert [device["id"] for device in listed["devices"] if device["default"]] == ["default"]
    assert {"id": SPEAKER, "name": SPEAKER, "default": False} in listed["outputs"]


async def test_a_preferred_microphone_that_is_not_there_is_passed_over(home: Home, sound_server, monkeypatch) -> None:
    sound_server.here(monkeypatch)
    async with talking(home, inputDevice="tin can") as talk:
        listed = (await talk.ask("microphone.devices"))["result"]["devices"]
    assert [device["id"] for device in listed if device["chosen"]] == ["default"]


async def test_a_web_page_does_not_see_the_devices(home: Home) -> None:
    async with talking(home, access=PAGE) as talk:
        assert (await talk.ask("microphone.devices"))["errorInfo"]["code"] == "unauthorized"


async def test_a_program_that_plays_is_overlooked_for_a_while(home: Home) -> None:
    async with talking(home) as talk:
        deafness = talk.setup.runtime.deafness
        assert (await talk.ask("microphone.deafen", ms=5000))["result"] == {"deaf": True}
        assert deafness.lasts


@pytest.mark.parametrize("params", [{}, {"ms": -1}, {"ms": 5000.5}, {"ms": "1000"}, {"ms": True}])
async def test_nothing_is_overlooked_for_ever(home: Home, params) -> None:
    async with talking(home) as talk:
        assert "ms" in (await talk.ask("microphone.deafen", **params))["errorInfo"]["message"]
        assert (await talk.ask("microphone.deafen", ms=0))["result"] == {"deaf": False}


async def test_a_web_page_makes_nobody_deaf(home: Home) -> None:
    async with talking(home, access=PAGE) as talk:
        assert (await talk.ask("microphone.deafen", ms=1000))["errorInfo"]["code"] == "unauthorized"
