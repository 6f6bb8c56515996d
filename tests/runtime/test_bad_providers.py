"""Every program of tests/bad_providers behind the real runtime: what its callers see, that the next one is served where
that is possible, and that nothing is left of it."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.processes import forget_peak, marked, peak, resident
from tests.runtime.conftest import CALLER, Setup, running, until
from vox import errors
from vox.config import ProviderEntry
from vox.errors import VoxError
from vox.host.supervisor import Supervisor
from vox.paths import Home
from vox.runtime.requests import SynthesizeRequest, TranscribeRequest

pytestmark = pytest.mark.anyio

PROGRAMS = Path(__file__).parent.parent / "bad_providers"
MIB = 1 << 20

OK = None
MISBEHAVED, CRASHED, TIMEOUT = errors.ProviderMisbehaved, errors.ProviderCrashed, errors.ProviderTimeout

# Harmless: every call is served, by the first process.
TOLERATED = [
    "batches",
    "bom_and_crlf",
    "chatters",
    "double_answer",
    "fork_bomb_child",
    "garbage_between",
    "nan_metrics",
    "odd_fields",
    "partial_lines",
    "slow_reader",
    "stderr_flood",
    "string_ids",
    "bad.py good",
    "bad.py has_children",
    "bad.py noisy",
]

# program → kind, what one call after the other ends in, and how many processes that took
REFUSED: dict[str, tuple[str, list[type[VoxError] | None], int]] = {
    "wrong_content_type": ("tts", [MISBEHAVED] * 3, 1),
    "bad_base64": ("tts", [MISBEHAVED] * 8, 1),
    "wrong_shapes": ("asr", [MISBEHAVED] * 6, 1),
    "deep_nesting": ("asr", [MISBEHAVED, TIMEOUT, MISBEHAVED], 2),
    "exits_silently": ("asr", [CRASHED], 2),
    "stops_itself": ("asr", [TIMEOUT, TIMEOUT], 2),
    "bad.py bad_audio": ("tts", [MISBEHAVED, MISBEHAVED], 1),
    "bad.py closes_stdout": ("asr", [CRASHED], 2),
    "bad.py dies_at_start": ("asr", [errors.ProviderUnavailable], 1),
    "bad.py dies_midway": ("asr", [CRASHED], 2),
    "bad.py error_object": ("asr", [errors.ModelNotInstalled] * 2, 1),
    "bad.py error_string": ("asr", [errors.ProviderFailed] * 2, 1),
    "bad.py exits_midway": ("asr", [CRASHED], 2),
    "bad.py huge_line": ("asr", [MISBEHAVED], 1),
    "bad.py never_answers": ("asr", [TIMEOUT, TIMEOUT], 2),
    "bad.py no_text": ("asr", [MISBEHAVED, MISBEHAVED], 1),
    "bad.py wrong_id": ("asr", [TIMEOUT, TIMEOUT], 2),
}

# Each has a test of its own below.
ALONE = {"answers_after_cancel", "busy_answers", "closes_stdin", "endless_line", "one_shot"}
NO_PROGRAMS = {"manners", "bad"}


@asynccontextmanager
async def program(home: Home, name: str, kind: str = "asr", **fields: Any) -> AsyncIterator[Setup]:
    """A runtime over one program; afterwards no process is left that it started, children of children included."""
    file, *arguments = name.split()
    command = [sys.executable, str((PROGRAMS / file).with_suffix(".py")), *arguments]
    entry = {"id": "bad", "kind": kind, "command": command, "models": ["bad:1"], **fields}
    async with running(home, ProviderEntry.model_validate(entry)) as setup:
        yield setup
    await until(lambda: not marked(home.root))


async def call(setup: Setup, recording: Path, kind: str = "asr", max_wait_s: float | None = None) -> str:
    if kind == "tts":
        speech = await setup.runtime.synthesize(SynthesizeRequest("hello"), CALLER)
        return f"{len(speech.audio)} bytes"
    return (await setup.runtime.transcribe(TranscribeRequest(recording, max_wait_s=max_wait_s), CALLER)).text


def supervisor_of(setup: Setup) -> Supervisor:
    return setup.registry.providers[0].supervisor


def test_every_program_is_exercised() -> None:
    named = {name.split()[0] for name in [*TOLERATED, *REFUSED, *ALONE]} | NO_PROGRAMS
    assert {path.stem for path in PROGRAMS.glob("*.py")} == {name.removesuffix(".py") for name in named}
    told = (PROGRAMS / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in PROGRAMS.glob("*.py") if f"`{path.stem}" not in told] == []


@pytest.mark.parametrize("kind", ["asr", "tts"])
@pytest.mark.parametrize("name", TOLERATED)
async def test_what_is_tolerated(home: Home, recording: Path, name: str, kind: str) -> None:
    async with program(home, name, kind) as setup:
        for _ in range(2):
            assert await call(setup, recording, kind)
        assert {row["outcome"] for row in setup.rows()} == {"ok"}
        assert supervisor_of(setup).generation == 1


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused(home: Home, recording: Path, name: str) -> None:
    kind, ends, processes = REFUSED[name]
    # Long enough for a busy machine to start a process and answer, where an answer comes at all.
    slow = TIMEOUT in ends
    timeouts = {"transcribeMs": 400 if slow else 20_000, "startMs": 20_000}
    async with program(home, name, kind, timeouts=timeouts) as setup:
        for kind_of_end in ends:
            assert kind_of_end is not None
            with pytest.raises(kind_of_end) as caught:
                await call(setup, recording, kind)
            assert caught.value.details["provider"] == "bad"
            assert len(caught.value.message) < 1000
        await until(lambda: setup.registry.providers[0].limiter.snapshot().in_use == 0)
        assert supervisor_of(setup).generation == processes
        # A caller who asks for something else is served, unless there is no process to serve it.
        if supervisor_of(setup).running is not None:
            assert (await setup.runtime.preload("bad:1", lambda _: None)).id == "bad:1"


async def test_a_timeout_says_its_name_and_what_to_do(home: Home, recording: Path) -> None:
    async with program(home, "stops_itself", timeouts={"transcribeMs": 200, "stopMs": 0, "killMs": 0}) as setup:
        with pytest.raises(errors.ProviderTimeout) as caught:
            await call(setup, recording)
    assert caught.value.message == (
        "Provider bad did not answer transcribe within 0.2 s. If it needs longer, set a higher "
        '"transcribeMs" in the "timeouts" of its entry in providers.json.'
    )
    assert caught.value.details == {"provider": "bad", "timeout": "transcribeMs", "timeoutMs": 200}


async def test_an_input_closed_by_a_living_process_ends_all_calls_inside(home: Home, recording: Path) -> None:
    failed: list[str] = []

    async def fail() -> None:
        with pytest.raises(errors.ProviderCrashed, match="closed its input") as caught:
            await call(setup, recording)
        failed.append(caught.value.message)

    async with program(home, "closes_stdin", maxConcurrency=3) as setup, anyio.create_task_group() as tasks:
        limiter, supervisor = setup.registry.providers[0].limiter, supervisor_of(setup)
        for number in (1, 2):  # each call is made twice
            tasks.start_soon(fail)
            await until(lambda n=number: supervisor.generation == n and limiter.snapshot().in_use == n)
            await until(lambda: supervisor.pid is not None and not Path(f"/proc/{supervisor.pid}/fd/0").exists())
        tasks.start_soon(fail)
        await until(lambda: len(failed) == 2)
        tasks.cancel_scope.cancel()  # of the third, which nobody told


async def test_one_that_answers_a_single_call_is_started_again(home: Home, recording: Path) -> None:
    async with program(home, "one_shot") as setup:
        for number in (1, 2):
            assert await call(setup, recording) == "fine"
            await until(lambda: supervisor_of(setup).running is None)
            assert supervisor_of(setup).generation == number
            # It ended right after its start, so there is a moment in which nobody is served.
            with pytest.raises(errors.ProviderUnavailable) as caught:
                await call(setup, recording)
            assert 0 < caught.value.details["retryAfterMs"] <= 500
            await until(lambda: not supervisor_of(setup).retry_after_ms)


async def test_busy_answers_are_waited_out_and_then_told(home: Home, recording: Path) -> None:
    async with program(home, "busy_answers") as setup:
        with pytest.raises(errors.ProviderBusy) as caught:
            await call(setup, recording, max_wait_s=0.1)
        assert caught.value.details["waitedMs"] >= 80
        assert setup.rows()[0]["attempt"] > 1 and supervisor_of(setup).generation == 1


async def test_an_answer_to_a_cancelled_call_is_counted_and_dropped(home: Home, recording: Path) -> None:
    async with program(home, "answers_after_cancel") as setup:
        limiter = setup.registry.providers[0].limiter
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(call, setup, recording)
            await until(lambda: limiter.snapshot().in_use == 1 and supervisor_of(setup).running is not None)
            await anyio.wait_all_tasks_blocked()
            tasks.cancel_scope.cancel()
        await until(lambda: limiter.snapshot().in_use == 0)
        process = supervisor_of(setup).running
        assert process is not None and (process.late, process.noise) == (1, 0)


@pytest.mark.parametrize("kind", ["asr", "tts"])
async def test_400_megabytes_without_a_newline_cost_no_more_than_a_line_may_have(
    home: Home, recording: Path, kind: str
) -> None:
    async with program(home, "endless_line", kind) as setup:
        await setup.runtime.models((kind,))  # type: ignore[arg-type]
        limit = supervisor_of(setup).spec.max_line
        forget_peak()
        before = resident()
        with pytest.raises(errors.ProviderMisbehaved, match=f"longer than {limit} bytes"):
            await call(setup, recording, kind)
        assert peak() - before < limit + 8 * MIB
        await until(lambda: resident() - before < 8 * MIB)
