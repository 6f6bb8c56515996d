"""Many calls through the whole runtime, good and bad: what is open, held and in use at the end is what was before."""

import gc
import sys
import time
from pathlib import Path

import anyio
import pytest

from benchmarks.soak import soak
from tests.processes import descriptors, resident, zombies
from tests.runtime.conftest import Setup, running, until
from vox import errors
from vox.config import ProviderEntry
from vox.paths import Home
from vox.runtime.requests import Caller, SynthesizeRequest, TranscribeRequest

pytestmark = pytest.mark.anyio

FAULTY = Path(__file__).parents[2] / "benchmarks" / "hosts" / "faulty.py"
MIB = 1 << 20


@pytest.mark.heavy
async def test_calls_to_what_crashes_hangs_and_writes_garbage_end_and_leave_nothing() -> None:
    found = await soak(150, 450)
    assert (found.untyped, found.stuck, found.orphans, found.zombies, found.descriptors) == ([], 0, 0, 0, 0)
    assert (found.closed, found.ended("queue_timeout")) == ([], 0)
    assert found.ends.total() == 600 and found.growth < 5 * MIB
    # Each order ended as such an end is told, or with that of a neighbour in the same process, or was not let in.
    beside = {"provider_crashed", "provider_timeout", "provider_busy", "provider_unavailable"}
    told = {
        "good": {"result", "cancelled"},
        "noise": {"result"},
        "crash": {"provider_crashed"},
        "hang": {"provider_timeout"},
        "half": {"provider_timeout"},
        "shape": {"provider_misbehaved"},
        "base64": {"provider_misbehaved"},
    }
    wrong = [end for end in found.ends if end.split(": ")[1] not in told[end.split(": ")[0]] | beside]
    assert wrong == []
    assert found.ended("result") > 300
    for end in ("provider_crashed", "provider_timeout", "provider_misbehaved", "cancelled"):
        assert found.ended(end), end


def faulty(kind: str) -> ProviderEntry:
    command = [sys.executable, "-S", "-P", str(FAULTY), kind, f"{kind}:1", "8"]
    return ProviderEntry.model_validate({"id": kind, "kind": kind, "command": command, "models": [f"{kind}:1"]})


@pytest.mark.heavy
async def test_ten_thousand_calls_leave_no_descriptor_and_no_memory(home: Home, recording: Path) -> None:
    async with running(home, faulty("asr"), faulty("tts")) as setup:
        await make_calls(setup, recording, 500)
        gc.collect()
        before, memory, dead = descriptors(), resident(), zombies()
        await make_calls(setup, recording, 10_000)
        gc.collect()
        assert descriptors() <= before
        assert resident() - memory < 5 * MIB
        assert zombies() == dead
        assert [provider.supervisor.generation for provider in setup.registry.providers] == [1, 1]


async def make_calls(setup: Setup, recording: Path, count: int) -> None:
    left = iter(range(count))

    async def ask(client: int) -> None:
        for number in left:
            if not number % 100:
                setup.recorder.flush()  # as a task of the daemon does twice a second
            if number % 2:
                assert (
                    await setup.runtime.transcribe(TranscribeRequest(recording), Caller(f"{client}"))
                ).text == "fine"
            else:
                assert (await setup.runtime.synthesize(SynthesizeRequest("hello"), Caller(f"{client}"))).audio

    async with anyio.create_task_group() as tasks:
        for client in range(8):
            tasks.start_soon(ask, client)


async def test_a_provider_that_never_reads_holds_up_nobody_and_is_replaced(home: Home) -> None:
    program = """read -r request; echo '{"id":1,"result":{"models":[{"id":"deaf:1","installed":true}]}}'; sleep 600"""
    entry = {"id": "deaf", "kind": "tts", "command": ["/bin/sh", "-c", program], "models": ["deaf:1"]}
    fields = {"maxConcurrency": 3, "queue": {"timeoutMs": 200}, "timeouts": {"synthesizeMs": 400, "stopMs": 0}}
    ends: list[errors.VoxError] = []
    longest = 0.0

    async def speak() -> None:
        with pytest.raises(errors.VoxError) as caught:
            await setup.runtime.synthesize(SynthesizeRequest("x" * 900_000), Caller("deaf"))
        ends.append(caught.value)

    async with running(home, ProviderEntry.model_validate(entry | fields)) as setup:
        provider = setup.registry.providers[0]
        await provider.ready()
        first = provider.supervisor.pid
        async with anyio.create_task_group() as tasks:
            for _ in range(3):  # far more than a pipe holds, and in the end more than Vox keeps for it
                tasks.start_soon(speak)
            while len(ends) < 3:
                begin = time.monotonic()
                await anyio.sleep(0.005)
                longest = max(longest, time.monotonic() - begin)
        assert {type(end) for end in ends} <= {errors.ProviderTimeout, errors.ProviderBusy}
        assert any(isinstance(end, errors.ProviderTimeout) for end in ends)
        assert longest < 0.3  # the loop went on: a blocking write would have waited for the end of the child
        await until(lambda: provider.limiter.snapshot().in_use < 3)
        assert provider.supervisor.pid in (first, None)
