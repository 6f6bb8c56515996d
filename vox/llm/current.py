"""The language model of the settings in force: a change of them holds from the next answer on.

A daemon without a language model does not load what asking one takes.
"""

import asyncio
from collections.abc import Callable

from vox.config.llm import LlmSettings
from vox.llm.chat import ChatModel

__all__ = ["CurrentModel"]


class CurrentModel:
    """Keeps one model, and with it its connections, for as long as the settings stay the same.

    Args:
        settings: The settings in force.
    """

    def __init__(self, settings: Callable[[], LlmSettings | None]) -> None:
        self._settings = settings
        self._of: LlmSettings | None = None
        self._model: ChatModel | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def get(self) -> ChatModel | None:
        """The model to ask now; None when none is configured. Called within the event loop."""
        settings = self._settings()
        if settings != self._of:
            self._retire()
            self._of, self._model = settings, _make(settings)
        return self._model

    async def aclose(self) -> None:
        """Close every connection whose answer is over, and the others with their answers."""
        self._retire()
        self._of = None
        if self._closing:
            await asyncio.wait(self._closing)

    def _retire(self) -> None:
        """The former model ends the answers it has begun."""
        former, self._model = self._model, None
        if former is not None:
            task = asyncio.get_running_loop().create_task(former.aclose())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


def _make(settings: LlmSettings | None) -> ChatModel | None:
    if settings is None:
        return None
    from vox.llm.completions import make_chat_model

    return make_chat_model(settings)
