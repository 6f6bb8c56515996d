"""Events: their numbers, what is kept of them, and listeners that are late, slow or many."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.errors import InvalidRequest
from vox.runtime.events import TOPICS, Event, Events, Missed, Subscription


def _drain(subscription: Subscription) -> list[Event | Missed]:
    found: list[Event | Missed] = []
    while (item := subscription.next()) is not None:
        found.append(item)
    return found


def _seqs(items: list[Event | Missed]) -> list[int]:
    return [item.seq for item in items if isinstance(item, Event)]


def test_events_are_numbered_from_one_over_all_topics() -> None:
    events = Events()
    subscription = events.subscribe()
    events.publish("health", "ready", {})
    events.publish("provider", "started", {"id": "ear"})
    assert _seqs(_drain(subscription)) == [1, 2]


def test_an_event_says_when_and_what_in_json() -> None:
    events = Events(now=lambda: datetime(2026, 1, 2, 3, 4, 5, 678_900, UTC))
    subscription = events.subscribe(["health"])
    events.publish("health", "ready", {"port": 1})
    event = subscription.next()
    assert isinstance(event, Event)
    assert json.loads(event.json) == {
        "seq": 1,
        "topic": "health",
        "name": "ready",
        "at": "2026-01-02T03:04:05.678Z",
        "data": {"port": 1},
    }


def test_json_is_made_once_for_all() -> None:
    events = Events()
    first, second = events.subscribe(), events.subscribe()
    events.publish("health", "ready", {})
    one, two = first.next(), second.next()
    assert isinstance(one, Event) and isinstance(two, Event)
    assert one.json is two.json


def test_only_the_topics_asked_for() -> None:
    events = Events()
    subscription = events.subscribe(["warmup"])
    events.publish("health", "ready", {})
    events.publish("warmup", "warming", {})
    assert _seqs(_drain(subscription)) == [2]


def test_since_replays_what_is_kept() -> None:
    events = Events()
    for _ in range(5):
        events.publish("health", "tick", {})
    assert _seqs(_drain(events.subscribe(since=2))) == [3, 4, 5]


def test_since_before_what_is_kept_is_missed_and_goes_on_from_now() -> None:
    events = Events(kept=2)
    for _ in range(5):
        events.publish("health", "tick", {})
    subscription = events.subscribe(since=2)
    assert _drain(subscription) == [Missed(5)]
    events.publish("health", "tick", {})
    assert _seqs(_drain(subscription)) == [6]


def test_a_flood_of_another_topic_costs_nothing() -> None:
    events = Events(kept=2)
    events.publish("warmup", "warming", {})
    for _ in range(9):
        events.publish("provider", "started", {})
    assert _seqs(_drain(events.subscribe(["warmup"], since=0))) == [1]


def test_numbers_of_the_future_are_those_of_another_daemon() -> None:
    events = Events()
    assert _drain(events.subscribe(since=7)) == [Missed(0)]


def test_numbers_of_another_epoch_are_worth_nothing() -> None:
    events = Events()
    events.publish("health", "ready", {})
    assert _drain(events.subscribe(since=0, epoch="another")) == [Missed(1)]
    assert _seqs(_drain(events.subscribe(since=0, epoch=events.epoch))) == [1]


def test_unknown_topics_are_named() -> None:
    with pytest.raises(InvalidRequest, match=r"no topic 'weather'.*health"):
        Events().subscribe(["health", "weather"])


def test_a_snapshot_is_what_the_sources_say() -> None:
    events = Events()
    events.describe("health", lambda: {"ready": True})
    assert events.snapshot(["health", "jobs"]) == {"health": {"ready": True}, "jobs": {}}


@pytest.mark.anyio
async def test_a_reader_waits_for_what_comes() -> None:
    events = Events()
    subscription = events.subscribe()
    reading = asyncio.ensure_future(anext(subscription))
    await asyncio.sleep(0)
    events.publish("health", "ready", {})
    assert (await reading).seq == 1


@pytest.mark.anyio
async def test_a_closed_subscription_is_forgotten() -> None:
    events = Events()
    subscription = events.subscribe()
    subscription.close()
    assert not events._listeners


@pytest.mark.anyio
async def test_a_thousand_readers_read_the_same_bytes() -> None:
    events = Events()
    readers = [events.subscribe() for _ in range(1000)]

    async def read(subscription: Subscription) -> list[int]:
        found: list[int] = []
        async for event in subscription:
            assert isinstance(event, Event)
            found.append(id(event.json))
            if len(found) == 10:
                break
        return found

    reading = [asyncio.ensure_future(read(reader)) for reader in readers]
    for _ in range(10):
        await asyncio.sleep(0)
        events.publish("provider", "started", {})
    seen = await asyncio.gather(*reading)
    assert all(one == seen[0] for one in seen)


@given(st.data())
def test_whatever_is_read_when_nothing_is_lost_unsaid(data: st.DataObject) -> None:
    """Any mixture of publishing and reading: a reader sees every event of its topics once and in order, or is told
    that it missed some."""
    events = Events(kept=3)
    topics = data.draw(st.sets(st.sampled_from(TOPICS), min_size=1))
    subscription = events.subscribe(topics)
    published: list[int] = []
    read = 0
    for topic in data.draw(st.lists(st.sampled_from([*TOPICS, "read"]), max_size=40)):
        if topic != "read":
            events.publish(topic, "x", {})
            published += [events.seq] if topic in topics else []
            continue
        item = subscription.next()
        if isinstance(item, Missed):
            read = next((n for n, seq in enumerate(published) if seq > item.seq), len(published))
        elif isinstance(item, Event):
            assert item.seq == published[read]
            read += 1
        else:
            assert read == len(published)
