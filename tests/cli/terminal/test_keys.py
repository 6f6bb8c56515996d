"""What is taken out of what is typed."""

import pytest

from vox.cli.terminal.keys import KEYS, Keyboard
from vox.cli.terminal.watcher import Watcher


@pytest.mark.parametrize(
    "sent", [b"\x1c", b"\x1b[92;5u", b"\x1b[92;5:1u", b"\x1b[92;133u", b"\x1b[92::92;5;28u", b"\x1b[27;5;92~"]
)
def test_a_key_that_claims_however_it_is_sent(sent: bytes) -> None:
    keyboard = Keyboard("ctrl-\\", Watcher())
    assert keyboard.feed(b"a" + sent + b"b") == b"ab" and keyboard.claimed


@pytest.mark.parametrize(
    "sent", [b"\x1d", b"\x1b[92u", b"\x1b[92;6u", b"\x1b[92;5:3u", b"\x1b[192;5u", b"\x1b[A", b"\\"]
)
def test_keys_that_do_not(sent: bytes) -> None:
    keyboard = Keyboard("ctrl-\\", Watcher())
    assert keyboard.feed(sent) == sent and not keyboard.claimed


def test_no_key_at_all() -> None:
    keyboard = Keyboard("none", Watcher())
    assert keyboard.feed(bytes(KEYS.values())) == bytes(KEYS.values()) and not keyboard.claimed


def test_pastes_are_the_programs() -> None:
    keyboard = Keyboard("ctrl-]", Watcher())
    assert keyboard.feed(b"a\x1d\x1b[200~b\x1d\x1b[I") == b"a\x1b[200~b\x1d\x1b[I"
    assert keyboard.claimed and keyboard.pasting and keyboard.focused is None
    assert keyboard.feed(b"c\x1b[201~d\x1b[O") == b"c\x1b[201~d"
    assert not keyboard.pasting and keyboard.focused is False


def test_the_focus_goes_to_a_program_that_asked_for_it() -> None:
    watcher = Watcher()
    keyboard = Keyboard("none", watcher)
    assert keyboard.feed(b"\x1b[I") == b"" and keyboard.focused is True
    watcher.feed(b"\x1b[?1004h")
    assert keyboard.feed(b"\x1b[O") == b"\x1b[O" and keyboard.focused is False
