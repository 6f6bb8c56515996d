"""How what is said becomes keystrokes."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.scripted_door import message
from vox.cli.terminal.typist import ENTER_AFTER_S, Reads, Typist
from vox.client.agents.message import message_of


class Typed:
    """A typist, a clock, and a program."""

    def __init__(self, newline: str | None = None, reads: Reads = Reads.KEYS) -> None:
        self.now, self.reads = 0.0, reads
        self.typist = Typist(newline, lambda: self.reads, lambda: self.now)

    def say(self, text: str, *ops: str, **more: Any) -> bytes:
        """What is typed at once."""
        self.tell(text, *ops, **more)
        return self.typist.type()

    def tell(self, text: str, *ops: str, **more: Any) -> None:
        told = message_of(message(text, *ops, **more))
        assert told is not None
        self.typist.take(told)

    def later(self, seconds: float) -> bytes:
        self.now += seconds
        return self.typist.type()


def test_enter_comes_after_the_text() -> None:
    typed = Typed()
    assert typed.say("hello", "submit") == b"hello" and typed.typist.due_in() == ENTER_AFTER_S
    assert typed.say("next", "submit") == b""  # not before the Enter of the first
    assert typed.later(ENTER_AFTER_S / 2) == b""
    assert typed.later(ENTER_AFTER_S / 2) == b"\rnext"
    assert typed.later(ENTER_AFTER_S) == b"\r" and typed.typist.due_in() is None
    assert typed.say("", "submit") == b"" and typed.later(1) == b"\r"


def test_a_new_line_is_as_the_program_reads_when_it_is_typed() -> None:
    typed = Typed(reads=Reads.LINES)
    assert typed.say("one", "newline") == b"one "
    typed.reads = Reads.KEYS
    assert typed.say("two", "newline") == b"two\x1b\r"
    typed.reads = Reads.TEXT
    assert typed.say("three", "newline") == b"three\r"
    assert Typed("ctrl-j").say("one\ntwo", "newline") == b"one\ntwo\n"
    assert Typed("enter").say("", "newline", "newline") == b"\r\r"


def test_partials_speech_and_unknown_ops_type_nothing() -> None:
    typed = Typed()
    assert typed.say("hel", partial=True) == b"" and typed.say("hello", type="speech") == b""
    assert typed.say("hello", "dance") == b"hello"


@given(st.text(), st.lists(st.sampled_from(["submit", "newline"])))
def test_no_text_presses_a_key(text: str, ops: list[str]) -> None:
    typed = Typed("blank", Reads.LINES)
    keys = typed.say(text, *ops) + b"".join(typed.later(1) for _ in range(len(ops)))
    assert keys.count(b"\r") == ops.count("submit")
    assert not any(code < 32 or code == 127 for code in keys.replace(b"\r", b""))


def test_a_program_that_reads_nothing_does_not_fill_our_memory() -> None:
    typed = Typed()
    for _ in range(2000):
        typed.tell("x")
    assert len(typed.typist.type()) == 1000
