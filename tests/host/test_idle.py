"""How long a process is kept: arithmetic first, then real processes."""

import math
import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.host.conftest import gone, supervised
from vox.errors import ProviderTimeout
from vox.host.idle import KeepAlive
from vox.host.supervisor import Supervisor


def test_kept_for_ever() -> None:
    keep = KeepAlive(-1, {})
    keep.begin(10)
    keep.used("a", 20)
    assert not keep.ends and keep.until == math.inf


def test_counts_from_the_last_use() -> None:
    keep = KeepAlive(5, {})
    keep.begin(10)
    assert keep.ends and keep.until == 15
    keep.used("a", 12)
    assert keep.until == 17


def test_looking_at_a_list_is_no_use() -> None:
    keep = KeepAlive(5, {})
    keep.begin(10)
    keep.used(None, 14)
    assert keep.until == 15


def test_the_model_to_be_kept_longest_counts() -> None:
    keep = KeepAlive(5, {"large": 60, "small": 0})
    keep.begin(0)
    keep.used("large", 10)
    keep.used("small", 30)
    assert keep.until == 70


def test_one_that_stays_for_ever_keeps_the_process() -> None:
    keep = KeepAlive(5, {"pinned": -1})
    keep.used("other", 0)
    assert keep.until == 5
    keep.used("pinned", 1)
    assert keep.until == math.inf


def test_a_new_process_has_used_nothing() -> None:
    keep = KeepAlive(5, {"pinned": -1})
    keep.used("pinned", 1)
    keep.begin(100)
    assert keep.until == 105


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 100)), min_size=1))
def test_never_sooner_than_any_model_may_expect(uses: list[tuple[str, float]]) -> None:
    times = {"a": 3.0, "b": 30.0}
    keep = KeepAlive(7, times)
    for model, now in uses:
        keep.used(model, now)
    assert keep.until == max(now + times.get(model, 7.0) for model, now in uses)


@pytest.mark.anyio
async def test_a_process_that_was_only_looked_at_goes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vox.host.supervisor._UNUSED_S", 0.05)
    async with supervised("good", keep_alive_s=0) as supervisor:
        await supervisor.ensure()
        assert supervisor.unload_s is not None
        await gone(lambda: supervisor.state == "stopped")


@pytest.mark.anyio
async def test_what_happens_is_told() -> None:
    events: list[str] = []
    async with supervised("good", keep_alive_s=0.2) as supervisor:
        supervisor.on_event = lambda event, _: events.append(event)
        await _echo(supervisor)
        await gone(lambda: supervisor.unload_s is not None)
        assert supervisor.unload_s is None or supervisor.unload_s <= 0.2
        await gone(lambda: "stopped" in events)
    assert events == ["starting", "ready", "stopping", "stopped"]


@pytest.mark.anyio
async def test_not_stopped_while_it_is_kept() -> None:
    async with supervised("good", keep_alive_s=0.01, keep_alive_of={"bad:1": 60}) as supervisor:
        await _echo(supervisor)
        await gone(lambda: (supervisor.unload_s or 0) > 50)


@pytest.mark.anyio
async def test_a_call_that_was_given_up_keeps_the_process_until_it_is_answered() -> None:
    async with supervised("good", keep_alive_s=0.05) as supervisor:
        os.kill((await supervisor.ensure()).pid, signal.SIGSTOP)
        with pytest.raises(ProviderTimeout):
            await _echo(supervisor, timeout_s=0.01)
        assert supervisor.unload_s is None
        os.kill(supervisor.pid or 0, signal.SIGCONT)
        await gone(lambda: supervisor.state == "stopped")


async def _echo(supervisor: Supervisor, timeout_s: float = 10) -> None:
    await supervisor.call("echo", {"modelId": "bad:1"}, lambda result, _: result, timeout_s=timeout_s)
