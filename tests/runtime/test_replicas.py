"""Several processes of one entry: which of them a call goes to, and that each lives a life of its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, entry, model, running, until
from vox import errors
from vox.paths import Home
from vox.runtime.replicas import Replica, Replicas
from vox.runtime.requests import TranscribeRequest
from vox.runtime.status import provider_status

pytestmark = pytest.mark.anyio

ASR = {"models": [model("ear:1"), model("ear:2")]}


# ---- the choice


class Fake:
    """What the choice looks at of a supervisor."""

    def __init__(self, state: str, retry_after_ms: int = 0) -> None:
        self.state, self.retry_after_ms = state, retry_after_ms
        self.running: Any = self if state == "ready" else None
        self.generation = 1
        self.models = self.on_models = self.on_start_over = None
        self.begun = False

    def begin(self) -> None:
        self.begun = True


def replicas_of(*states: str | tuple[str, int], in_use: Sequence[int] = ()) -> Replicas:
    fakes = [Fake(state) if isinstance(state, str) else Fake(*state) for state in states]
    replicas = Replicas(cast("Any", fakes), lambda _: None)
    for replica, count in zip(replicas.all, in_use, strict=False):
        replica.in_use = count
    return replicas


def chosen(replicas: Replicas, free: list[int] | None = None) -> int | None:
    rooms = [replica for replica in replicas.all if free is None or replica.number in free]
    found = replicas.choose("m", rooms)
    return None if found is None else found.number


def test_one_that_runs_comes_before_one_that_would_have_to_start() -> None:
    assert chosen(replicas_of("stopped", "ready", in_use=(0, 3))) == 1
    assert chosen(replicas_of("stopped", "starting", "stopped", in_use=(0, 2, 0))) == 1
    assert chosen(replicas_of("ready", "starting", in_use=(2, 0))) == 0


def test_while_one_runs_another_is_started_aside_and_nobody_is_bound_to_it() -> None:
    replicas = replicas_of("ready", "stopped", in_use=(1, 0))
    assert chosen(replicas, free=[1]) is None
    assert cast("Any", replicas.all[1].supervisor).begun
    only = replicas_of("ready", "stopped", in_use=(1, 0))
    only.all[0].lost = 1  # the one that runs is hung
    assert chosen(only, free=[1]) == 1


def test_of_those_that_run_the_emptiest_comes_first_and_one_that_has_the_model_before_it() -> None:
    replicas = replicas_of("ready", "ready", "ready", in_use=(3, 1, 2))
    assert chosen(replicas) == 1
    replicas.all[0].loads("m")
    assert chosen(replicas) == 0
    replicas.all[2].loads("m")
    assert chosen(replicas) == 2
    replicas.all[2].loads("other")
    assert replicas.all[2].has("m") and replicas.all[2].has("other")


def test_a_new_process_has_nothing_loaded() -> None:
    replica = replicas_of("ready").all[0]
    replica.loads("m")
    cast("Any", replica.supervisor).generation = 2
    assert not replica.has("m")
    replica.loads("x")
    assert replica.has("x") and not replica.has("m")


async def test_broken_ones_are_passed_over_while_there_are_others() -> None:
    assert chosen(replicas_of(("backing_off", 900), "stopped")) == 1
    assert chosen(replicas_of("stopping", "ready")) == 1
    hung = replicas_of("ready", "ready", in_use=(1, 3))
    hung.all[0].lost = 1
    assert chosen(hung) == 1
    assert chosen(hung, free=[0]) is None  # better to wait for the healthy one
    assert chosen(replicas_of(("backing_off", 900), "ready"), free=[0]) is None


async def test_when_all_are_backing_off_the_call_goes_where_it_is_told_to_come_back_soonest() -> None:
    assert chosen(replicas_of(("backing_off", 900), ("backing_off", 100))) == 1


async def test_one_that_was_passed_over_is_back_when_it_has_recovered() -> None:
    replicas, told = replicas_of(("backing_off", 20), "ready"), anyio.Event()
    replicas.on_recovered = told.set
    assert chosen(replicas, free=[0]) is None
    with anyio.fail_after(5):
        await told.wait()


def test_the_one_asked_for_all_runs_if_any_does() -> None:
    assert replicas_of("stopped", "ready").lead.number == 1
    assert replicas_of("stopped", "stopped").lead.number == 0
    assert replicas_of(("backing_off", 100), "stopped").lead.number == 1
    assert replicas_of(("backing_off", 100), ("backing_off", 100)).lead.number == 0


# ---- real processes


async def ask(setup: Setup, recording: Path, order: str = "pid", name: str = "ear:1", **fields: Any) -> str:
    request = TranscribeRequest(recording, model=name, prompt=order, **fields)
    return (await setup.runtime.transcribe(request, CALLER)).text


def states(setup: Setup) -> list[str]:
    return [replica["state"] for replica in provider_status(setup.registry.providers[0])["replicas"]]


def lives(setup: Setup) -> list[int]:
    return [replica["generation"] for replica in provider_status(setup.registry.providers[0])["replicas"]]


def insides(setup: Setup) -> list[int]:
    return [replica.in_use for replica in setup.registry.providers[0].replicas.all]


async def test_another_process_is_started_when_the_first_is_full_and_one_line_serves_both(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    gates = [tmp_path / f"gate{number}" for number in range(4)]
    async with (
        running(home, entry("ear", ASR, replicas=2, maxConcurrency=2)) as setup,
        anyio.create_task_group() as tasks,
    ):
        limiter = setup.registry.providers[0].limiter
        for number, gate in enumerate(gates):
            tasks.start_soon(ask, setup, recording, f"gate {gate}")
            await until(lambda number=number: sum(insides(setup)) == number + 1)
            assert states(setup)[1] == ("stopped" if number < 2 else states(setup)[1])
        await until(lambda: states(setup) == ["busy", "busy"])
        assert insides(setup) == [2, 2]
        status = provider_status(setup.registry.providers[0])
        assert (status["limit"], status["inUse"], status["state"]) == (4, 4, "busy")
        assert len({replica["pid"] for replica in status["replicas"]}) == 2
        tasks.start_soon(ask, setup, recording)
        await until(lambda: limiter.snapshot().queued == 1)
        gates[3].touch()
        await until(lambda: limiter.snapshot().queued == 0)
        for gate in gates:
            gate.touch()
    rows = setup.rows()
    assert sorted(row["replica"] for row in rows) == [0, 0, 1, 1, 1]
    started = [row for row in rows if row["startMs"] > 0]
    assert len(started) >= 1  # the time of a start is told apart from waiting and from work
    assert all(row["providerMs"] + row["startMs"] <= row["totalMs"] for row in rows)


async def test_a_call_goes_where_its_model_is_loaded(home: Home, recording: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with running(home, entry("ear", ASR, replicas=2)) as setup:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask, setup, recording, f"gate {gate}", "ear:1")
            await until(lambda: insides(setup) == [1, 0])
            tasks.start_soon(ask, setup, recording, f"gate {gate}", "ear:2")
            await until(lambda: insides(setup) == [1, 1])
            gate.touch()
        first, second = [await ask(setup, recording, name=name) for name in ("ear:1", "ear:2")]
        assert first != second
        assert [await ask(setup, recording, name=name) for name in ("ear:2", "ear:1")] == [second, first]


async def test_one_that_dies_takes_only_its_own_calls_with_it_and_is_started_again_by_itself(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with running(home, entry("ear", ASR, replicas=2)) as setup, anyio.create_task_group() as tasks:
        texts: list[str] = []

        async def wait() -> None:
            texts.append(await ask(setup, recording, f"gate {gate}"))

        tasks.start_soon(wait)
        await until(lambda: insides(setup) == [1, 0])
        with pytest.raises(errors.ProviderCrashed):
            await ask(setup, recording, "die")
        assert lives(setup) == [1, 2] and states(setup) == ["busy", "backing_off"]  # it was made twice
        gate.touch()
        await until(lambda: texts == ["hello world"])
        gate.unlink()
        tasks.start_soon(wait)
        await until(lambda: insides(setup) == [1, 0])
        with anyio.fail_after(5):
            assert int(await ask(setup, recording)) > 0  # waits for the back-off, with nobody leaving meanwhile
        assert lives(setup) == [1, 3]
        gate.touch()


async def test_a_call_for_which_no_other_process_can_be_started_waits_for_one_that_runs(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    gate, broken = tmp_path / "gate", tmp_path / "broken"
    async with (
        running(home, entry("ear", {**ASR, "dies_if": str(broken)}, replicas=2)) as setup,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(ask, setup, recording, f"gate {gate}")
        await until(lambda: states(setup)[0] == "busy")
        broken.touch()
        with pytest.raises(errors.ProviderBusy):
            await ask(setup, recording, max_wait_s=0)
        texts: list[str] = []

        async def wait() -> None:
            texts.append(await ask(setup, recording))

        tasks.start_soon(wait)
        await until(lambda: lives(setup)[1] >= 1 and setup.registry.providers[0].limiter.snapshot().queued == 1)
        gate.touch()
        await until(lambda: len(texts) == 1)
    assert setup.rows()[-1]["replica"] == 0


async def test_a_hung_one_gets_no_calls_and_is_replaced_when_the_others_inside_have_ended(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    fields: dict[str, Any] = {"replicas": 2, "maxConcurrency": 2, "timeouts": {"transcribeMs": 200}}
    slow = {"modelId": "ear:1", "path": str(recording), "prompt": f"gate {gate}"}
    async with running(home, entry("ear", ASR, **fields)) as setup, anyio.create_task_group() as tasks:
        (provider,) = setup.registry.providers
        first = await ask(setup, recording)
        tasks.start_soon(setup.runtime.raw_call, provider, "transcribe", slow)
        await until(lambda: insides(setup) == [1, 0])
        with pytest.raises(errors.ProviderTimeout):
            await ask(setup, recording, "hang")
        await until(lambda: states(setup)[0] == "hung")
        assert await ask(setup, recording) != first
        assert insides(setup) == [2, 0] and lives(setup) == [1, 1]
        gate.touch()
        await until(lambda: insides(setup) == [0, 0])
        assert states(setup) == ["stopped", "ready"]
        cast("Any", provider.replicas.all[1]).lost = 1
        assert await ask(setup, recording) != first and lives(setup) == [2, 1]
        provider.replicas.all[1].lost = 0


async def test_each_stops_when_it_has_been_idle(home: Home, recording: Path, tmp_path: Path) -> None:
    gates = [tmp_path / "gate0", tmp_path / "gate1"]
    async with running(home, entry("ear", ASR, replicas=2, keepAlive="0.2s")) as setup:
        async with anyio.create_task_group() as tasks:
            for number, gate in enumerate(gates):
                tasks.start_soon(ask, setup, recording, f"gate {gate}")
                await until(lambda number=number: sum(insides(setup)) == number + 1)
            await until(lambda: states(setup) == ["busy", "busy"])
            gates[1].touch()
            await until(lambda: states(setup) == ["busy", "stopped"])
            gates[0].touch()
        await until(lambda: states(setup) == ["stopped", "stopped"])


async def test_a_preload_reaches_all_that_run(home: Home, recording: Path, tmp_path: Path) -> None:
    gate, fractions = tmp_path / "gate", list[float]()
    async with running(home, entry("ear", ASR, replicas=3)) as setup:
        async with anyio.create_task_group() as tasks:
            for number in (1, 2):
                tasks.start_soon(ask, setup, recording, f"gate {gate}")
                await until(lambda number=number: insides(setup)[:number] == [1] * number)
            await until(lambda: states(setup)[:2] == ["busy", "busy"])
            info = await setup.runtime.preload("ear:2", lambda progress: fractions.append(progress.fraction))
            assert info.preloaded
            gate.touch()
        replicas: list[Replica] = setup.registry.providers[0].replicas.all
        assert [replica.has("ear:2") for replica in replicas] == [True, True, False]
        assert fractions == [0.25, 0.5]


async def test_stopping_ends_them_all(home: Home, recording: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with running(home, entry("ear", ASR, replicas=2)) as setup:
        async with anyio.create_task_group() as tasks:
            for number in (1, 2):
                tasks.start_soon(ask, setup, recording, f"gate {gate}")
                await until(lambda number=number: sum(insides(setup)) == number)
            await until(lambda: states(setup) == ["busy", "busy"])
            gate.touch()
        await setup.registry.stop()
        assert states(setup) == ["stopped", "stopped"]


async def test_those_who_wait_for_a_start_take_no_place_in_the_line(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    gate, start = tmp_path / "gate", tmp_path / "start"
    start.touch()
    slow = entry("ear", {**ASR, "gate": str(start)}, replicas=2, queue={"max": 0})
    async with running(home, slow) as setup, anyio.create_task_group() as tasks:
        limiter = setup.registry.providers[0].limiter
        tasks.start_soon(ask, setup, recording, f"gate {gate}")
        await until(lambda: insides(setup) == [1, 0])
        start.unlink()
        tasks.start_soon(ask, setup, recording)
        await until(lambda: states(setup)[1] == "starting" and limiter.snapshot().queued == 1)
        with pytest.raises(errors.ProviderBusy):
            await ask(setup, recording)
        start.touch()
        await until(lambda: limiter.snapshot().queued == 0)
        gate.touch()


async def test_a_call_does_not_wait_for_a_start_when_another_has_room_first(
    home: Home, recording: Path, tmp_path: Path
) -> None:
    gate, start = tmp_path / "gate", tmp_path / "start"
    start.touch()
    async with (
        running(home, entry("ear", {**ASR, "gate": str(start)}, replicas=2)) as setup,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(ask, setup, recording, f"gate {gate}")
        await until(lambda: insides(setup) == [1, 0])
        start.unlink()
        texts: list[str] = []

        async def wait() -> None:
            texts.append(await ask(setup, recording, "say done"))

        tasks.start_soon(wait)
        await until(lambda: states(setup)[1] == "starting")
        gate.touch()
        await until(lambda: texts == ["done"])
        assert states(setup)[1] == "starting"
        start.touch()
    assert [row["replica"] for row in setup.rows()] == [0, 0]


async def test_a_restart_replaces_them_all_and_loses_nobody(home: Home, recording: Path, tmp_path: Path) -> None:
    gate, texts = tmp_path / "gate", list[str]()
    async with running(home, entry("ear", ASR, replicas=2)) as setup:
        (provider,) = setup.registry.providers

        async def call(order: str) -> None:
            texts.append(await ask(setup, recording, order))

        async with anyio.create_task_group() as tasks:
            for number in (1, 2):
                tasks.start_soon(call, f"gate {gate}")
                await until(lambda number=number: sum(insides(setup)) == number)
            old = [supervisor.pid for supervisor in setup.registry.supervisors()]
            tasks.start_soon(call, "pid")
            await until(lambda: provider.limiter.snapshot().queued == 1)
            await setup.registry.restart(provider)
            await until(lambda: len(texts) == 1)
            assert int(texts[0]) not in old
            gate.touch()
        assert texts[1:] == ["hello world", "hello world"]
        assert provider.limiter.snapshot().in_use == 0
        assert {await ask(setup, recording) for _ in range(2)}.isdisjoint(map(str, old))
