"""Turns that are recognised one after the other."""

import threading

import anyio
import pytest

from tests.doors.realtime.sessions import CALLER, Stage
from vox.doors.realtime.scribe import Scribe, Turn
from vox.runtime.agent.conversation import Item

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(("seconds", "aside"), [(5.0, False), (600.0, True)])
async def test_the_sound_of_a_long_turn_is_made_ready_beside_all_else(seconds: float, aside: bool) -> None:
    stage, done, threads = Stage(heard=["Hello."]), anyio.Event(), list[int]()
    stage.leave()  # its own session is not served

    def wav() -> bytes:
        threads.append(threading.get_ident())
        return b"RIFF"

    scribe = Scribe(stage.services, stage.outbox, CALLER, lambda _: True, lambda _: done.set())
    scribe.add(Turn(Item("item_1", role="user"), seconds, wav, None))
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(scribe.run)
            await done.wait()
            tasks.cancel_scope.cancel()
    assert [thread != threading.get_ident() for thread in threads] == [aside]
    assert stage.ears.requests[0].source == b"RIFF"
