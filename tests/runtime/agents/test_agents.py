"""Who is connected, and who is spoken to."""

import pytest

from tests.runtime.conftest import Clock
from vox.errors import AgentConflict, AgentNotConnected, AgentReserved, InvalidRequest
from vox.runtime.agents.agents import LONGEST_ID, PREFER_S, Agents
from vox.runtime.agents.mailbox import BOUND


@pytest.fixture
def agents() -> Agents:
    return Agents()


def test_the_first_to_come_is_spoken_to(agents: Agents) -> None:
    assert (agents.current, agents.connected) == (None, [])
    agents.connect("one")
    agents.connect("two")
    assert (agents.current, agents.connected) == ("one", ["one", "two"])


def test_when_it_leaves_the_next_one_is(agents: Agents) -> None:
    mailboxes = {name: agents.connect(name) for name in ("one", "two", "three")}
    agents.set_current("two")
    agents.disconnect("two", mailboxes["two"])
    assert agents.current == "one"
    agents.disconnect("three", mailboxes["three"])
    assert agents.current == "one"
    agents.disconnect("one", mailboxes["one"])
    assert (agents.current, agents.connected) == (None, [])


def test_an_id_is_there_once(agents: Agents) -> None:
    first = agents.connect("one")
    with pytest.raises(AgentConflict, match="Agent 'one' already connected"):
        agents.connect("one")
    agents.disconnect("one", first)
    second = agents.connect("one")
    agents.disconnect("one", first)
    assert "one" in agents, "who has gone takes nobody along"
    agents.deliver("one", b"hello")
    assert second.pull() == b"hello"


@pytest.mark.parametrize("name", ["__tts__", "____", "__", "__a b__"])
def test_some_ids_are_nobodys(agents: Agents, name: str) -> None:
    with pytest.raises(AgentReserved):
        agents.connect(name)
    with pytest.raises(AgentReserved):
        agents.deliver(name, b"")


@pytest.mark.parametrize("name", ["", "a\nb", "x" * (LONGEST_ID + 1), "\x7f", "\ud800"])
def test_some_are_none(agents: Agents, name: str) -> None:
    with pytest.raises(InvalidRequest):
        agents.connect(name)


@pytest.mark.parametrize("name", ["a", "my-agent", "__init", "Agent 1", "助手", "a/b", "x" * LONGEST_ID])
def test_most_are_fine(agents: Agents, name: str) -> None:
    agents.connect(name)
    assert agents.current == name


def test_only_who_is_there_is_spoken_to_or_written_to(agents: Agents) -> None:
    agents.connect("one")
    for act in (agents.set_current, lambda name: agents.focus(name, True), lambda name: agents.deliver(name, b"")):
        with pytest.raises(AgentNotConnected, match="Agent 'two' not connected") as raised:
            act("two")
        assert raised.value.details == {"connected": ["one"]}


def test_the_agent_of_the_last_session_has_a_while_to_come_back(clock: Clock) -> None:
    agents = Agents("mine", clock)
    agents.connect("other")
    assert agents.current == "other"
    clock.now += PREFER_S - 1
    agents.connect("mine")
    assert agents.current == "mine"


def test_after_that_it_is_one_of_them(clock: Clock) -> None:
    agents = Agents("mine", clock)
    agents.connect("other")
    clock.now += PREFER_S
    agents.connect("mine")
    assert agents.current == "other"


def test_a_choice_counts_more_than_the_last_session(clock: Clock) -> None:
    agents = Agents("mine", clock)
    agents.connect("one")
    agents.connect("two")
    agents.set_current("two")
    agents.connect("mine")
    assert agents.current == "two"


def test_who_has_the_keyboard_is_spoken_to(agents: Agents) -> None:
    mailboxes = {name: agents.connect(name) for name in ("one", "two", "three")}
    agents.focus("two", True)
    assert agents.current == "two" and agents.has_focus("two")
    agents.focus("two", False)
    assert agents.current == "two" and not agents.has_focus("two")
    agents.focus("one", True)
    agents.focus("two", False)
    assert agents.has_focus("one"), "one terminal's loss is told after another's gain"
    agents.focus("three", True, follow=False)
    assert agents.current == "one"
    agents.disconnect("one", mailboxes["one"])
    assert agents.current == "three", "the one that is looked at comes first"
    agents.disconnect("three", mailboxes["three"])
    assert agents.current == "two" and not agents.has_focus("three")


def test_changes_are_told_and_nothing_else(agents: Agents) -> None:
    told: list[tuple[str | None, list[str]]] = []
    forget = agents.watch(lambda: told.append((agents.current, agents.connected)))
    one, two = agents.connect("one"), agents.connect("two")
    agents.set_current("one")
    agents.focus("one", True)
    agents.focus("one", False)
    agents.deliver("two", b"text")
    agents.set_current("two")
    agents.disconnect("one", one)
    agents.disconnect("one", one)
    forget()
    agents.disconnect("two", two)
    assert told == [("one", ["one"]), ("one", ["one", "two"]), ("two", ["one", "two"]), ("two", ["two"])]


def test_partials_are_for_those_who_asked(agents: Agents) -> None:
    agents.connect("plain")
    agents.connect("keen", partials=True)
    assert [agents.wants_partials(name) for name in ("plain", "keen", "gone", None)] == [False, True, False, False]


def test_what_was_left_out_stays_counted(agents: Agents) -> None:
    mailbox = agents.connect("slow")
    for _ in range(5):
        mailbox.put(b"x" * (BOUND // 3))
    assert agents.left_out() == 3
    agents.disconnect("slow", mailbox)
    assert agents.left_out() == 3


def test_at_the_end_all_are_let_go_and_nobody_else_is_chosen(agents: Agents) -> None:
    mailboxes = [agents.connect("one"), agents.connect("two")]
    told: list[str | None] = []
    agents.watch(lambda: told.append(agents.current))
    agents.close()
    assert all(mailbox.closed for mailbox in mailboxes)
    assert told == []
