"""Whole requests over real provider processes: what comes back, what is measured, and what is left behind."""

import os
import signal
import struct
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, alive, content, entry, model, running, until
from vox import errors
from vox.paths import Home
from vox.runtime.requests import Caller, SynthesizeRequest, TranscribeRequest

pytestmark = pytest.mark.anyio

ASR = {"models": [model("ear:1", words=True)]}
TTS = {
    "models": [model("mouth:1")],
    "voices": [
        {"id": "Anna", "name": "Anna", "language": "en", "modelId": "mouth:1", "default": True},
        {"id": "bo_b", "name": "Bob", "modelId": "mouth:1"},
    ],
}


async def test_a_file_becomes_a_transcript(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        request = TranscribeRequest(recording, prompt="say one two", words=True)
        transcript = await setup.runtime.transcribe(request, CALLER)
        assert (transcript.text, transcript.model, transcript.duration_s) == ("one two", "ear:1", 1.0)
        assert transcript.words is not None and transcript.words[0].word == "hello"
        assert transcript.metrics["inferenceMs"] == 2.5 and transcript.metrics["myOwnMs"] == 1
        assert transcript.trace_id == setup.rows()[0]["traceId"]


async def test_bytes_are_as_good_as_a_file(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        transcript = await setup.runtime.transcribe(TranscribeRequest(content(recording)), CALLER)
        assert transcript.text == "hello world"


async def test_the_provider_gets_a_private_copy_in_the_spool(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        with pytest.raises(errors.ProviderFailed, match="cannot say: ") as caught:
            await setup.runtime.transcribe(TranscribeRequest(recording, prompt="echo"), CALLER)
        given = Path(caught.value.message.rpartition("cannot say: ")[2])
        assert given.parent == home.spool and given != recording
        assert given.name not in os.listdir(home.spool)


async def test_audio_without_a_sample_is_refused_before_anybody_works_on_it(home: Home) -> None:
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16, b"data", 0)
    async with running(home, entry("ear", ASR, models=["ear:1"])) as setup:
        with pytest.raises(errors.UnsupportedAudio, match="no samples"):
            await setup.runtime.transcribe(TranscribeRequest(header, model="ear:1"), CALLER)
        assert setup.pid("ear") is None


async def test_text_becomes_speech(home: Home) -> None:
    async with running(home, entry("mouth", TTS, kind="tts")) as setup:
        speech = await setup.runtime.synthesize(SynthesizeRequest("hello", voice="anna", format="flac"), CALLER)
        assert speech.audio.startswith(b"fLaC") and speech.content_type == "audio/flac"
        assert (speech.model, speech.voice, speech.duration_s) == ("mouth:1", "Anna", 0.5)


async def test_optional_parameters_travel_only_when_given(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        provider = setup.registry.get("ear")
        assert provider is not None
        raw = await setup.runtime.raw_call(provider, "transcribe", {"modelId": "ear:1", "path": str(recording)})
        assert raw["params"] == {"modelId": "ear:1", "path": str(recording)}


@pytest.mark.parametrize("kind", ["asr", "tts"])
async def test_a_crash_in_mid_call_is_typed_and_the_next_call_works(home: Home, recording: Path, kind: str) -> None:
    async with running(home, entry("ear", ASR), entry("mouth", TTS, kind="tts")) as setup:

        async def call(order: str) -> object:
            if kind == "asr":
                return await setup.runtime.transcribe(TranscribeRequest(recording, prompt=order), CALLER)
            return await setup.runtime.synthesize(SynthesizeRequest("hello", instructions=order), CALLER)

        with pytest.raises(errors.ProviderCrashed):
            await call("die")
        provider = setup.registry.of(kind)[0]  # type: ignore[arg-type]
        await until(lambda: provider.supervisor.state == "stopped")
        assert await call("say again")
        rows = setup.rows()
        assert [row["outcome"] for row in rows] == ["error", "ok"]
        assert [(row["attempt"], row["generation"]) for row in rows] == [(2, 2), (1, 3)]


async def test_a_crash_fails_every_call_inside(home: Home, recording: Path) -> None:
    failed: list[str] = []

    async def fail(order: str) -> None:
        with pytest.raises(errors.ProviderCrashed):
            await setup.runtime.transcribe(TranscribeRequest(recording, prompt=order), CALLER)
        failed.append(order)

    async with running(home, entry("ear", ASR, maxConcurrency=3)) as setup:
        provider = setup.registry.providers[0]
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(fail, "hang")
            for generation in (1, 2):  # each call is repeated once
                await until(lambda: provider.limiter.snapshot().in_use == 3 and provider.supervisor.running is not None)
                assert (provider.supervisor.generation, failed) == (generation, [])
                os.kill(setup.pid("ear") or 0, signal.SIGKILL)
                await until(lambda: provider.supervisor.running is None)
        assert failed == ["hang"] * 3


async def test_a_call_over_its_time_ends_the_process_that_takes_one_at_a_time(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR, timeouts={"transcribeMs": 100})) as setup:
        await setup.runtime.transcribe(TranscribeRequest(recording), CALLER)
        pid = setup.pid("ear")
        with pytest.raises(errors.ProviderTimeout):
            await setup.runtime.transcribe(TranscribeRequest(recording, prompt="hang"), CALLER)
        await until(lambda: not alive(pid or 0))
        await until(lambda: setup.registry.providers[0].limiter.snapshot().in_use == 0)
        assert (await setup.runtime.transcribe(TranscribeRequest(recording), CALLER)).text == "hello world"


async def test_limit_and_queue_refuse_with_facts(home: Home, recording: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with running(home, entry("ear", ASR, queue={"max": 1, "timeoutMs": 60})) as setup:
        limiter = setup.registry.providers[0].limiter

        async def call(**more: Any) -> None:
            await setup.runtime.transcribe(TranscribeRequest(recording, prompt=f"gate {gate}", **more), CALLER)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await until(lambda: limiter.snapshot().in_use == 1)
            with pytest.raises(errors.ProviderBusy):
                await call(max_wait_s=0)
            with pytest.raises(errors.QueueTimeout) as late:
                await call()
            gate.touch()
        assert {"limit": 1, "inUse": 1, "provider": "ear"}.items() <= late.value.details.items()
        assert late.value.details["retryAfterMs"] > 0
        outcomes = sorted((row["outcome"], row.get("code")) for row in setup.rows() if "code" in row)
        assert outcomes == [("error", "provider_busy"), ("error", "queue_timeout")]


async def test_a_cancelled_wait_and_a_cancelled_call_keep_the_books(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with running(home, entry("ear", ASR)) as setup:
        limiter = setup.registry.providers[0].limiter

        async def call() -> None:
            await setup.runtime.transcribe(TranscribeRequest(recording, prompt=f"gate {gate}"), CALLER)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await until(lambda: limiter.snapshot().in_use == 1)
            tasks.start_soon(call)
            await until(lambda: limiter.snapshot().queued == 1)
            tasks.cancel_scope.cancel()
        assert limiter.snapshot().queued == 0
        assert limiter.snapshot().in_use == 1  # this provider cannot cancel: it is still at work
        gate.touch()
        await until(lambda: limiter.snapshot().in_use == 0)
        assert [row["outcome"] for row in setup.rows()] == ["cancelled", "cancelled"]


async def test_what_the_provider_says_of_itself_sets_the_limit(home: Home, recording: Path) -> None:
    spec = {"models": [model("many:1", maxConcurrency=3), model("one:1", maxConcurrency=1)], "maxConcurrency": 5}
    async with running(home, entry("many", spec)) as setup:
        await setup.runtime.transcribe(TranscribeRequest(recording, model="many:1"), CALLER)
        limiter = setup.registry.providers[0].limiter
        assert (limiter.limit, limiter.limit_of("many:1"), limiter.limit_of("one:1")) == (5, 3, 1)


async def test_a_provider_that_is_busy_says_when_to_come_back(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        with pytest.raises(errors.ProviderBusy) as caught:
            await setup.runtime.transcribe(TranscribeRequest(recording, prompt="busy", max_wait_s=0), CALLER)
        assert caught.value.details["retryAfterMs"] == 70


async def test_a_program_that_is_not_there_is_named(home: Home, recording: Path) -> None:
    ghost = entry("ghost", models=["ghost:1"]).model_copy(update={"command": ["no-such-program-anywhere"]})
    async with running(home, ghost) as setup:
        with pytest.raises(errors.ProviderUnavailable, match="no-such-program-anywhere"):
            await setup.runtime.transcribe(TranscribeRequest(recording, model="ghost:1"), CALLER)


async def test_install_and_preload_pass_progress_on_and_are_remembered(home: Home) -> None:
    async with running(home, entry("ear", {"models": [model("ear:1", installed=False)]})) as setup:
        seen: list[float] = []
        with pytest.raises(errors.ModelNotInstalled, match="vox models install ear:1"):
            await setup.runtime.preload("ear:1", lambda _: None)
        info = await setup.runtime.install("ear:1", lambda progress: seen.append(progress.fraction))
        assert info.installed and seen == [0.5]
        assert setup.registry.providers[0].known_models()[0].installed
        assert (await setup.runtime.preload("ear:1", lambda _: None)).preloaded


async def test_whoever_asks_for_a_model_that_lacks_something_is_told_what_in_one_line(
    home: Home, recording: Path
) -> None:
    lacks = {"available": False, "remedy": "Set EAR_KEY,\nthen restart."}
    async with running(home, entry("ear", {"models": [model("ear:1", **lacks)]})) as setup:
        with pytest.raises(errors.ModelNotInstalled) as caught:
            await setup.runtime.transcribe(TranscribeRequest(recording, model="ear:1"), CALLER)
    assert caught.value.message == "Model ear:1 cannot be used yet. Set EAR_KEY, then restart."


@pytest.mark.parametrize("how", ["mute", "refuses"])
async def test_a_provider_that_knows_no_preload_is_reported_and_stays_usable(
    home: Home, recording: Path, how: str
) -> None:
    async with running(home, entry("ear", {**ASR, how: ["preload"]}, timeouts={"preloadMs": 150})) as setup:
        seen: list[str] = []
        info = await setup.runtime.preload("ear:1", lambda progress: seen.append(progress.status))
        assert (info.id, info.preloaded) == ("ear:1", False) and seen == ["unsupported"]
        assert (await setup.runtime.transcribe(TranscribeRequest(recording), CALLER)).text == "hello world"
        assert setup.registry.providers[0].supervisor.generation == 1


async def test_a_provider_that_never_answers_install_stays_usable(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", {**ASR, "mute": ["install"]}, timeouts={"installIdleMs": 150})) as setup:
        with pytest.raises(errors.ProviderTimeout):
            await setup.runtime.install("ear:1", lambda _: None)
        assert (await setup.runtime.transcribe(TranscribeRequest(recording), CALLER)).text == "hello world"
        assert setup.registry.providers[0].supervisor.generation == 1


async def test_install_finds_a_model_of_either_kind(home: Home) -> None:
    async with running(home, entry("ear", ASR), entry("mouth", TTS, kind="tts")) as setup:
        assert (await setup.runtime.install("mouth:1", lambda _: None)).kind == "tts"
        with pytest.raises(errors.ModelNotFound):
            await setup.runtime.install("nobody:1", lambda _: None)


async def test_the_default_voice_belongs_to_the_default_model(home: Home) -> None:
    spec = {**TTS, "models": [model("mouth:1"), model("mouth:2")]}
    settings = {"defaultTts": "mouth:1", "defaultVoice": "bo_b"}
    async with running(home, entry("mouth", spec, kind="tts"), **settings) as setup:
        assert (await setup.runtime.synthesize(SynthesizeRequest("hi"), CALLER)).voice == "bo_b"
        assert (await setup.runtime.synthesize(SynthesizeRequest("hi", model="mouth:2"), CALLER)).voice == "default"


async def test_calls_of_many_clients_at_once_each_get_their_own(home: Home, recording: Path) -> None:
    got: dict[int, str] = {}

    async def call(setup: Setup, number: int) -> None:
        request = TranscribeRequest(recording, prompt=f"say number {number}")
        got[number] = (await setup.runtime.transcribe(request, Caller(f"client-{number % 3}", "t"))).text

    async with running(home, entry("ear", ASR, maxConcurrency=8)) as setup:
        async with anyio.create_task_group() as tasks:
            for number in range(30):
                tasks.start_soon(call, setup, number)
        assert got == {number: f"number {number}" for number in range(30)}
        assert len(setup.rows()) == 30
