"""One socket from its handshake to its close, in ASGI's words."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import anyio
import pytest
from starlette.websockets import WebSocket

from tests.doors.realtime.sessions import Stage
from vox.doors.realtime.admission import Opening
from vox.doors.realtime.config import SessionConfig
from vox.doors.realtime.dialect import Knock
from vox.doors.realtime.rate import Rates
from vox.doors.realtime.talk import Talk

pytestmark = pytest.mark.anyio

KNOCK = Knock(key=None, beta=False, subprotocol=None, model=None, transcription=False)


async def served(stage: Stage) -> list[MutableMapping[str, Any]]:
    """What a client that says nothing is sent until the session ends."""
    sent, received = list[MutableMapping[str, Any]](), asyncio.Queue[MutableMapping[str, Any]]()
    received.put_nowait({"type": "websocket.connect"})

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    socket = WebSocket({"type": "websocket"}, received.get, send)
    opening = Opening(SessionConfig(), Rates(lambda: None).of("nobody"))
    with anyio.fail_after(10):
        await Talk(socket, KNOCK, opening, stage.services).run()
    return sent


@pytest.mark.parametrize("limit", ["max_idle_duration_ms", "max_call_duration_ms"])
async def test_no_time_passes_while_the_models_are_loaded(limit: str) -> None:
    async def load(*_: object) -> None:
        await anyio.sleep(0.3)

    stage = Stage(warm_up=load)
    stage.leave()  # its own session is not served
    stage.settings = stage.settings.model_copy(update={limit: 50})
    _, *sent, closed = await served(stage)
    events = [json.loads(message["text"]) for message in sent]
    assert events[0]["type"] == "session.created"
    assert events[-1]["error"]["code"] == "session_expired" and closed["type"] == "websocket.close"
