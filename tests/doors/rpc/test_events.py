"""`runtime.subscribe` on a connection without sockets."""

from typing import Any

import pytest

from tests.doors.conftest import OWNER, PAGE, PROGRAM, Talk, talking
from tests.runtime.conftest import entry, model, until
from vox.doors.rpc.groups.events import MAX_SUBSCRIPTIONS
from vox.paths import Home
from vox.runtime.events import TOPICS

pytestmark = pytest.mark.anyio


async def _result(talk: Talk, method: str, /, **params: Any) -> dict[str, Any]:
    answer = await talk.ask(method, **params)
    assert "result" in answer, answer
    return answer["result"]


def _events(talk: Talk) -> list[dict[str, Any]]:
    return [frame["data"] for frame in talk.sent if frame.get("event") == "runtime.event"]


async def test_a_snapshot_first_and_then_what_happens(home: Home) -> None:
    async with talking(home) as talk:
        events = talk.setup.runtime.events
        events.describe("health", lambda: {"state": "ready"})
        told = await _result(talk, "runtime.subscribe", topics=["health", "warmup"])
        assert told == {
            "subscriptionId": "s1",
            "epoch": events.epoch,
            "seq": 0,
            "topics": ["health", "warmup"],
            "snapshot": {"health": {"state": "ready"}, "warmup": {"warmups": []}},
            "snapshotRequired": False,
            "replayed": 0,
        }
        events.publish("jobs", "begun", {})
        events.publish("health", "stopping", {"why": "asked"})
        await until(lambda: bool(_events(talk)))
        (event,) = _events(talk)
        assert event.pop("at").endswith("Z")
        assert event == {
            "subscriptionId": "s1",
            "seq": 2,
            "topic": "health",
            "name": "stopping",
            "data": {"why": "asked"},
        }


async def test_strict_clients_get_notifications(home: Home) -> None:
    async with talking(home) as talk:
        await talk.ask("runtime.subscribe", True)
        talk.setup.runtime.events.publish("health", "ready", {})
        await until(lambda: len(talk.sent) == 2)
        pushed = talk.sent[1]
        assert pushed["jsonrpc"] == "2.0" and pushed["method"] == "event" and "id" not in pushed
        assert pushed["params"]["event"] == "runtime.event" and pushed["params"]["data"]["seq"] == 1


async def test_what_was_missed_comes_after_the_answer(home: Home) -> None:
    async with talking(home) as talk:
        for _ in range(3):
            talk.setup.runtime.events.publish("health", "tick", {})
        told = await _result(talk, "runtime.subscribe", since=1)
        assert (told["replayed"], told["snapshotRequired"]) == (2, False)
        await until(lambda: len(_events(talk)) == 2)
        assert [event["seq"] for event in _events(talk)] == [2, 3]


async def test_too_long_ago(home: Home) -> None:
    async with talking(home) as talk:
        for _ in range(300):
            talk.setup.runtime.events.publish("health", "tick", {})
        told = await _result(talk, "runtime.subscribe", since=1)
        assert (told["replayed"], told["snapshotRequired"], told["seq"]) == (0, True, 300)
        again = await _result(talk, "runtime.subscribe", since=300, epoch="of a daemon before")
        assert again["snapshotRequired"]


async def test_who_reads_too_slowly_is_told_to_look_anew(home: Home) -> None:
    async with talking(home) as talk:
        await _result(talk, "runtime.subscribe", topics=["health"])
        for _ in range(300):  # in one turn of the loop, so that nobody can read meanwhile
            talk.setup.runtime.events.publish("health", "tick", {})
        await until(lambda: bool(_events(talk)))
        event = _events(talk)[0]
        assert (event["topic"], event["name"], event["seq"]) == ("runtime", "snapshot", 300)
        assert event["data"]["snapshotRequired"] and event["data"]["snapshot"] == {"health": {}}


async def test_one_is_replaced_and_several_live_side_by_side(home: Home) -> None:
    async with talking(home) as talk:
        await _result(talk, "runtime.subscribe", topics=["health"])
        await _result(talk, "runtime.subscribe", topics=["jobs"], subscriptionId="s1")
        await _result(talk, "runtime.subscribe", topics=["health", "jobs"])
        events = talk.setup.runtime.events
        events.publish("jobs", "begun", {})
        events.publish("health", "tick", {})
        await until(lambda: len(_events(talk)) == 3)
        assert sorted((event["subscriptionId"], event["topic"]) for event in _events(talk)) == [
            ("s1", "jobs"),
            ("s2", "health"),
            ("s2", "jobs"),
        ]


async def test_after_unsubscribing_nothing_comes(home: Home) -> None:
    async with talking(home) as talk:
        await _result(talk, "runtime.subscribe")
        await _result(talk, "runtime.subscribe")
        assert await _result(talk, "runtime.unsubscribe", subscriptionId="s1") == {"unsubscribed": ["s1"]}
        assert await _result(talk, "runtime.unsubscribe") == {"unsubscribed": ["s2"]}
        talk.setup.runtime.events.publish("health", "tick", {})
        await _result(talk, "health")
        assert not _events(talk) and not talk.setup.runtime.events._listeners


async def test_a_connection_that_ends_listens_no_more(home: Home) -> None:
    async with talking(home) as talk:
        await _result(talk, "runtime.subscribe")
        events = talk.setup.runtime.events
        assert events._listeners
    assert not events._listeners


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"topics": ["weather"]}, "no topic 'weather'"),
        ({"topics": "health"}, "list of strings"),
        ({"since": -1}, "since must be"),
        ({"subscriptionId": "x" * 65}, "64 characters"),
    ],
)
async def test_what_makes_no_sense_is_refused(home: Home, params: dict[str, Any], message: str) -> None:
    async with talking(home) as talk:
        assert message in (await talk.ask("runtime.subscribe", **params))["error"]
        assert not talk.setup.runtime.events._listeners


async def test_an_end_to_subscriptions(home: Home) -> None:
    async with talking(home) as talk:
        for _ in range(MAX_SUBSCRIPTIONS):
            await _result(talk, "runtime.subscribe")
        assert "subscriptions" in (await talk.ask("runtime.subscribe"))["error"]
        await _result(talk, "runtime.subscribe", subscriptionId="s3")
        assert "no subscription 'x'" in (await talk.ask("runtime.unsubscribe", subscriptionId="x"))["error"]


@pytest.mark.parametrize("access", [OWNER, PROGRAM])
async def test_programs_see_everything(home: Home, access: Any) -> None:
    async with talking(home, access=access) as talk:
        assert (await _result(talk, "runtime.subscribe"))["topics"] == list(TOPICS)


async def test_a_page_sees_its_own_sessions_only(home: Home) -> None:
    async with talking(home, access=PAGE) as talk:
        events = talk.setup.runtime.events
        own, other = {"connectionId": PAGE.connection}, {"connectionId": "another"}
        events.describe("transcribe.session", lambda: {"sessions": [own, other]})
        told = await _result(talk, "runtime.subscribe")
        assert told["topics"] == ["health", "warmup", "transcribe.session", "synthesize.session"]
        assert told["snapshot"]["transcribe.session"] == {"sessions": [own]}
        events.publish("transcribe.session", "session.state", other)
        events.publish("provider", "crashed", {})
        events.publish("synthesize.session", "session.state", own)
        await until(lambda: bool(_events(talk)))
        assert [event["data"] for event in _events(talk)] == [own]
        replayed = await _result(talk, "runtime.subscribe", since=0)
        assert replayed["replayed"] == 1
        assert "unauthorized" in (await talk.ask("runtime.subscribe", topics=["provider"]))["error"]


async def test_providers_and_warm_ups_tell_what_happens_to_them(home: Home) -> None:
    async with talking(home, entry("ear", {"models": [model("ear:1")]}), access=OWNER) as talk:
        await _result(talk, "runtime.subscribe", topics=["provider", "warmup", "health"])
        assert (await _result(talk, "warmup.start", modelId="ear:1", wait=True))["warmup"]["state"] == "ready"
        await _result(talk, "providers.restart", id="ear", now=True)
        await until(lambda: _names(talk)[-1:] == ["provider stopped"])
        assert _names(talk) == [
            "provider starting",
            "provider ready",
            "warmup warming",
            "warmup progress",
            "warmup ready",
            "provider restarted",
            "warmup idle",
            "provider stopping",
            "provider stopped",
        ]
        ready = _events(talk)[1]["data"]
        assert ready == {
            "id": "ear",
            "kind": "asr",
            "replica": 0,
            "pid": ready["pid"],
            "generation": 1,
        }


def _names(talk: Talk) -> list[str]:
    return [f"{event['topic']} {event['name']}" for event in _events(talk)]
