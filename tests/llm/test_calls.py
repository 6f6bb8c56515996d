"""Pieces of tool calls, numbered or not."""

import itertools
from typing import Any

from vox.llm.calls import Calls
from vox.llm.chat import ToolCallDelta


def piece(name: str | None = None, arguments: Any = None, **more: Any) -> dict[str, Any]:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {"type": "function", "function": function, **more}


def read(*deltas: list[Any]) -> list[ToolCallDelta]:
    calls = Calls()
    return [event for delta in deltas for event in calls.feed(delta)]


def whole(events: list[ToolCallDelta]) -> list[tuple[int, str, str, str]]:
    """Index, id, name and arguments of each call."""
    groups = itertools.groupby(sorted(events, key=lambda e: e.index), key=lambda e: (e.index, e.id, e.name))
    return [(*key, "".join(event.arguments for event in group)) for key, group in groups]


def test_pieces_by_number_as_openai_sends_them() -> None:
    events = read(
        [piece("f", "", index=0, id="c1")],
        [piece(arguments='{"a"', index=0)],
        [piece(arguments=":1}", index=0)],
        [piece("g", "", index=1, id="c2")],
        [piece(arguments="{}", index=1)],
    )
    assert whole(events) == [(0, "c1", "f", '{"a":1}'), (1, "c2", "g", "{}")]
    assert all(event.id and event.name for event in events)


def test_interleaved_pieces_find_their_calls() -> None:
    events = read(
        [piece("f", "", index=0, id="c1"), piece("g", "", index=1, id="c2")],
        [piece(arguments="1", index=0), piece(arguments="2", index=1)],
        [piece(arguments="3", index=0)],
    )
    assert whole(events) == [(0, "c1", "f", "13"), (1, "c2", "g", "2")]


def test_whole_calls_without_number_or_id() -> None:
    events = read([piece("f", '{"a":1}')], [piece("f", '{"a":2}')])
    assert [(event.index, event.name, event.arguments) for event in events] == [
        (0, "f", '{"a":1}'),
        (1, "f", '{"a":2}'),
    ]
    assert len({event.id for event in events}) == 2 and all(event.id.startswith("call_") for event in events)


def test_whole_calls_with_the_same_number_and_other_ids() -> None:
    events = read([piece("f", "{}", index=0, id="c1")], [piece("g", "{}", index=0, id="c2")])
    assert whole(events) == [(0, "c1", "f", "{}"), (1, "c2", "g", "{}")]


def test_name_and_id_repeated_in_every_piece() -> None:
    events = read(*([piece("f", part, index=0, id="c1")] for part in ("{", "}")))
    assert whole(events) == [(0, "c1", "f", "{}")]


def test_pieces_without_number_continue_the_last_call() -> None:
    assert whole(read([piece("f", "{", id="c1")], [piece(arguments="}")])) == [(0, "c1", "f", "{}")]


def test_numbers_that_do_not_begin_at_nought() -> None:
    assert [event.index for event in read([piece("f", "{}", index=1, id="c1")])] == [0]


def test_arguments_that_come_before_the_name_wait_for_it() -> None:
    events = read([piece(arguments="{", index=0, id="c1")], [piece("f", "}", index=0)])
    assert whole(events) == [(0, "c1", "f", "{}")] and len(events) == 1


def test_arguments_that_are_no_text() -> None:
    assert [event.arguments for event in read([piece("f", {"a": 1})])] == ['{"a":1}']


def test_a_call_without_arguments_is_told_once() -> None:
    assert whole(read([piece("f", None, index=0, id="c1")], [piece(None, "", index=0)])) == [(0, "c1", "f", "")]


def test_what_is_no_call_is_passed_over() -> None:
    assert read(["x", None, 7], [{"index": 0, "function": "f"}]) == []
