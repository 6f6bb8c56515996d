"""One line per call: what it says for every outcome, what it never says, and what a bad disk may cost."""

import json
import stat
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, content, entry, model, running, until
from vox import errors
from vox.log import RotatingFile
from vox.paths import Home
from vox.runtime.requests import Caller, SynthesizeRequest, TranscribeRequest
from vox.runtime.telemetry import Recorder, Stopwatch, outcome_of

pytestmark = pytest.mark.anyio

ASR = {"models": [model("ear:1")]}
TTS = {"models": [model("mouth:1")], "voices": [{"id": "anna"}]}
ALWAYS = {
    "timestamp", "traceId", "clientId", "route", "kind", "attempt", "outcome",
    "queueMs", "providerMs", "prepareMs", "startMs", "overheadMs", "totalMs",
}  # fmt: skip


async def test_a_transcription_that_went_well(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        request = TranscribeRequest(recording, model="ear:1", prompt="say secret words")
        await setup.runtime.transcribe(request, Caller("my-app", "transcribe.file"))
        (row,) = setup.rows()
    assert row.keys() >= ALWAYS
    expected = {
        "clientId": "my-app", "route": "transcribe.file", "kind": "asr", "modelId": "ear:1", "providerId": "ear",
        "outcome": "ok", "generation": 1, "replica": 0, "attempt": 1, "audioDurationMs": 1000, "textLength": 12,
        "metricsComplete": True, "realtimeFactor": 0.0025, "inputBytes": len(content(recording)),
    }  # fmt: skip
    assert expected.items() <= row.items()
    assert row["metrics"]["inferenceMs"] == 2.5 and row["metrics"]["myOwnMs"] == 1
    parts = row["queueMs"] + row["providerMs"] + row["startMs"] + row["overheadMs"]
    assert parts == pytest.approx(row["totalMs"], abs=1)
    assert 0 < row["prepareMs"] <= row["overheadMs"]


async def test_a_synthesis_that_went_well(home: Home) -> None:
    async with running(home, entry("mouth", TTS, kind="tts")) as setup:
        await setup.runtime.synthesize(SynthesizeRequest("secret words", voice="anna"), CALLER)
        (row,) = setup.rows()
    expected = {
        "kind": "tts", "modelId": "mouth:1", "voiceId": "anna", "outcome": "ok", "textLength": 12,
        "characterCount": 12, "audioDurationMs": 500, "outputBytes": 16_044, "realtimeFactor": 0.004,
    }  # fmt: skip
    assert expected.items() <= row.items()


async def test_a_missing_metric_is_filled_and_flagged(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        provider = setup.registry.providers[0]
        await provider.ready()
        request = TranscribeRequest(recording)
        await setup.runtime.transcribe(request, CALLER)
        (row,) = setup.rows()
        assert row["metricsComplete"] is True


@pytest.mark.parametrize("wanted", [None, "ear:1"])
async def test_starting_the_provider_is_told_apart(home: Home, recording: Path, wanted: str | None) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        for _ in range(2):
            await setup.runtime.transcribe(TranscribeRequest(recording, model=wanted), CALLER)
        cold, warm = setup.rows()
    assert cold["startMs"] > 5 > warm["startMs"]  # an interpreter does not start within 5 ms
    assert cold["overheadMs"] - cold["prepareMs"] < cold["startMs"]
    assert cold["metrics"]["startMs"] == cold["startMs"]
    parts = cold["queueMs"] + cold["providerMs"] + cold["startMs"] + cold["overheadMs"]
    assert parts == pytest.approx(cold["totalMs"], abs=1)


async def test_a_start_for_the_sake_of_a_voice_is_told_apart(home: Home) -> None:
    async with running(home, entry("mouth", TTS, kind="tts", models=["mouth:1"])) as setup:
        await setup.runtime.synthesize(SynthesizeRequest("hi", voice="anna"), CALLER)
        (row,) = setup.rows()
    assert row["startMs"] > 5
    assert row["overheadMs"] < row["totalMs"] - row["startMs"] + 1


async def test_a_start_that_fails_is_told_apart(home: Home, recording: Path) -> None:
    silent = entry("ear", models=["ear:1"], timeouts={"startMs": 100})
    silent = silent.model_copy(update={"command": [silent.command[0], "-c", "input(); input()"]})  # type: ignore[index]
    async with running(home, silent) as setup:
        with pytest.raises(errors.ProviderUnavailable):
            await setup.runtime.transcribe(TranscribeRequest(recording, model="ear:1"), CALLER)
        (row,) = setup.rows()
    assert row["code"] == "provider_unavailable"
    assert row["startMs"] >= 100 > row["overheadMs"] - row["prepareMs"]


async def test_waiting_and_work_are_never_added(home: Home, recording: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"

    async def call(setup: Setup) -> None:
        await setup.runtime.transcribe(TranscribeRequest(recording, prompt=f"gate {gate}"), CALLER)

    async with running(home, entry("ear", ASR)) as setup:
        limiter = setup.registry.providers[0].limiter
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, setup)
            await until(lambda: limiter.snapshot().in_use == 1)
            tasks.start_soon(call, setup)
            await until(lambda: limiter.snapshot().oldest_wait_ms >= 60)
            gate.touch()
        first, second = setup.rows()
    assert first["queueMs"] < 20 and first["providerMs"] >= 60
    assert second["queueMs"] >= 60
    assert second["providerMs"] < first["providerMs"]


async def test_failures_carry_their_code(home: Home, recording: Path, tmp_path: Path) -> None:
    async with running(home, entry("ear", ASR, queue={"max": 0}), entry("mouth", TTS, kind="tts")) as setup:
        runtime = setup.runtime
        calls: dict[str, Any] = {
            "provider_error": runtime.transcribe(TranscribeRequest(recording, prompt="error broken"), CALLER),
            "no_input": runtime.transcribe(TranscribeRequest(tmp_path / "missing.wav"), CALLER),
            "unsupported_audio": runtime.transcribe(TranscribeRequest(b"no audio at all"), CALLER),
            "model_not_found": runtime.transcribe(TranscribeRequest(recording, model="zzz"), CALLER),
            "invalid_request": runtime.synthesize(SynthesizeRequest(""), CALLER),
            "voice_not_found": runtime.synthesize(SynthesizeRequest("hi", voice="carl"), CALLER),
            "provider_crashed": runtime.transcribe(TranscribeRequest(recording, prompt="die"), CALLER),
        }
        for code, call in calls.items():
            with pytest.raises(errors.by_code(code)):
                await call
        rows = setup.rows()
    assert [row["code"] for row in rows] == list(calls)
    for row in rows:
        assert row["outcome"] == "error" and row["error"] and "metrics" not in row
        assert row.keys() >= ALWAYS


async def test_text_is_never_written_not_even_a_providers_quote_of_it(home: Home, recording: Path) -> None:
    private = "the launch code is swordfish"
    async with running(home, entry("ear", ASR), entry("mouth", TTS, kind="tts")) as setup:
        await setup.runtime.transcribe(TranscribeRequest(recording, prompt=f"say {private}"), CALLER)
        with pytest.raises(errors.ProviderFailed, match="swordfish"):
            await setup.runtime.synthesize(SynthesizeRequest(private, instructions="echo"), CALLER)
        with pytest.raises(errors.ProviderFailed):
            await setup.runtime.synthesize(SynthesizeRequest(private, instructions=f"error {private[4:]}"), CALLER)
        setup.rows()
        written = home.performance_jsonl.read_text(encoding="utf-8")
    assert written.count("\n") == 3
    assert "swordfish" not in written and "launch" not in written


async def test_secrets_are_never_written(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", ASR)) as setup:
        with pytest.raises(errors.ProviderFailed):
            await setup.runtime.transcribe(TranscribeRequest(recording, prompt="error key sk-verysecret123"), CALLER)
        assert "verysecret" not in json.dumps(setup.rows())


async def test_the_recorder_writes_in_batches_and_the_rest_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "performance.jsonl"
    recorder = Recorder(path)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(recorder.run)
        recorder.record({"a": 1})
        await until(path.exists)
        recorder.record({"a": 2})
        tasks.cancel_scope.cancel()
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["a"] for row in rows] == [1, 2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_torn_last_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "performance.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":2,"torn')
    recorder = Recorder(path)
    recorder.record({"a": 3})
    recorder.flush()
    first, torn, third = path.read_text(encoding="utf-8").splitlines()
    assert (json.loads(first)["a"], json.loads(third)["a"]) == (1, 3)
    with pytest.raises(ValueError, match="Unterminated"):
        json.loads(torn)


def test_the_file_moves_aside_when_it_is_large(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "rows.jsonl", max_bytes=100, keep=2)
    for number in range(40):
        file.append(b'{"number": %2d}\n' % number)
    kept = sorted(tmp_path.iterdir())
    assert [path.name for path in kept] == ["rows.jsonl", "rows.jsonl.1", "rows.jsonl.2"]
    assert all(path.stat().st_size <= 100 + 15 for path in kept)
    newest = [json.loads(line)["number"] for path in reversed(kept) for line in path.read_bytes().splitlines()]
    assert newest == list(range(40))[-len(newest) :]


def test_a_disk_that_takes_nothing_costs_the_rows_only(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.write_text("in the way", encoding="utf-8")
    recorder = Recorder(folder / "performance.jsonl")
    for number in range(20_000):
        recorder.record({"number": number})
    recorder.flush()
    folder.unlink()
    recorder.record({"number": -1})
    recorder.flush()
    assert json.loads((folder / "performance.jsonl").read_bytes())["number"] == -1


def test_rows_are_bounded_while_nobody_writes(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "performance.jsonl")
    for number in range(10_100):
        recorder.record({"number": number})
    recorder.flush()
    rows = (tmp_path / "performance.jsonl").read_bytes().splitlines()
    assert len(rows) == 10_000 and json.loads(rows[-1])["number"] == 10_099


def test_the_stages_of_a_stopwatch_add_up_to_its_total() -> None:
    watch = Stopwatch()
    watch.queue, watch.provider, watch.prepare = 1_234_567, 2_000_999, 500
    times = watch.times()
    assert (times["queueMs"], times["providerMs"], times["prepareMs"], times["startMs"]) == (1.234, 2.0, 0, 0)
    assert times["overheadMs"] == pytest.approx(times["totalMs"] - 3.234, abs=1e-9)
    assert times["totalMs"] <= watch.total_ms


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (None, {"outcome": "ok"}),
        (errors.Cancelled("gone"), {"outcome": "cancelled", "code": "cancelled"}),
        (KeyboardInterrupt(), {"outcome": "cancelled", "code": "cancelled"}),
        (errors.ProviderBusy("full"), {"outcome": "error", "code": "provider_busy", "error": "full"}),
        (ValueError("odd"), {"outcome": "error", "code": "internal", "error": "odd"}),
    ],
)
def test_every_end_has_its_word(error: BaseException | None, fields: dict[str, Any]) -> None:
    assert outcome_of(error) == fields


def test_an_error_is_cut_to_a_line(tmp_path: Path) -> None:
    assert len(outcome_of(errors.VoxError("x" * 5000))["error"]) <= 300
