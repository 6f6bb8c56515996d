"""Who answers a response, and what that one is asked."""

import json
from contextlib import suppress

from vox.doors.realtime.response_config import ResponseConfig
from vox.errors import LlmNotConfigured
from vox.llm.chat import ChatRequest, Message, Tool
from vox.runtime.agent.agent import Agent, GivenText

__all__ = ["chat_request", "is_whole", "tools_of", "who_answers"]


def who_answers(config: ResponseConfig, agent: Agent | None) -> Agent:
    """The agent, or whoever says the text that the response was given.

    A text to be said goes before any agent. Without an agent the texts of the messages in the response's own `input`
    are said, each on a line, or else the instructions that came with it.

    Raises:
        LlmNotConfigured: There is no agent and no text.
    """
    if config.say is not None:
        return GivenText(config.say)
    if agent is not None:
        return agent
    given = "\n".join(item.text for item in config.input or () if item.type == "message" and item.text.strip())
    text = given or (config.asked or "")
    if not text.strip():
        raise LlmNotConfigured(
            "No language model is configured, so there is nobody to answer: set llm.baseUrl and llm.model in "
            "config.json, or VOX_LLM_BASE_URL and VOX_LLM_MODEL. A response.create with a text in its input or "
            "instructions is spoken without one."
        )
    return GivenText(text)


def chat_request(config: ResponseConfig, messages: tuple[Message, ...]) -> ChatRequest:
    """What the agent is asked."""
    choice = config.tool_choice
    return ChatRequest(
        messages,
        tools=tools_of(config),
        tool_choice=choice if isinstance(choice, str) else f"function:{choice['name']}",
        parallel_tool_calls=config.parallel_tool_calls,
        max_tokens=None if config.max_output_tokens == "inf" else config.max_output_tokens,
    )


def tools_of(config: ResponseConfig) -> tuple[Tool, ...]:
    """The functions that the agent may call."""
    return tuple(Tool(tool["name"], tool["description"], tool["parameters"]) for tool in config.tools)


def is_whole(arguments: str) -> bool:
    """Whether the arguments of a call are all there: a model that was cut short leaves an open brace."""
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(arguments), dict)
    return False
