"""The Realtime interface put together: ears and mouths of the runtime, the language model of the settings in force."""

import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio
from starlette.types import Scope

from vox.config.realtime import RealtimeSettings
from vox.daemon.guard import OwnPages
from vox.doors.demo.page import PATH as DEMO
from vox.doors.openai.names import Names
from vox.doors.realtime.server import PATH, Realtime
from vox.doors.realtime.services import Services
from vox.doors.realtime.warming import warm_up
from vox.doors.rpc.handler import Access
from vox.errors import VoxError
from vox.llm.chat import ChatModel
from vox.llm.current import CurrentModel
from vox.runtime.agent.agent import Agent, make_agent
from vox.runtime.runtime import Runtime

__all__ = ["PAGES", "open_realtime"]

PAGES = OwnPages(shown=frozenset({DEMO}), sockets=frozenset({PATH}))
"""The demo page, and the socket it opens."""


@asynccontextmanager
async def open_realtime(runtime: Runtime, names: Names, access: Callable[[Scope], Access]) -> AsyncGenerator[Realtime]:
    """The interface; the connections to the model are closed when the context ends. Stop it before."""
    model = CurrentModel(lambda: runtime.configuration.settings.llm)

    def settings() -> RealtimeSettings:
        runtime.registry.freshen()
        return runtime.configuration.settings.realtime

    def agent() -> Agent | None:
        return make_agent(settings().agent, model.get())

    async def load(asr: str | None, tts: str | None, client: str) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(warm_up, runtime, asr, tts, client)
            if tts != "":  # somebody is going to be answered
                await _warm_model(model.get())

    services = Services(runtime, names, agent, settings, load, model.get)
    realtime = Realtime(services, access)
    try:
        yield realtime
    finally:
        await model.aclose()


async def _warm_model(model: ChatModel | None) -> None:
    """What is wrong with its settings is told by the first answer."""
    if model is not None:
        with contextlib.suppress(VoxError):
            await model.warm_up()
