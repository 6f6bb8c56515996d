"""Text becomes speech: what is asked of the engine, bytes before it is done, and what becomes of failures."""

import base64
import http.client
import json
import struct
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.daemon.conftest import until
from tests.doors.openai.conftest import Api
from vox.audio import wav
from vox.audio.decode import decode
from vox.audio.formats import STREAM_FORMATS

RATE = 24_000


def steps(*given: dict[str, Any]) -> str:
    return json.dumps(given)


def audio(seconds: float = 0.5) -> dict[str, Any]:
    params = {"id": "$", "sampleRate": RATE, "audioBase64": "$zeros"}
    return {"zeros": 2 * round(seconds * RATE), "send": {"method": "audio", "params": params}}


def events_of(body: str) -> list[dict[str, Any]]:
    return [json.loads(line.removeprefix("data: ")) for line in body.strip().split("\n\n")]


@pytest.mark.parametrize("format", STREAM_FORMATS)
def test_every_format(api: Api, format: str) -> None:
    answer = api.speak("hello", model="tts-1", voice="alloy", response_format=format)
    assert answer.status_code == 200 and answer.headers["content-type"] == STREAM_FORMATS[format]
    assert "content-length" not in answer.headers and answer.headers["x-request-id"]
    if format == "pcm":
        assert len(answer.content) / 2 / RATE == pytest.approx(0.3, abs=0.001)  # from 16 kHz
    else:
        assert decode(answer.content).duration_s == pytest.approx(0.3, abs=0.2)


def test_mp3_unless_asked_otherwise(api: Api) -> None:
    assert api.speak("hello").headers["content-type"] == "audio/mpeg"


def test_a_wav_tells_its_length_only_when_it_is_known(api: Api) -> None:
    streamed = api.speak("hello", response_format="wav").content
    assert struct.unpack_from("<I", streamed, 40)[0] == 0xFFFF_FFFF
    api.usual.plays(wav.header(8000, 1, 3200) + bytes(3200))
    whole = api.speak("hello", response_format="wav").content
    assert wav.parse(whole).complete and wav.parse(whole).frames == 1600


def test_every_field_reaches_the_engine(api: Api) -> None:
    answer = api.speak("hi", voice={"id": "carl"}, speed=2, instructions="calmly", language="de", odd=[])
    assert answer.status_code == 200, answer.text
    assert {name: api.asked()[name] for name in ("input", "voiceId", "speed", "instructions", "language")} == {
        "input": "hi",
        "voiceId": "carl",
        "speed": 2.0,
        "instructions": "calmly",
        "language": "de",
    }


def test_openais_voices_are_voices_of_the_model(api: Api) -> None:
    spoken = {}
    for name in ("alloy", "ash", "ballad", "coral", "Nova"):
        assert api.speak("hi", voice=name).status_code == 200
        spoken[name] = api.asked()["voiceId"]
    assert spoken["alloy"] == "anna" and set(spoken.values()) == {"anna", "bert", "carl"}


def test_a_voice_of_the_users_table(api: Api) -> None:
    assert api.speak("hi", model="steps:tts", voice="boss").status_code == 200
    assert (api.asked()["modelId"], api.asked()["voiceId"]) == ("usual:tts", "bert")


@pytest.mark.parametrize(
    ("fields", "status", "param", "code"),
    [
        ({"input": ""}, 400, "input", "invalid_request"),
        ({"input": " \n"}, 400, "input", "invalid_request"),
        ({"input": 7}, 400, "input", "invalid_request"),
        ({"input": "x" * 1_000_001}, 400, "input", "invalid_request"),
        ({"voice": 7}, 400, "voice", "invalid_request"),
        ({"voice": {"name": "anna"}}, 400, "voice", "invalid_request"),
        ({"voice": "nobody"}, 400, "voice", "voice_not_found"),
        ({"model": "nobody"}, 404, "model", "model_not_found"),
        ({"model": "nobody", "voice": "alloy"}, 404, "model", "model_not_found"),
        ({"model": ["x"]}, 400, "model", "invalid_request"),
        ({"response_format": "ogg"}, 400, "response_format", "invalid_request"),
        ({"speed": 9}, 400, "speed", "invalid_request"),
        ({"speed": 0.1}, 400, "speed", "invalid_request"),
        ({"speed": True}, 400, "speed", "invalid_request"),
        ({"stream_format": "chunks"}, 400, "stream_format", "invalid_request"),
    ],
)
def test_a_field_that_is_wrong(api: Api, fields: dict[str, Any], status: int, param: str, code: str) -> None:
    answer = api.speak(**{"input": "hello", **fields})
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert (answer.status_code, error["param"], error["code"]) == (status, param, code), error
    if code == "voice_not_found":
        assert "anna, bert, carl" in error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7"])
def test_a_body_that_is_none(api: Api, body: bytes) -> None:
    answer = api.ask("POST", "/v1/audio/speech", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400 and answer.json()["error"]["type"] == "invalid_request_error"


def test_a_body_without_measure(api: Api) -> None:
    answer = api.ask("POST", "/v1/audio/speech", content=b" " * (9 << 20), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "text_too_long")
    assert answer.json()["error"]["type"] == "invalid_request_error"


# ---- while it is made


@pytest.mark.parametrize("format", STREAM_FORMATS)
def test_bytes_come_before_the_speech_is_made(api: Api, tmp_path: Path, format: str) -> None:
    orders = steps(audio(1.0), {"gate": str(tmp_path / "go")}, audio(1.0), {"answer": {}})
    body = {"model": "steps:tts", "input": "hello", "instructions": orders, "response_format": format}
    with api.http.stream("POST", "/v1/audio/speech", json=body) as answer:
        assert answer.status_code == 200
        chunks = answer.iter_raw()
        file = next(chunks)
        assert file  # and the engine still waits
        (tmp_path / "go").touch()
        file += b"".join(chunks)
    if format == "pcm":
        assert len(file) == 2 * 2 * RATE
    else:
        assert decode(file).duration_s == pytest.approx(2.0, abs=0.1)


def test_events(api: Api) -> None:
    answer = api.speak("hello there", response_format="pcm", stream_format="sse")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    *deltas, done = events_of(answer.text)
    heard = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert {event["type"] for event in deltas} == {"speech.audio.delta"} and len(deltas) > 1
    assert len(heard) / 2 / RATE == pytest.approx(0.66, abs=0.001)
    usage = {"input_tokens": 3, "output_tokens": 14, "total_tokens": 17}
    assert done == {"type": "speech.audio.done", "usage": usage}


def test_what_fails_before_the_first_sound_has_a_status(api: Api) -> None:
    answer = api.speak("hello", model="steps:tts", instructions=steps({"answer": {}}))
    assert answer.status_code == 502 and answer.json()["error"]["code"] == "provider_misbehaved"
    api.usual.busy()
    api.usual.fails("rate_limited", "slow down")
    answer = api.speak("hello")
    assert answer.status_code == 429 and "retry-after" in answer.headers


def test_what_fails_later_cuts_the_audio_off(api: Api) -> None:
    orders = steps(audio(), {"send": {"method": "audio", "params": {"id": "$", "audioBase64": "?"}}}, {"answer": {}})
    with pytest.raises(httpx.RemoteProtocolError):  # a client must not take it for the whole
        api.speak("hello", model="steps:tts", instructions=orders, response_format="wav")
    told = api.speak("hello", model="steps:tts", instructions=orders, response_format="wav", stream_format="sse").text
    assert events_of(told)[0]["type"] == "speech.audio.delta"
    assert events_of(told)[-1]["error"]["code"] == "provider_misbehaved"


@pytest.mark.parametrize("begun", [False, True])
def test_a_client_that_goes_ends_the_speech(api: Api, tmp_path: Path, begun: bool) -> None:
    silenced, before = api.folder / "told" / "silenced", api.outcomes("audio.speech")
    silenced.unlink(missing_ok=True)
    orders = steps(*([audio()] if begun else []), {"told": str(tmp_path / "inside")}, {"gate": str(tmp_path / "never")})
    connection = api.connect()
    body = json.dumps({"model": "steps:tts", "input": "hello", "instructions": orders, "response_format": "pcm"})
    connection.request("POST", "/v1/audio/speech", body, {"Content-Type": "application/json"})
    if begun:
        assert connection.getresponse().read(100)
    until((tmp_path / "inside").exists)
    _drop(connection)
    until(silenced.exists)
    until(lambda: api.outcomes("audio.speech") == [*before, "cancelled"])


def _drop(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        connection.sock.close()
    connection.close()
