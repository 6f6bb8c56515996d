"""What a Realtime session needs of the daemon."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from vox.config.realtime import RealtimeSettings
from vox.doors.realtime.aside import Asides
from vox.doors.realtime.engines import Engines, NameTable
from vox.llm.chat import ChatModel
from vox.runtime.agent.agent import Agent

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    """What is the same for all sessions of a daemon. The callables give what holds now, so that a changed
    configuration is in force for the next session, turn or response."""

    engines: Engines
    names: NameTable
    agent: Callable[[], Agent | None]
    """Who answers; None where no language model is configured."""
    settings: Callable[[], RealtimeSettings]
    warm_up: Callable[[str | None, str | None, str], Awaitable[None]]
    """Loads a recogniser and a speech model for a client, None for the defaults, "" for none; returns when they are
    loaded or cannot be. `partial(vox.doors.realtime.warming.warm_up, runtime)` is one."""
    model: Callable[[], ChatModel | None] = lambda: None
    """The language model in force, which also sums up long conversations."""
    clock: Callable[[], float] = anyio.current_time
    """Seconds; what times are told by."""
    asides: Asides = field(default_factory=Asides)
    """What is said while an answer is thought of, as it was spoken."""
