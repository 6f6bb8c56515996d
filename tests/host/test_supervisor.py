"""A provider's life, with programs that misbehave in every way the protocol names."""

import os
import signal
import sys
from typing import Any

import anyio
import pytest

from tests.host.conftest import BAD, gone, supervised
from tests.processes import group_alive
from vox import errors
from vox.host.command import child_environment
from vox.host.supervisor import ProviderSpec, Supervisor
from vox.protocol.provider import read_model, read_synthesis, read_transcript

pytestmark = pytest.mark.anyio


def _text(result: Any, _: bytes | None) -> str:
    return read_transcript(result).text


def _raw(result: Any, _: bytes | None) -> Any:
    return result


async def _transcribe(supervisor: Supervisor, timeout_s: float = 10, **options: Any) -> str:
    params = {"modelId": "bad:1", "path": __file__}
    return await supervisor.call("transcribe", params, _text, timeout_s=timeout_s, **options)


async def test_started_on_first_need_and_kept() -> None:
    async with supervised("good") as supervisor:
        assert supervisor.state == "stopped" and supervisor.pid is None
        size = os.stat(__file__).st_size
        assert await _transcribe(supervisor) == f"{size} bytes"
        pid = supervisor.pid
        assert await _transcribe(supervisor) == f"{size} bytes"
        assert supervisor.pid == pid and supervisor.generation == 1 and supervisor.state == "ready"
        assert supervisor.models is not None and supervisor.models.models[0].id == "bad:1"


async def test_many_calls_at_once_each_get_their_own_answer() -> None:
    got: dict[int, Any] = {}

    async def ask(number: int) -> None:
        got[number] = await supervisor.call("echo", {"number": number}, _raw, timeout_s=10)

    async with supervised("good") as supervisor, anyio.create_task_group() as tasks:
        for number in range(200):
            tasks.start_soon(ask, number)
    assert got == {number: {"number": number} for number in range(200)}


async def test_noise_is_counted_and_harms_nothing() -> None:
    async with supervised("noisy") as supervisor:
        assert "bytes" in await _transcribe(supervisor)
        assert supervisor.running is not None and supervisor.running.noise == 5


@pytest.mark.parametrize("how", ["wrong_id", "never_answers"])
async def test_no_answer_is_a_timeout_and_the_provider_stays_occupied(how: str) -> None:
    settled: list[bool] = []
    async with supervised(how) as supervisor:
        with pytest.raises(errors.ProviderTimeout):
            await _transcribe(supervisor, 0.2, on_settled=lambda: settled.append(True))
        assert not settled  # it may be working on it still
        await supervisor.replace()
        assert settled == [True]
        assert await supervisor.call("echo", {"a": 1}, _raw, timeout_s=10) == {"a": 1}
        assert supervisor.generation == 2


@pytest.mark.parametrize(("how", "code"), [("dies_midway", -signal.SIGKILL), ("exits_midway", 3)])
async def test_a_crash_fails_every_call_inside_and_the_next_starts_again(how: str, code: int) -> None:
    failures: list[errors.ProviderCrashed] = []
    settled: list[bool] = []

    async def fail() -> None:
        with pytest.raises(errors.ProviderCrashed) as caught:
            await supervisor.call("unanswered", {}, _raw, timeout_s=10, on_settled=lambda: settled.append(True))
        failures.append(caught.value)

    async with supervised(how) as supervisor:
        await supervisor.ensure()
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(fail)
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(errors.ProviderCrashed) as caught:
                await _transcribe(supervisor)
        assert caught.value.details["exitCode"] == code
        assert len(failures) == len(settled) == 3
        if how == "dies_midway":
            assert "out of memory, or so" in caught.value.message
        # It crashed right after its start, so it is backing off; that heals by itself.
        with pytest.raises(errors.ProviderUnavailable) as refused:
            await supervisor.ensure()
        assert 0 < refused.value.details["retryAfterMs"] <= 250
        await gone(lambda: supervisor.retry_after_ms == 0)
        assert await supervisor.call("echo", {}, _raw, timeout_s=10) == {}
        assert supervisor.generation == 2


async def test_one_that_dies_at_its_start_says_why() -> None:
    settled: list[bool] = []
    async with supervised("dies_at_start") as supervisor:
        with pytest.raises(errors.ProviderUnavailable) as caught:
            await _transcribe(supervisor, on_settled=lambda: settled.append(True))
        assert "cannot find my weights" in caught.value.message
        assert settled == [True]


async def test_a_program_that_does_not_exist() -> None:
    async with supervised("good") as other, anyio.create_task_group() as tasks:
        spec = ProviderSpec("ghost", ("no-such-program-anywhere",), child_environment({}), BAD.parent)
        supervisor = Supervisor(spec, tasks=tasks, watcher=other._watcher, stderr=lambda _: None)
        with pytest.raises(errors.ProviderUnavailable, match="not found on PATH"):
            await supervisor.ensure()
        spec = ProviderSpec("text", (str(BAD.with_name("README.md")),), child_environment({}), BAD.parent)
        supervisor = Supervisor(spec, tasks=tasks, watcher=other._watcher, stderr=lambda _: None)
        with pytest.raises(errors.ProviderUnavailable):
            await supervisor.ensure()


async def test_output_closed_while_the_process_lives() -> None:
    async with supervised("closes_stdout") as supervisor:
        await supervisor.ensure()
        pid = supervisor.pid
        assert pid is not None
        with pytest.raises(errors.ProviderCrashed, match="closed its output"):
            await _transcribe(supervisor)
        await gone(lambda: not group_alive(pid))


async def test_an_endless_line_costs_the_process_not_the_memory() -> None:
    before = _resident()
    async with supervised("huge_line", max_line=8 << 20) as supervisor:
        await supervisor.ensure()
        pid = supervisor.pid
        assert pid is not None
        with pytest.raises(errors.ProviderMisbehaved, match="longer than"):
            await _transcribe(supervisor)
        await gone(lambda: not group_alive(pid))
        assert _resident() - before < 24 << 20


async def test_results_without_what_they_need_fail_that_call_only() -> None:
    async with supervised("no_text") as supervisor:
        with pytest.raises(errors.ProviderMisbehaved, match="text"):
            await _transcribe(supervisor)
        assert await supervisor.call("echo", {"a": 1}, _raw, timeout_s=10) == {"a": 1}
        assert supervisor.generation == 1


async def test_error_answers_keep_their_words_but_not_their_secrets() -> None:
    async with supervised("error_object") as supervisor:
        with pytest.raises(errors.ModelNotInstalled, match="get it first"):
            await _transcribe(supervisor)
    async with supervised("error_string") as supervisor:
        with pytest.raises(errors.ProviderFailed) as caught:
            await _transcribe(supervisor)
        assert "the key is" in caught.value.message and "verysecret" not in caught.value.message


async def test_speech_comes_back_decoded() -> None:
    async with supervised("good") as supervisor:
        params = {"modelId": "bad:1", "input": "hi", "format": "wav"}
        result = await supervisor.call("synthesize", params, read_synthesis, timeout_s=10)
        assert result.audio.startswith(b"RIFF") and len(result.audio) == 3244


async def test_progress_in_both_forms_reaches_its_caller() -> None:
    seen: list[tuple[float, str]] = []
    async with supervised("good") as supervisor:
        shape = await supervisor.call(
            "preload",
            {"modelId": "bad:1"},
            lambda raw, _: read_model(raw),
            timeout_s=10,
            on_progress=lambda notice: seen.append((notice.progress, notice.status)),
        )
    assert shape.preloaded
    assert seen == [(0.0, "loading"), (0.5, "loading"), (1.0, "loading")]


async def test_cancellation_reaches_a_provider_that_can() -> None:
    settled = anyio.Event()
    async with supervised("cancels") as supervisor:
        await supervisor.ensure()
        with anyio.move_on_after(0.1) as scope:
            await _transcribe(supervisor, on_settled=settled.set)
        assert scope.cancelled_caught
        with anyio.fail_after(5):
            await settled.wait()  # it answered that it has stopped; the permit is free


async def test_a_provider_that_answers_no_models_is_usable() -> None:
    async with supervised("silent_but_transcribe", start_s=0.3) as supervisor:
        with pytest.raises(errors.ProviderUnavailable, match="no answer to models"):
            await _transcribe(supervisor)


async def test_the_stop_ladder_leaves_no_grandchild() -> None:
    async with supervised("has_children") as supervisor:
        await _transcribe(supervisor)
        pid = supervisor.pid
        assert pid is not None and group_alive(pid)
        with anyio.fail_after(3):
            await supervisor.stop()
        await gone(lambda: not group_alive(pid))


async def test_the_last_step_of_the_ladder_is_final() -> None:
    async with supervised("ignores_signals") as supervisor:
        await _transcribe(supervisor)
        pid = supervisor.pid
        assert pid is not None
        with anyio.fail_after(8):
            await supervisor.stop()
        await gone(lambda: not group_alive(pid))


async def test_a_dead_provider_is_seen_though_its_grandchild_holds_the_pipe() -> None:
    async with supervised("has_children") as supervisor:
        await supervisor.ensure()
        pid = supervisor.pid
        assert pid is not None
        with anyio.fail_after(3):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_expect_crash, supervisor)
                await anyio.wait_all_tasks_blocked()
                os.kill(pid, signal.SIGKILL)
        await gone(lambda: not group_alive(pid))


async def _expect_crash(supervisor: Supervisor) -> None:
    with pytest.raises(errors.ProviderCrashed):
        await supervisor.call("unanswered", {}, _raw, timeout_s=10)


async def test_idle_stop() -> None:
    async with supervised("good", keep_alive_s=0.05) as supervisor:
        await _transcribe(supervisor)
        pid = supervisor.pid
        assert pid is not None
        await gone(lambda: not group_alive(pid))
        assert supervisor.state == "stopped"
        await _transcribe(supervisor)
        assert supervisor.generation == 2


async def test_restarts_leak_no_descriptors() -> None:
    async with supervised("good") as supervisor:
        await _transcribe(supervisor)
        before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
        for _ in range(20):
            await supervisor.replace()
            await _transcribe(supervisor)
        await anyio.wait_all_tasks_blocked()
        after = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
        assert after <= before


async def test_a_child_that_does_not_read_turns_busy_not_into_memory() -> None:
    async with supervised("closes_stdout") as supervisor:
        process = await supervisor.ensure()
        os.kill(process.pid, signal.SIGSTOP)
        refused: list[errors.ProviderBusy] = []
        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(40):
                    tasks.start_soon(_fill, supervisor, refused)
                    await anyio.wait_all_tasks_blocked()
                tasks.cancel_scope.cancel()
        finally:
            os.kill(process.pid, signal.SIGCONT)
        assert refused
        assert all("does not read" in str(error) for error in refused)


async def _fill(supervisor: Supervisor, refused: list[errors.ProviderBusy]) -> None:
    try:
        await supervisor.call("echo", {"text": "x" * 100_000}, _raw, timeout_s=10)
    except errors.ProviderBusy as error:
        refused.append(error)


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
