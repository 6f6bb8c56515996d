"""Calls whose parts are read while they run, over real provider processes: in order, bounded, and over when left."""

import base64
import json
import struct
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, model, running, until
from vox import errors
from vox.config import ProviderEntry
from vox.errors import Cancelled, VoxError
from vox.paths import Home
from vox.runtime.requests import SynthesizeRequest, TranscribeRequest
from vox.runtime.streams import Feed
from vox.types import AudioChunk, Partial, Speech, Transcript

pytestmark = pytest.mark.anyio

PROGRAM = Path(__file__).parent / "streaming.py"
RATE = 24_000
DONE = {"answer": {"voiceId": "v"}}


def provider(kind: str, *features: str, **fields: Any) -> ProviderEntry:
    spec = {"models": [model(f"{kind}:1", sampleRate=RATE)], "features": ["cancel", *features], "maxConcurrency": 4}
    command = [sys.executable, str(PROGRAM), json.dumps(spec)]
    return ProviderEntry.model_validate({"id": kind, "kind": kind, "command": command, **fields})


def speaker(**fields: Any) -> ProviderEntry:
    return provider("tts", "synthesize.stream", **fields)


def listener(**fields: Any) -> ProviderEntry:
    return provider("asr", "transcribe.partials", **fields)


def audio(sequence: Any, data: bytes = b"ab", **more: Any) -> dict[str, Any]:
    params = {"id": "$", "sequence": sequence, "audioBase64": base64.b64encode(data).decode("ascii"), **more}
    return {"send": {"method": "audio", "params": params}}


def partial(text: Any, **more: Any) -> dict[str, Any]:
    return {"send": {"method": "partial", "params": {"id": "$", "text": text, **more}}}


def wav(samples: bytes, rate: int = RATE, channels: int = 1) -> bytes:
    form = (16, 1, channels, rate, rate * 2 * channels, 2 * channels, 16)
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", *form, b"data", len(samples))
    return head + samples


def spoken(audio: bytes) -> dict[str, str]:
    return {"audioBase64": base64.b64encode(audio).decode("ascii"), "contentType": "audio/wav"}


def to_say(*steps: dict[str, Any]) -> SynthesizeRequest:
    return SynthesizeRequest("hello", instructions=json.dumps(steps))


async def heard(setup: Setup, *steps: dict[str, Any]) -> tuple[list[AudioChunk], Speech]:
    """What a stream of those steps gives."""
    items: list[AudioChunk | Speech] = [item async for item in setup.runtime.synthesize_stream(to_say(*steps), CALLER)]
    last = items.pop()
    assert isinstance(last, Speech)
    return [item for item in items if isinstance(item, AudioChunk)], last


async def read(setup: Setup, recording: Path, *steps: dict[str, Any]) -> tuple[list[Partial], Transcript]:
    request = TranscribeRequest(recording, prompt=json.dumps(steps))
    items: list[Partial | Transcript] = [item async for item in setup.runtime.transcribe_partials(request, CALLER)]
    last = items.pop()
    assert isinstance(last, Transcript)
    return [item for item in items if isinstance(item, Partial)], last


# ---- speech


async def test_speech_comes_piece_by_piece(home: Home) -> None:
    async with running(home, speaker()) as setup:
        chunks, speech = await heard(setup, audio(0, b"abc", sampleRate=16_000), audio(1, b"d"), audio(2, b""), DONE)
        assert chunks == [AudioChunk(b"ab", 16_000), AudioChunk(b"cd", 16_000)]
        assert (speech.audio, speech.format, speech.voice, speech.model) == (b"", "pcm", "v", "tts:1")
        assert speech.duration_s == 2 / 16_000
        row = setup.rows()[0]
        assert (row["outcome"], row["outputBytes"], row["voiceId"]) == ("ok", 4, "v")
        assert 0 < row["firstAudioMs"] <= row["totalMs"] and row["metrics"]["firstAudioMs"] == row["firstAudioMs"]
        assert speech.metrics["firstAudioMs"] == row["firstAudioMs"] and speech.trace_id == row["traceId"]


async def test_a_piece_is_here_before_the_next_is_made(home: Home, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with running(home, speaker()) as setup:
        request = to_say(audio(0), {"gate": str(gate)}, audio(1, b"cd"), DONE)
        async with aclosing(setup.runtime.synthesize_stream(request, CALLER)) as stream:
            assert await anext(stream) == AudioChunk(b"ab", RATE)
            gate.touch()  # only now may the provider go on
            assert await anext(stream) == AudioChunk(b"cd", RATE)
            assert isinstance(await anext(stream), Speech)


async def test_two_streams_of_one_provider_do_not_mix(home: Home, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    found: dict[str, list[bytes]] = {}

    async def listen(setup: Setup, name: str, *steps: dict[str, Any]) -> None:
        chunks, _ = await heard(setup, *steps, DONE)
        found[name] = [chunk.pcm for chunk in chunks]

    async with running(home, speaker()) as setup, anyio.create_task_group() as tasks:
        tasks.start_soon(listen, setup, "one", audio(0, b"11"), {"gate": str(gate)}, audio(1, b"11"))
        tasks.start_soon(listen, setup, "two", audio(0, b"22"), {"told": str(gate)}, audio(1, b"22"))
    assert found == {"one": [b"11", b"11"], "two": [b"22", b"22"]}


@pytest.mark.parametrize(
    ("samples", "channels", "pcm"), [(b"abcd", 1, b"abcd"), (struct.pack("<4h", 2, 4, -2, -4), 2, b"\3\0\xfd\xff")]
)
async def test_a_provider_without_the_feature_gives_one_chunk(
    home: Home, samples: bytes, channels: int, pcm: bytes
) -> None:
    async with running(home, provider("tts")) as setup:
        chunks, speech = await heard(setup, {"answer": spoken(wav(samples, 8000, channels))})
        assert chunks == [AudioChunk(pcm, 8000, whole=True)]
        assert (speech.duration_s, speech.voice) == (2 / 8000, "default")
        assert setup.rows()[0]["firstAudioMs"] == speech.metrics["firstAudioMs"] > 0


async def test_a_provider_that_could_stream_may_answer_with_all_of_it(home: Home) -> None:
    async with running(home, speaker()) as setup:
        chunks, _ = await heard(setup, {"answer": spoken(wav(b"abcd"))})
        assert chunks == [AudioChunk(b"abcd", RATE, whole=True)]
        assert setup.rows()[0]["outputBytes"] == 48


async def test_audio_in_the_answer_behind_a_stream_is_not_heard_twice(home: Home) -> None:
    async with running(home, speaker()) as setup:
        chunks, speech = await heard(setup, audio(0, b"abcd"), {"answer": spoken(wav(b"abcd"))})
        assert chunks == [AudioChunk(b"abcd", RATE)] and speech.duration_s == 2 / RATE


async def test_only_those_who_ask_get_a_stream(home: Home) -> None:
    async with running(home, speaker()) as setup:
        request = to_say({"answer": {**spoken(wav(b"abcd")), "voiceId": "v"}})
        assert (await setup.runtime.synthesize(request, CALLER)).audio == wav(b"abcd")
        with pytest.raises(errors.ProviderMisbehaved, match="no audioBase64"):
            await setup.runtime.synthesize(to_say(audio(0), DONE), CALLER)
        assert setup.registry.providers[0].supervisor.running is not None
        assert setup.registry.providers[0].supervisor.running.noise == 1


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([audio(1)], "sequence 1, expected 0"),
        ([audio(0), audio(0)], "sequence 0, expected 1"),
        ([audio(0), audio(2)], "sequence 2, expected 1"),
        ([audio(0), audio(1, sampleRate=8000)], "changed its sampleRate from 24000 to 8000"),
        ([audio(0, sampleRate=7)], "sampleRate 7"),
        ([{"send": {"method": "audio", "params": {"id": "$", "sequence": 0, "audioBase64": "?"}}}], "valid base64"),
        ([{"send": {"method": "audio", "params": {"id": "$"}}}], "without audioBase64"),
        ([audio(0, b"abc"), DONE], "within a 16-bit sample"),
        ([DONE], "no audioBase64"),
        ([audio(0, b""), DONE], "no audioBase64"),
    ],
)
async def test_a_wrong_stream_fails_its_call_only(
    home: Home, tmp_path: Path, steps: list[dict[str, Any]], told: str
) -> None:
    gate = tmp_path / "gate"
    async with running(home, speaker()) as setup:
        beside = to_say(audio(0), {"gate": str(gate)}, audio(1, b"cd"), DONE)
        async with aclosing(setup.runtime.synthesize_stream(beside, CALLER)) as stream:
            assert await anext(stream) == AudioChunk(b"ab", RATE)
            with pytest.raises(errors.ProviderMisbehaved, match=told) as caught:
                await heard(setup, *steps)
            assert caught.value.details["provider"] == "tts"
            gate.touch()
            assert await anext(stream) == AudioChunk(b"cd", RATE)
            assert isinstance(await anext(stream), Speech)
        assert setup.registry.providers[0].supervisor.generation == 1
        assert [row.get("code") for row in setup.rows()] == ["provider_misbehaved", None]


async def test_streams_of_nobody_are_noise(home: Home) -> None:
    strange = [{"send": {"method": "audio", "params": {"id": number}}} for number in (0, 99, "x", None, True)]
    async with running(home, speaker()) as setup:
        chunks, _ = await heard(setup, *strange, partial("no"), audio(0), {"raw": "not JSON"}, DONE)
        assert [chunk.pcm for chunk in chunks] == [b"ab"]
        assert setup.registry.providers[0].supervisor.running is not None
        assert setup.registry.providers[0].supervisor.running.noise == len(strange) + 1


async def test_what_was_heard_before_a_crash_is_heard_and_then_the_crash(home: Home) -> None:
    async with running(home, speaker()) as setup:
        stream = setup.runtime.synthesize_stream(to_say(audio(0), {"die": True}), CALLER)
        assert await anext(stream) == AudioChunk(b"ab", RATE)
        with pytest.raises(errors.ProviderCrashed):
            await anext(stream)
        assert setup.rows()[0]["code"] == "provider_crashed"


# ---- leaving


async def test_closing_the_iterator_reaches_the_provider(home: Home, tmp_path: Path) -> None:
    told = tmp_path / "told"
    async with running(home, speaker(env={"TOLD": str(told)})) as setup:
        limiter = setup.registry.providers[0].limiter
        stream = setup.runtime.synthesize_stream(to_say(audio(0)), CALLER)
        await anext(stream)
        assert limiter.snapshot().in_use == 1
        await stream.aclose()
        await until(told.exists)
        await until(lambda: limiter.snapshot().in_use == 0)
        assert setup.rows()[0]["outcome"] == "cancelled"


async def test_a_cancelled_reader_ends_its_call(home: Home, tmp_path: Path, recording: Path) -> None:
    told, seen = tmp_path / "told", anyio.Event()
    async with running(home, listener(env={"TOLD": str(told)})) as setup:

        async def listen() -> None:
            request = TranscribeRequest(recording, prompt=json.dumps([partial("one")]))
            async for _ in setup.runtime.transcribe_partials(request, CALLER):
                seen.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listen)
            await seen.wait()
            tasks.cancel_scope.cancel()
        await until(told.exists)
        assert setup.rows()[0]["outcome"] == "cancelled"


async def test_a_reader_that_leaves_the_queue_is_out_of_it(home: Home) -> None:
    async with running(home, speaker(maxConcurrency=1)) as setup:
        limiter = setup.registry.providers[0].limiter
        first = setup.runtime.synthesize_stream(to_say(audio(0)), CALLER)
        await anext(first)
        with anyio.move_on_after(0.05):
            await anext(setup.runtime.synthesize_stream(to_say(DONE), CALLER))
        await until(lambda: limiter.snapshot().queued == 0)
        await first.aclose()


async def test_a_reader_that_is_too_slow_loses_its_stream_and_nobody_elses(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    monkeypatch.setattr(Feed.__init__, "__defaults__", (10_000,))
    async with running(home, speaker(env={"TOLD": str(told)})) as setup:
        many = {"repeat": 50, **audio("$n", bytes(1000))}
        slow = setup.runtime.synthesize_stream(to_say(many), CALLER)
        assert isinstance(await anext(slow), AudioChunk)
        await until(told.exists)  # the provider was told to stop
        chunks, _ = await heard(setup, audio(0), DONE)
        assert [chunk.pcm for chunk in chunks] == [b"ab"]
        with pytest.raises(Cancelled, match="too slow") as caught:
            while True:
                await anext(slow)
        assert caught.value.details["reason"] == "slow_reader"
        assert caught.value.details["unreadBytes"] <= 10_000


# ---- time


async def test_a_stream_that_goes_on_has_more_time(home: Home) -> None:
    async with running(home, speaker(timeouts={"synthesizeMs": 400})) as setup:
        chunks, speech = await heard(setup, {"repeat": 8, "seconds": 0.1, **audio("$n")}, DONE)
        assert len(chunks) == 8 and speech.elapsed_ms > 400


async def test_a_stream_that_falls_silent_times_out(home: Home) -> None:
    async with running(home, speaker(timeouts={"synthesizeMs": 150})) as setup:
        with pytest.raises(errors.ProviderTimeout) as caught:
            await heard(setup, audio(0))
        assert caught.value.details["timeoutMs"] == 150


async def test_a_stream_without_end_is_ended(home: Home) -> None:
    async with running(home, speaker(timeouts={"synthesizeMs": 150})) as setup:
        with pytest.raises(errors.ProviderTimeout) as caught:
            await heard(setup, {"repeat": 10_000, "seconds": 0.02, **audio("$n")})
        assert caught.value.details["timeoutMs"] == 600
        assert 600 <= setup.rows()[0]["totalMs"] < 3000


# ---- text


async def test_text_comes_while_the_rest_is_heard(home: Home, recording: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    steps = [partial("one", stable=True), {"gate": str(gate)}, partial("one two", stable=3), {"answer": {"text": "1"}}]
    async with running(home, listener()) as setup:
        request = TranscribeRequest(recording, prompt=json.dumps(steps))
        async with aclosing(setup.runtime.transcribe_partials(request, CALLER)) as stream:
            assert await anext(stream) == Partial("one", 3)
            gate.touch()
            assert await anext(stream) == Partial("one two", 3)
            last = await anext(stream)
            assert isinstance(last, Transcript) and last.text == "1"
        row = setup.rows()[0]
        assert 0 < row["firstPartialMs"] <= row["totalMs"] and last.metrics["firstPartialMs"] == row["firstPartialMs"]


async def test_a_slow_reader_gets_the_latest_text(home: Home, recording: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    steps = [partial("one"), partial("one two"), {"told": str(told)}, {"answer": {"text": "1"}}]
    async with running(home, listener()) as setup:
        request = TranscribeRequest(recording, prompt=json.dumps([partial("none"), {"gate": str(told)}, *steps]))
        async with aclosing(setup.runtime.transcribe_partials(request, CALLER)) as stream:
            assert await anext(stream) == Partial("none")
            told.touch()
            await until(lambda: setup.registry.providers[0].limiter.snapshot().in_use == 0)
            assert await anext(stream) == Partial("one two")
            assert isinstance(await anext(stream), Transcript)


async def test_a_provider_without_partials_gives_the_transcript(home: Home, recording: Path) -> None:
    async with running(home, provider("asr")) as setup:
        partials, transcript = await read(setup, recording, {"answer": {"text": "all"}})
        assert (partials, transcript.text) == ([], "all") and "firstPartialMs" not in setup.rows()[0]


async def test_a_partial_without_text_fails_its_call(home: Home, recording: Path) -> None:
    async with running(home, listener()) as setup:
        with pytest.raises(errors.ProviderMisbehaved, match="partial has no text"):
            await read(setup, recording, partial(7))


async def test_errors_of_the_request_are_raised_to_the_reader(home: Home, tmp_path: Path) -> None:
    async with running(home, listener(), speaker()) as setup:
        with pytest.raises(errors.NoInput):
            await read(setup, tmp_path / "none.wav")
        with pytest.raises(errors.InvalidRequest, match="no text"):
            await anext(setup.runtime.synthesize_stream(SynthesizeRequest(" "), CALLER))
        with pytest.raises(errors.ModelNotFound):
            await anext(setup.runtime.synthesize_stream(SynthesizeRequest("a", model="none"), CALLER))
        assert [row["outcome"] for row in setup.rows()] == ["error", "error", "error"]


# ---- the feed by itself


async def test_a_feed_counts_what_is_unread() -> None:
    feed: Feed[str] = Feed(bound=10)
    feed.put("a", 6)
    assert await anext(feed) == "a"
    feed.put("b", 10)
    with pytest.raises(Cancelled):
        feed.put("c", 1)
    feed.end(VoxError("first"))
    feed.end(VoxError("second"))
    with pytest.raises(VoxError, match="first"):
        await anext(feed)
