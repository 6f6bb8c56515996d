"""Who answers in a conversation, behind one interface.

`LlmAgent` asks a language model. `EchoAgent` says again what was said to it: a whole conversation, by ear and mouth,
that can be tried and measured where no language model is. Another kind of agent is another class with `reply`.
"""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

from vox.llm.chat import ChatEvent, ChatModel, ChatRequest, Finished, TextDelta, Usage

__all__ = ["Agent", "AgentKind", "EchoAgent", "GivenText", "LlmAgent", "make_agent"]

AgentKind = Literal["llm", "echo"]
"""What `make_agent` makes."""


class Agent(Protocol):
    """Answers a conversation."""

    @property
    def name(self) -> str:
        """What sessions call it."""
        ...

    def reply(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The answer as it is thought of; exactly one `Finished` comes last. Closing the generator ends the work.

        Raises:
            VoxError: As `ChatModel.stream`.
        """
        ...


class LlmAgent:
    """Says what a language model says."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's own."""
        return self._model.name

    def reply(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The model's answer.

        Raises:
            VoxError: As `ChatModel.stream`.
        """
        return self._model.stream(request)


class EchoAgent:
    """Repeats the last thing that was said to it, and is silent where nothing was. It never fails and calls no tools.

    The result of a tool counts as said.
    """

    name = "echo"

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The text of the last message of the user or of a tool, as one piece."""
        heard = next((one.text for one in reversed(request.messages) if one.role in ("user", "tool")), "")
        if heard:
            yield TextDelta(heard)
        yield Finished("stop", Usage(0, 0))


class GivenText:
    """Says a text that is known already."""

    name = "given-text"

    def __init__(self, text: str) -> None:
        self._text = text

    async def reply(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The text as one piece, whatever the request is."""
        yield TextDelta(self._text)
        yield Finished("stop", Usage(0, 0))


def make_agent(kind: AgentKind, model: ChatModel | None) -> Agent | None:
    """The agent that the settings want.

    Args:
        model: The language model that is configured.

    Returns:
        None when the agent needs a language model and there is none: a session then transcribes, and speaks the texts
        it is given.
    """
    if kind == "echo":
        return EchoAgent()
    return None if model is None else LlmAgent(model)
