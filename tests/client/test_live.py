"""A live session as its client sees it, without a daemon: events in, typed values out."""

from collections.abc import Generator
from typing import Any

import pytest

from vox.client.live import LiveSession
from vox.errors import MicrophoneUnavailable

Events = Generator[tuple[str, dict[str, Any]], None, dict[str, Any]]
FINAL = {
    "sessionId": "s1", "modelId": "ear:1", "text": "one two", "elapsedMs": 5, "durationMs": 2000,
    "metrics": {"traceId": "s1", "finalMs": 5}, "words": None, "segments": None, "traceId": "s1", "endedBy": "stop",
}  # fmt: skip


class Asked:
    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((method, params))
        return {}


def state(name: str) -> tuple[str, dict[str, Any]]:
    return "session.state", {"sessionId": "s1", "state": name, "previous": None}


def session_of(events: Events) -> tuple[LiveSession, Asked]:
    asked = Asked()
    return LiveSession(events, asked), asked


def whole(closed: list[bool]) -> Events:
    try:
        yield state("starting")
        yield state("recording")
        yield "session.partial", {"sessionId": "s1", "text": "one", "sequence": 0, "stable": 3}
        yield state("processing")
        yield "session.final", FINAL
        yield state("done")
        return FINAL
    finally:
        closed.append(True)


def test_a_session_is_read_to_its_end() -> None:
    session, asked = session_of(whole([]))
    assert (session.id, session.state, session.transcript) == ("s1", "recording", None)
    events = list(session)
    assert [event.name for event in events] == ["state", "state", "partial", "state", "final", "state"]
    assert [event.text for event in events if event.text] == ["one", "one two"]
    assert session.transcript is not None and session.transcript.text == "one two" and session.state == "done"
    session.stop()
    session.cancel()
    assert [(method, params) for method, params in asked.calls] == [
        ("transcribe.stopSession", {"sessionId": "s1"}),
        ("transcribe.cancelSession", {"sessionId": "s1"}),
    ]
    assert list(session) == [] and session.answer == FINAL


def test_leaving_early_ends_the_call() -> None:
    closed: list[bool] = []
    with session_of(whole(closed))[0] as session:
        assert next(session).name == "state" and not closed
    assert closed


def test_a_session_that_was_cancelled_has_no_transcript() -> None:
    def cancelled() -> Events:
        yield state("recording")
        yield state("cancelled")
        return {"cancelled": True, "sessionId": "s1"}

    session, _ = session_of(cancelled())
    assert [event.data["state"] for event in session] == ["recording", "cancelled"] and session.transcript is None


def test_what_keeps_it_from_recording_is_raised_at_once() -> None:
    def refused() -> Events:
        yield state("starting")
        yield state("error")
        raise MicrophoneUnavailable("There is none.")

    with pytest.raises(MicrophoneUnavailable):
        session_of(refused())
