"""Recordings become text: every format, every field, every refusal, live text, and clients that go away."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.daemon.conftest import until
from tests.doors.companion.conftest import FORM, form
from tests.doors.openai.conftest import MAX_BYTES, Api
from vox.testing import FakeProvider

WORDS = [
    {"word": " One", "start": 0.5, "end": 0.9, "confidence": 0.5},
    {"word": "two.", "start": 1.0, "end": 1.25, "confidence": 0.25},
]
SEGMENTS = [{"id": 7, "start": 0.5, "end": 1.25, "text": " One two."}]


def steps(*given: dict[str, Any]) -> str:
    return json.dumps(given)


def says(**more: Any) -> str:
    return steps({"answer": {"text": "One two.", "language": "de", **more}})


def partial(text: str, stable: Any = True) -> dict[str, Any]:
    return {"send": {"method": "partial", "params": {"id": "$", "text": text, "stable": stable}}}


def events_of(body: str) -> list[dict[str, Any]]:
    assert body.endswith("\n\n")
    return [json.loads(line.removeprefix("data: ")) for line in body.strip().split("\n\n")]


# ---- formats


def test_json(api: Api, clip: bytes) -> None:
    answer = api.transcribe(clip, model="whisper-1")
    assert answer.status_code == 200
    assert answer.json() == {"text": "hello world", "usage": {"type": "duration", "seconds": 2.99}}
    assert answer.headers["x-request-id"].startswith("req_") and answer.headers["cache-control"] == "no-store"
    assert set(api.asked()) == {"modelId", "path"}  # nothing that was not asked for


def test_text(api: Api, clip: bytes) -> None:
    answer = api.transcribe(clip, response_format="text")
    assert (answer.text, answer.headers["content-type"]) == ("hello world\n", "text/plain; charset=utf-8")


@pytest.mark.parametrize("timed", [{"words": WORDS}, {"segments": SEGMENTS}, {"words": WORDS, "segments": SEGMENTS}])
def test_subtitles(api: Api, clip: bytes, timed: dict[str, Any]) -> None:
    srt = api.transcribe(clip, model="steps:asr", prompt=says(**timed), response_format="srt")
    assert srt.text == "1\n00:00:00,500 --> 00:00:01,250\nOne two.\n\n"
    assert srt.headers["content-type"] == "text/plain; charset=utf-8"
    vtt = api.transcribe(clip, model="steps:asr", prompt=says(**timed), response_format="vtt")
    assert vtt.text == "WEBVTT\n\n00:00:00.500 --> 00:00:01.250\nOne two.\n\n"
    assert vtt.headers["content-type"] == "text/vtt; charset=utf-8"


def test_subtitles_by_an_engine_without_times(api: Api, clip: bytes) -> None:
    assert api.transcribe(clip, response_format="srt").text == "1\n00:00:00,000 --> 00:00:02,990\nhello world\n\n"


def test_verbose_json(api: Api, clip: bytes) -> None:
    asked = {"model": "my-ear", "prompt": says(words=WORDS, segments=SEGMENTS), "response_format": "verbose_json"}
    told = api.transcribe(clip, **asked, temperature="0.5").json()
    (segment,) = told.pop("segments")
    assert told == {
        "task": "transcribe",
        "language": "german",
        "duration": 2.99,
        "text": "One two.",
        "usage": {"type": "duration", "seconds": 2.99},
    }
    assert (segment["id"], segment["start"], segment["end"], segment["text"]) == (0, 0.5, 1.25, "One two.")
    assert segment["temperature"] == 0.5 and segment["avg_logprob"] == pytest.approx(-1.0397, abs=0.001)
    assert segment["tokens"] == [] and 0 < segment["compression_ratio"] < 2


@pytest.mark.parametrize("name", ["timestamp_granularities", "timestamp_granularities__"])
@pytest.mark.parametrize(
    ("wanted", "given"),
    [(["word"], {"words"}), (["segment"], {"segments"}), (["word", "segment"], {"words", "segments"})],
)
def test_granularities(api: Api, clip: bytes, name: str, wanted: list[str], given: set[str]) -> None:
    asked = {"model": "steps:asr", "prompt": says(words=WORDS, segments=SEGMENTS), "response_format": "verbose_json"}
    told = api.transcribe(clip, **asked, **{name: wanted}).json()
    assert told.keys() & {"words", "segments"} == given
    if "words" in given:
        assert told["words"][0] == {"word": "One", "start": 0.5, "end": 0.9}


def test_words_of_an_engine_that_tells_none(api: Api, clip: bytes) -> None:
    answer = api.transcribe(clip, response_format="verbose_json", timestamp_granularities__=["word"])
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "unsupported", "timestamp_granularities")


def test_who_said_what(api: Api, clip: bytes) -> None:
    told = api.transcribe(clip, model="who:asr", prompt="say hello there", response_format="diarized_json").json()
    (segment,) = told["segments"]
    assert (told["task"], told["text"], told["duration"]) == ("transcribe", "hello there", 2.99)
    assert (segment["speaker"], segment["start"], segment["end"], segment["text"]) == ("A", 0, 0.5, "hello")
    assert (segment["id"], segment["type"]) == ("seg_0", "transcript.text.segment")
    assert told["usage"] == {"type": "duration", "seconds": 2.99}


# ---- fields


def test_every_field_reaches_the_engine(api: Api, clip: bytes) -> None:
    answer = api.transcribe(
        clip,
        language="German",
        prompt="names",
        temperature="0.25",
        keywords__=["Vox", " "],
        keywords="voxd",
        chunking_strategy="auto",
        include__=["logprobs"],
        of_another_time="yes",
    )
    assert answer.status_code == 200, answer.text
    asked = api.asked()
    assert (asked["language"], asked["prompt"], asked["temperature"]) == ("de", "names", 0.25)
    assert asked["hotwords"] == ["voxd", "Vox"] and "words" not in asked


def test_recordings_of_speakers_are_let_pass(api: Api, clip: bytes) -> None:
    reference = "data:audio/wav;base64," + "A" * 400_000  # about what ten seconds take
    told = api.transcribe(clip, known_speaker_names__=["me", "you"], known_speaker_references__=[reference, reference])
    assert told.status_code == 200, told.text


def test_one_of_several_languages(api: Api, clip: bytes) -> None:
    assert api.transcribe(clip, languages__=["fr"]).status_code == 200
    assert api.asked()["language"] == "fr"
    assert api.transcribe(clip, languages__=["fr", "de"]).status_code == 200
    assert "language" not in api.asked()


def test_a_clients_name_is_measured(api: Api, clip: bytes) -> None:
    api.ask("POST", "/v1/audio/transcriptions", files={"file": clip}, headers={"user-agent": "OpenAI/Python 3.5"})
    api.ask("POST", "/v1/audio/transcriptions", files={"file": clip}, headers={"x-vox-client": "mine"})

    def measured() -> list[tuple[str, str]]:
        lines = api.daemon.home.performance_jsonl.read_text(encoding="utf-8").splitlines()
        return [(row["clientId"], row["route"]) for row in map(json.loads, lines[-2:])]

    wanted = [(client, "audio.transcriptions") for client in ("OpenAI/Python", "mine")]
    until(lambda: measured() == wanted, what="both rows")


@pytest.mark.parametrize(
    ("fields", "status", "param", "code"),
    [
        ({"response_format": "xml"}, 400, "response_format", "invalid_request"),
        ({"temperature": "hot"}, 400, "temperature", "invalid_request"),
        ({"temperature": "1.5"}, 400, "temperature", "invalid_request"),
        ({"temperature": "nan"}, 400, "temperature", "invalid_request"),
        ({"stream": "maybe"}, 400, "stream", "invalid_request"),
        ({"stream": "true", "response_format": "srt"}, 400, "stream", "invalid_request"),
        ({"timestamp_granularities[]": "letter"}, 400, "timestamp_granularities", "invalid_request"),
        ({"timestamp_granularities[]": "word"}, 400, "timestamp_granularities", "invalid_request"),
        ({"model": "nobody"}, 404, "model", "model_not_found"),
        ({"model": "tts-1"}, 404, "model", "model_not_found"),
    ],
)
def test_a_field_that_is_wrong(
    api: Api, clip: bytes, fields: dict[str, str], status: int, param: str, code: str
) -> None:
    answer = api.transcribe(clip, **fields)
    error = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"} and error["message"]
    assert (answer.status_code, error["param"], error["code"]) == (status, param, code)
    assert error["type"] == "invalid_request_error" and answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("audio", "status", "code"),
    [
        (b"", 400, "invalid_request"),
        (b"no sound at all", 400, "unsupported_audio"),
        (bytes(MAX_BYTES + 1), 413, "audio_too_large"),
        (bytes(3 * MAX_BYTES), 413, "audio_too_large"),
    ],
)
def test_what_is_no_recording(api: Api, audio: bytes, status: int, code: str) -> None:
    answer = api.transcribe(audio)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (status, code, "file")
    assert str(api.daemon.home.root) not in error["message"]  # where it lies here is nobody's business


def test_a_form_without_a_file_and_a_body_that_is_none(api: Api) -> None:
    without = api.ask("POST", "/v1/audio/transcriptions", content=form(None, model="x"), headers={"content-type": FORM})
    assert (without.status_code, without.json()["error"]["param"]) == (400, "file")
    assert api.ask("POST", "/v1/audio/transcriptions", json={"file": "x"}).status_code == 400
    assert api.ask("POST", "/v1/audio/transcriptions").status_code == 400


@pytest.mark.parametrize(
    ("told", "status", "code", "repeat"),
    [
        ("unauthorized", 502, "provider_unauthorized", "false"),
        ("rate_limited", 429, "rate_limited", "true"),
        ("payment_required", 402, "payment_required", None),
        ("unsupported_audio", 400, "unsupported_audio", None),
    ],
)
def test_what_the_engine_refuses(api: Api, clip: bytes, told: str, status: int, code: str, repeat: str | None) -> None:
    api.usual.fails(told)
    answer = api.transcribe(clip)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert answer.headers.get("x-should-retry") == repeat


# ---- translation


def test_a_translation(api: Api, clip: bytes) -> None:
    asked = {"prompt": says(), "response_format": "verbose_json", "language": "nonsense", "stream": "true"}
    told = api.transcribe(clip, "translations", model="whisper-1", **asked).json()  # the default cannot, another can
    assert (told["task"], told["language"], told["text"]) == ("translate", "english", "One two.")
    named = api.transcribe(clip, "translations", model="steps:asr", prompt=says())
    assert named.json()["text"] == "One two."


def test_a_model_that_does_not_translate(api: Api, clip: bytes) -> None:
    answer = api.transcribe(clip, "translations", model="usual:asr")
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, "model", "unsupported")
    assert "usual:asr does not translate" in error["message"] and "steps:asr" in error["message"]
    assert api.transcribe(clip, "translations", model="nobody").json()["error"]["code"] == "model_not_found"


# ---- while it is recognised


def test_text_comes_while_it_is_recognised(api: Api, clip: bytes) -> None:
    api.usual.says("and so my fellow")
    answer = api.transcribe(clip, stream="true")
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    events = events_of(answer.text)
    assert events[-1] == {"type": "transcript.text.done", "text": "and so my fellow"}
    assert "".join(event["delta"] for event in events[:-1]) == "and so my fellow"
    assert {event["type"] for event in events[:-1]} == {"transcript.text.delta"}


def test_what_may_change_is_not_sent(api: Api, clip: bytes, tmp_path: Path) -> None:
    orders = steps(
        partial("One too", 4), {"gate": str(tmp_path / "go")}, partial("One two", 7), {"answer": {"text": "One two."}}
    )
    data = {"model": "steps:asr", "prompt": orders, "stream": "true"}
    with api.http.stream("POST", "/v1/audio/transcriptions", data=data, files={"file": clip}) as answer:
        lines = answer.iter_lines()
        assert json.loads(next(lines).removeprefix("data: ")) == {"type": "transcript.text.delta", "delta": "One "}
        (tmp_path / "go").touch()
        rest = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert "".join(event["delta"] for event in rest[:-1]) == "two."
    assert rest[-1] == {"type": "transcript.text.done", "text": "One two."}


def test_a_transcript_that_is_streamed_is_kept_once(api: Api, clip: bytes) -> None:
    before = api.outcomes("audio.transcriptions")
    api.transcribe(clip, model="steps:asr", prompt=says(), stream="true")
    api.transcribe(clip, model="steps:asr", prompt=steps({"answer": {"text": 7}}), stream="true")
    until(lambda: api.outcomes("audio.transcriptions") == [*before, "ok", "error"])


def test_a_failure_before_and_after_the_first_words(api: Api, clip: bytes) -> None:
    early = api.transcribe(clip, model="steps:asr", prompt=steps({"answer": {"text": 7}}), stream="true")
    assert early.status_code == 502 and early.json()["error"]["code"] == "provider_misbehaved"
    late = api.transcribe(clip, model="steps:asr", prompt=steps(partial("One", 3), {"answer": {}}), stream="true")
    delta, error = events_of(late.text)
    assert delta["delta"] == "One" and error["error"]["code"] == "provider_misbehaved"
    assert api.transcribe(clip, model="nobody", stream="true").status_code == 404


# ---- capacity


def test_a_busy_engine_says_when_to_come_back_and_a_client_that_goes_frees_it(
    api: Api, clip: bytes, tmp_path: Path
) -> None:
    held, before = api.connect(), api.outcomes("audio.transcriptions")
    body = form(clip, "file", model="one:asr", prompt=steps({"told": str(tmp_path / "inside")}))
    held.request("POST", "/v1/audio/transcriptions", body, {"Content-Type": FORM})
    until((tmp_path / "inside").exists)
    refused = api.transcribe(clip, model="one:asr", prompt=says())
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1 and int(refused.headers["retry-after-ms"]) > 0
    error = refused.json()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_exceeded", "provider_busy")
    held.close()

    def served() -> httpx.Response | None:
        answer = api.transcribe(clip, model="one:asr", prompt=says())
        return None if answer.status_code == 429 else answer

    assert until(served, what="room").json()["text"] == "One two."
    assert {"cancelled", "ok"} <= {*api.outcomes("audio.transcriptions")[len(before) :]}


def test_twelve_at_once(api: Api, clip: bytes, usual: FakeProvider) -> None:
    usual.usually(takes_s=0.05)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: api.transcribe(clip), range(12)))
    assert [answer.status_code for answer in answers] == [200] * 12
    with ThreadPoolExecutor(12) as pool:
        orders = steps({"repeat": 1, "seconds": 0.05, "send": {}}, {"answer": {"text": "done"}})
        answers = list(pool.map(lambda _: api.transcribe(clip, model="one:asr", prompt=orders), range(12)))
    assert {answer.status_code for answer in answers} <= {200, 429, 503}
    assert any(answer.status_code == 200 for answer in answers)
    assert all("retry-after" in answer.headers for answer in answers if answer.status_code != 200)


@pytest.fixture
def usual(api: Api) -> Any:
    yield api.usual
    api.usual.usually(takes_s=0.0)
