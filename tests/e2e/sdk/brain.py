"""What the language model of these tests says: it hangs on the request alone, so that a client in another process, in
another language, knows what to expect."""

from typing import Any

from tests.llm_server import Answer

__all__ = ["LONG", "SHORT", "brain"]

LONG = (
    "The morning train leaves the harbour at seven. It crosses the river on an old iron bridge. "
    "Then it climbs slowly through the forest. After an hour the mountains come into view. "
    "At the last station there is a small hotel. Its garden is famous for white roses."
)
SHORT = "The kettle is on, and the bread is fresh."


def brain(body: dict[str, Any]) -> Answer:
    """An answer to a chat completions request.

    A story, told slowly, for instructions with "story"; what the assistant said last, for "Recall"; calls of the first
    tool, one a town, where there are tools; after calls, what they said.
    """
    messages: list[dict[str, Any]] = body["messages"]
    system = "".join(message["content"] for message in messages if message["role"] == "system")
    if messages[-1]["role"] == "tool":
        said = [message["content"] for message in messages if message["role"] == "tool"]
        return Answer(f"They say {' and '.join(said)}.")
    if body.get("tools"):
        name = body["tools"][0]["function"]["name"]
        return Answer(tools=((name, '{"town": "Oslo"}'), (name, '{"town": "Rome"}')))
    if "story" in system:
        return Answer(LONG, token_s=0.06)
    if "Recall" in system:
        spoken = [message["content"] for message in messages if message["role"] == "assistant"]
        return Answer(spoken[-1] if spoken else "Nothing.")
    return Answer(SHORT)
