"""What was said becomes a message, or something for Vox to do."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from tests.runtime.agents.conftest import words_of
from vox.config.openvip import OpenVipSettings
from vox.runtime.agents.agents import Agents
from vox.runtime.agents.dictation import Dictation
from vox.runtime.agents.mailbox import Mailbox
from vox.runtime.agents.message import Transcription
from vox.types import Transcript


class Desk:
    """Two agents, and what they are told."""

    def __init__(self, **settings: Any) -> None:
        self.settings = OpenVipSettings.model_validate(settings)
        self.agents, self.announced, self.changes = Agents(), list[str](), list[bool]()
        self.messages: list[Transcription] = []
        self.mailboxes: dict[str, Mailbox] = {
            "claude": self.agents.connect("claude"),
            "my-codex": self.agents.connect("my-codex", partials=True),
        }
        self.dictation = Dictation(
            self.agents,
            self._encode,
            lambda: self.settings,
            lambda: self.changes.append(self.dictation.muted),
            self.announced.append,
        )

    def _encode(self, message: Transcription) -> bytes:
        self.messages.append(message)
        return b'{"text": "%s"}' % message.text.encode()

    def hear(self, text: str, target: str | None = "claude", **fields: Any) -> bool:
        return self.dictation.take(replace(Transcript("ear:1", text, 1.0, 1.0), **fields), target)

    def told(self, agent: str) -> list[str]:
        return words_of(self.mailboxes[agent])


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_utterance_is_a_message_with_a_new_line(desk: Desk) -> None:
    assert desk.hear(" Fix the bug. ", language="en", confidence=0.5)
    (message,) = desk.messages
    assert message == Transcription(id=message.id, text="Fix the bug.", language="en", confidence=0.5, ops=("newline",))
    assert UUID(message.id).version == 4
    assert (desk.told("claude"), desk.told("my-codex")) == (["Fix the bug."], [])


def test_words_that_send_become_an_op_and_a_chain(desk: Desk) -> None:
    desk.hear("Fix the bug, ok send please.")
    (message,) = desk.messages
    assert (message.text, message.ops) == ("Fix the bug please.", ("submit",))
    assert (message.trigger, message.op_confidence) == ("ok send", 0.95)
    assert message.trace_id == message.parent_id and message.trace_id not in (None, message.id)
    assert UUID(message.trace_id).version == 4


def test_words_that_send_alone_are_an_empty_message(desk: Desk) -> None:
    desk.hear("Okay, send.")
    assert [(message.text, message.ops) for message in desk.messages] == [("", ("submit",))]


def test_each_utterance_may_be_sent_by_itself() -> None:
    desk = Desk(autoSubmit=True)
    desk.hear("Fix the bug.")
    (message,) = desk.messages
    assert (message.ops, message.trigger, message.trace_id) == (("submit",), None, None)


def test_silence_is_no_message(desk: Desk) -> None:
    assert not desk.hear("  ")
    assert desk.messages == []


def test_the_language_is_the_detected_one_else_the_settings() -> None:
    desk = Desk(language="de")
    desk.hear("Hallo")
    desk.hear("Hello", language="en")
    assert [message.language for message in desk.messages] == ["de", "en"]


def test_calling_another_agent(desk: Desk) -> None:
    assert desk.hear("Fix the bug. Agent my codecs, hello")
    assert desk.agents.current == "my-codex"
    assert desk.told("claude") == ["Fix the bug."], "what came before was said to the one before"
    assert desk.told("my-codex") == []
    assert desk.announced == ["Agent my codex."]
    (message,) = desk.messages
    assert message.trace_id is not None


def test_calling_and_nothing_else_is_no_message(desk: Desk) -> None:
    assert desk.hear("Agent my codex.")
    assert desk.messages == [] and desk.agents.current == "my-codex"


def test_sending_and_then_calling(desk: Desk) -> None:
    desk.hear("Fix the bug ok send agent my codex")
    (message,) = desk.messages
    assert (message.text, message.ops, desk.told("claude")) == ("Fix the bug", ("submit",), ["Fix the bug"])


def test_who_is_seen_is_not_announced(desk: Desk) -> None:
    desk.agents.focus("my-codex", True, follow=False)
    desk.hear("Agent my codex.")
    assert desk.announced == []


def test_nothing_is_heard_while_it_is_muted(desk: Desk) -> None:
    assert desk.hear("That is all. Ok mute.")
    assert desk.dictation.muted and desk.told("claude") == ["That is all."]
    assert not desk.hear("This is private, ok send.")
    assert not desk.hear("Agent my codex")
    assert not desk.hear("ok mute")
    assert desk.agents.current == "claude" and desk.told("claude") == []
    assert desk.hear("Okay, listen: fix the bug")
    assert not desk.dictation.muted and desk.told("claude") == ["fix the bug"]
    assert desk.announced == ["Muted.", "Listening."]
    assert desk.changes == [True, False]


def test_muting_twice_is_said_once(desk: Desk) -> None:
    for muted in (True, True, False, False):
        desk.dictation.set_muted(muted)
    assert desk.announced == ["Muted.", "Listening."]


def test_whose_agent_has_gone_is_told_to_nobody(desk: Desk) -> None:
    desk.agents.disconnect("claude", desk.mailboxes["claude"])
    assert desk.hear("This was for Claude.")
    assert desk.hear("This was for nobody.", target=None)
    assert desk.told("my-codex") == []
    assert desk.dictation.undelivered == 2


def test_guesses_are_for_those_who_asked(desk: Desk) -> None:
    desk.dictation.guess("Fix")
    assert desk.messages == []
    desk.agents.set_current("my-codex")
    desk.dictation.guess("Fix the")
    desk.dictation.guess("")
    desk.dictation.set_muted(True)
    desk.dictation.guess("Fix the bug")
    (message,) = desk.messages
    assert (message.text, message.partial, message.ops, desk.told("my-codex")) == ("Fix the", True, (), ["Fix the"])


def test_phrases_follow_the_settings(desk: Desk) -> None:
    desk.hear("Hello, ok send")
    desk.settings = OpenVipSettings.model_validate({"phrases": {"submit": {"*": ["over"]}}})
    desk.hear("Hello, ok send")
    desk.hear("Hello, over")
    assert [(message.text, message.ops) for message in desk.messages] == [
        ("Hello", ("submit",)),
        ("Hello, ok send", ("newline",)),
        ("Hello", ("submit",)),
    ]


def test_a_name_with_braces_is_announced_as_it_is(desk: Desk) -> None:
    desk.agents.connect("{0}")
    desk.dictation.switch("{0}")
    assert desk.announced == ["Agent {0}."]
