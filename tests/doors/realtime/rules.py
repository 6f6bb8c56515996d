"""What must hold of the events of responses, whatever happened: for the tests of all that makes them."""

from base64 import b64decode
from collections import Counter
from typing import Any

__all__ = ["Event", "check_responses", "of_type", "spoken_bytes"]

Event = dict[str, Any]

NULLS = {"previous_item_id", "status_details", "conversation_id", "metadata", "param", "code", "event_id"}
"""Fields of events of responses in which null is meant."""


def of_type(events: list[Event], *types: str) -> list[Event]:
    return [event for event in events if event["type"] in types]


def spoken_bytes(events: list[Event], item: str) -> bytes:
    deltas = [event for event in of_type(events, "response.output_audio.delta") if event["item_id"] == item]
    return b"".join(b64decode(event["delta"]) for event in deltas)


def check_responses(events: list[Event], *, over: bool = True) -> None:
    """Every response among the events keeps the rules.

    Args:
        over: All must have ended.
    """
    ids = Counter(event["event_id"] for event in events)
    assert all(count == 1 for count in ids.values())
    others = [event for event in events if not event["type"].startswith("session.")]
    assert [event for event in others if not all(_no_null(value, key) for key, value in event.items())] == []
    created = [event["response"]["id"] for event in of_type(events, "response.created")]
    done = [event["response"]["id"] for event in of_type(events, "response.done")]
    assert len(set(created)) == len(created) and len(set(done)) == len(done)
    assert not over or set(created) == set(done)
    for response in done:
        _check_response(response, events)


def _check_response(response: str, events: list[Event]) -> None:
    mine = [event for event in events if _response_of(event) == response]
    assert (mine[0]["type"], mine[-1]["type"]) == ("response.created", "response.done")
    first, last = mine[0]["response"], mine[-1]["response"]
    assert first["status"] == "in_progress" and first["output"] == [] and first["status_details"] is None
    assert last["status"] in ("completed", "cancelled", "failed", "incomplete")
    assert (last["status"] == "completed") == (last["status_details"] is None)
    added = of_type(mine, "response.output_item.added")
    assert [event["output_index"] for event in added] == list(range(len(added)))
    ends = {event["output_index"]: event for event in of_type(mine, "response.output_item.done")}
    assert len(ends) == len(of_type(mine, "response.output_item.done")) == len(added)
    assert [ends[index]["item"] for index in range(len(added))] == last["output"]
    for event in added:
        _check_item(event, [one for one in mine if one.get("output_index") == event["output_index"]])
        _check_conversation(event, ends[event["output_index"]], events, last)
    if last["status"] == "completed":
        assert {item["status"] for item in last["output"]} <= {"completed"}


def _check_item(added: Event, mine: list[Event]) -> None:
    assert mine[0] is added and mine[-1]["type"] == "response.output_item.done"
    begun, ended = added["item"], mine[-1]["item"]
    assert begun["id"] == ended["id"] and begun["status"] == "in_progress"
    assert ended["status"] in ("completed", "incomplete")
    assert {event["item_id"] for event in mine[1:-1]} == {begun["id"]}
    types = [event["type"].removeprefix("response.") for event in mine[1:-1]]
    if begun["type"] == "function_call":
        assert begun["arguments"] == "" and begun["name"] and begun["call_id"]
        assert set(types[:-1]) <= {"function_call_arguments.delta"} and types[-1] == "function_call_arguments.done"
        assert {event["call_id"] for event in mine[1:-1]} == {begun["call_id"]}
        assert mine[-2]["arguments"] == ended["arguments"] and mine[-2]["name"] == begun["name"]
        return
    assert begun["content"] == [] and begun["role"] == "assistant"
    assert {event["content_index"] for event in mine[1:-1]} == {0}
    spoken = mine[1]["part"]["type"] == "audio"
    kind, end = ("transcript", ["output_audio.done", "output_audio_transcript.done"]) if spoken else ("text", [])
    end = end or ["output_text.done"]
    deltas = {"output_audio.delta", "output_audio_transcript.delta"} if spoken else {"output_text.delta"}
    assert types[0] == "content_part.added" and types[-1 - len(end) :] == [*end, "content_part.done"]
    assert set(types[1 : -1 - len(end)]) <= deltas
    text = "".join(event["delta"] for event in mine if event["type"].endswith(("_transcript.delta", "_text.delta")))
    assert mine[1]["part"] == {"type": "audio" if spoken else "text", kind: ""}
    assert mine[-2]["part"] == {"type": "audio" if spoken else "text", kind: text}
    assert mine[-3][kind] == text
    assert ended["content"] == [{"type": "output_audio" if spoken else "output_text", kind: text}]


def _check_conversation(added: Event, done: Event, events: list[Event], response: Event) -> None:
    """The conversation is told the same right after, if the response belongs to it."""
    for event, name in ((added, "conversation.item.added"), (done, "conversation.item.done")):
        told = [one for one in of_type(events, name) if one["item"]["id"] == event["item"]["id"]]
        if response["conversation_id"] is None:
            assert told == []
        else:
            assert [one["item"] for one in told] == [event["item"]]
            assert events.index(told[0]) == events.index(event) + 1


def _response_of(event: Event) -> str | None:
    return event["response"]["id"] if "response" in event else event.get("response_id")


def _no_null(value: Any, key: str) -> bool:
    if isinstance(value, dict):
        return all(_no_null(one, name) for name, one in value.items())
    if isinstance(value, list):
        return all(_no_null(one, key) for one in value)
    return value is not None or key in NULLS
