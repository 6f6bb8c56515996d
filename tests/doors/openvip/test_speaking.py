"""Texts that are spoken."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.doors.openvip.conftest import Place, check_error, message, speech
from vox.doors.openvip.speaking import speed_of


def test_spoken(place: Place) -> None:
    before = len(place.loudspeaker.played)
    asked = speech("hello there", voice="two", language="en")
    told = place.post("/speech", asked).json()
    assert told["status"] == "ok" and told["ref"] == asked["id"] and isinstance(told["duration_ms"], int)
    assert (told["model"], told["voice"], told["heard"], told["stopped"]) == ("fake:tts", "two", True, False)
    heard_ms = (len(place.loudspeaker.played) - before) / 2 / 16
    assert told["duration_ms"] > 0 and place.fake.calls[-1]["params"]["input"] == "hello there"
    assert heard_ms > 0 and "notes" not in told


@pytest.mark.parametrize("field", ["engine", "model"])
def test_a_model_by_name(place: Place, field: str) -> None:
    assert place.post("/speech", speech(**{field: "fake:tts"})).json()["model"] == "fake:tts"


def test_what_is_not_here_is_done_without(place: Place) -> None:
    told = place.post("/speech", speech(engine="espeak", voice="it-m1", speed=175)).json()
    assert told["model"] == "fake:tts" and len(told["notes"]) == 1 and "espeak" in told["notes"][0]
    told = place.post("/speech", speech(voice="nobody", speed="fast", engine=5)).json()
    assert told["voice"] == "one" and len(told["notes"]) == 3


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_to_say(place: Place, text: str) -> None:
    before = len(place.fake.calls)
    assert place.post("/speech", speech(text)).json()["duration_ms"] == 0
    assert len(place.fake.calls) == before


@pytest.mark.parametrize("fields", [{"type": "transcription"}, {"language": "english"}, {"text": None}, {"voice": 5}])
def test_what_is_no_request(place: Place, fields: dict[str, Any]) -> None:
    assert place.post("/speech", speech(**fields)).status_code == 400


def test_stopping_when_nothing_is_spoken(place: Place) -> None:
    bodies: list[dict[str, Any]] = [{}, {"json": {}}, {"content": b"", "headers": {"Content-Type": "application/json"}}]
    for body in bodies:
        answer = place.ask("POST", "/openvip/speech/stop", **body)
        assert answer.status_code == 200 and answer.json()["status"] == "ok"


def test_stopping_lets_go_who_waits(place: Place) -> None:
    place.until(lambda: not place.hub.voicebox.sounds, "silence")
    place.loudspeaker.may_play.clear()
    try:
        with ThreadPoolExecutor(3) as threads:
            asked = [threads.submit(place.post, "/speech", speech(f"text {number}")) for number in range(3)]
            place.until(lambda: place.hub.voicebox.sounds and place.hub.voicebox.queued == 3)
            assert place.get("/status").json()["platform"]["tts"]["queued"] == 3
            assert place.post("/speech/stop").status_code == 200
            place.loudspeaker.may_play.set()
            told = [one.result().json() for one in asked]
            assert [one["status"] for one in told] == ["ok"] * 3 and all(one["stopped"] for one in told)
    finally:
        place.loudspeaker.may_play.set()


def test_without_a_loudspeaker(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.until(lambda: not place.hub.voicebox.sounds and place.loudspeaker.log[-1:] == ["close"], "the device let go")
    monkeypatch.setattr(place.loudspeaker, "missing", "no sound device")
    answer = place.post("/speech", speech())
    body = check_error(answer)
    assert (answer.status_code, body["x_vox"]["code"]) == (503, "speaker_unavailable") and answer.headers["retry-after"]
    assert place.get("/status").json()["tts"] == {"enabled": False}
    monkeypatch.undo()
    assert place.post("/speech", speech()).status_code == 200
    assert place.get("/status").json()["tts"] == {"enabled": True}


def test_an_engine_that_fails(place: Place) -> None:
    place.fake.fails("out of breath")
    answer = place.post("/speech", speech("again"))
    assert answer.status_code >= 500 and "out of breath" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("given", "speed"),
    [(None, None), (1, 1.0), (1.5, 1.5), (0.1, 0.25), (9, 4.0), (175, 1.0), (350, 2.0), (20, 0.25), (1e300, 4.0)],
)
def test_speeds(given: Any, speed: float | None) -> None:
    assert speed_of(given) == (speed, [])


@pytest.mark.parametrize("given", ["1", True, 0, -1, [], {}])
def test_what_is_no_speed(given: Any) -> None:
    speed, notes = speed_of(given)
    assert speed is None and len(notes) == 1


def test_a_message_is_no_speech(place: Place) -> None:
    assert place.post("/speech", message()).status_code == 400
