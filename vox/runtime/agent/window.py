"""How much of a long conversation a language model is shown: the latest of it, calls and their results together."""

from collections.abc import Iterable, Sequence

from vox.llm.chat import Message, Tool

__all__ = ["estimate", "groups_of", "tokens_of", "window"]

_PER_MESSAGE = 4  # tokens of a template's marks around each message
_LETTERS_PER_TOKEN = 3.5  # of English prose it is four and more: the estimate errs to the safe side
_OTHERS_PER_TOKEN = 1.5  # accents, Cyrillic, Greek, Arabic
_IDEOGRAPHS_FROM = "\u2e80"  # from here on, a character is about a token


def estimate(text: str) -> int:
    """About how many tokens a text is, rather too many than too few."""
    plain = sum(character < "\u0080" for character in text)
    wide = sum(character >= _IDEOGRAPHS_FROM for character in text)
    return round(plain / _LETTERS_PER_TOKEN + wide + (len(text) - plain - wide) / _OTHERS_PER_TOKEN + 0.5)


def tokens_of(message: Message) -> int:
    """About how many tokens a message is, rather too many than too few."""
    calls = "".join(call.name + call.arguments for call in message.tool_calls)
    return _PER_MESSAGE * (1 + len(message.tool_calls)) + estimate(message.text) + estimate(calls)


def groups_of(messages: Iterable[Message]) -> list[tuple[Message, ...]]:
    """The messages without the system's, those that cannot be without each other together: calls and their results."""
    groups: list[tuple[Message, ...]] = []
    for message in messages:
        if message.role == "tool" and groups:
            groups[-1] = (*groups[-1], message)
        elif message.role != "system":
            groups.append((message,))
    return groups


def window(
    messages: Sequence[Message],
    max_messages: int | None = None,
    max_tokens: int | None = None,
    tools: Sequence[Tool] = (),
) -> tuple[Message, ...]:
    """The system's messages and the latest others that fit.

    What is cut begins with a user's message, as many templates demand, if there is one left to begin with. The last
    group is kept whatever its size: without it there would be nothing to answer.

    Args:
        max_messages: The latest messages, at most so many, the system's not counted.
        max_tokens: About so many tokens at most, the system's messages and the tools counted.
    """
    system = [message for message in messages if message.role == "system"]
    groups = groups_of(messages)
    fixed = sum(map(tokens_of, system)) + sum(map(_tokens_of_tool, tools))
    left = None if max_tokens is None else max_tokens - fixed
    kept = groups[_first_that_fits(groups, max_messages, left) :]
    if len(kept) < len(groups):
        kept = kept[_first_of_user(kept) :]
    return (*system, *(message for group in kept for message in group))


def _first_that_fits(groups: list[tuple[Message, ...]], messages: int | None, tokens: int | None) -> int:
    """The index of the first group of the window."""
    for index in range(len(groups) - 1, -1, -1):
        messages = None if messages is None else messages - len(groups[index])
        tokens = None if tokens is None else tokens - sum(map(tokens_of, groups[index]))
        if (messages is not None and messages < 0) or (tokens is not None and tokens < 0):
            return min(index + 1, len(groups) - 1)
    return 0


def _first_of_user(groups: list[tuple[Message, ...]]) -> int:
    return next((index for index, group in enumerate(groups) if group[0].role == "user"), 0)


def _tokens_of_tool(tool: Tool) -> int:
    return _PER_MESSAGE + estimate(f"{tool.name}{tool.description}{tool.parameters}")
