"""What output does to a terminal, in whatever pieces it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.client.agents.test_http import pieces_of
from vox.cli.terminal.watcher import Watcher


def watched(*pieces: bytes) -> Watcher:
    watcher = Watcher()
    for piece in pieces:
        watcher.feed(piece)
    return watcher


WHOLE = (
    b"plain \xe2\x82\xac\x1b[1;31mred\x1b[0m\x1b]0;a title\x07\x1b]8;;x\x1b\\link\x1b(B\x1b7\x1b[?1049;2004h"
    b"\x1bPdevice\x1b\\\x1b[?25l\x1b[>1u\x1b[>5u\x1b[<u"
)


@given(st.lists(st.integers(0, 10_000)))
def test_pieces_mean_what_the_whole_means(cuts: list[int]) -> None:
    watcher = watched(*pieces_of(WHOLE, cuts))
    assert watcher.is_between and watcher.modes == {1049, 2004} and watcher.hides_cursor
    assert watcher.leave() == b"\x1b[?1049l\x1b[?2004l\x1b[<1u\x1b[?25h\x1b[0m"


@pytest.mark.parametrize(
    "ending",
    [
        b"\x1b",
        b"\x1b[",
        b"\x1b[3",
        b"\x1b[?25",
        b"\x1b(",
        b"\x1b]0;tit",
        b"\x1b]0;t\x1b",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0",
    ],
)
def test_nothing_is_drawn_into_what_has_begun(ending: bytes) -> None:
    assert not watched(b"text", ending).is_between
    assert watched(b"text \xc3\xa4 \x9b \xff\xfe").is_between


@given(st.lists(st.binary(max_size=30)))
def test_whatever_comes_it_goes_on(pieces: list[bytes]) -> None:
    watcher = watched(*pieces, b"\x07\x1b\\ ok \x1b[?1h")
    assert watcher.is_between and 1 in watcher.modes


def test_what_was_turned_off_again_is_off() -> None:
    assert watched(b"\x1b[?1049h\x1b[?1049l\x1b[?25l\x1b[?25h\x1b[>1u\x1b[<9u").leave() == b""
    assert watched(b"\x1b[?1049h\x1b[?25l\x1bc").leave() == b""


def test_what_may_cost_another_its_line() -> None:
    assert not watched(b"text\x1b[5;10H\x1b[K").erased
    assert watched(b"\x1b[2J").erased and not watched(b"\x1b[2J").margins_lost
    for lost in (b"\x1b[?1049h", b"\x1bc", b"\x1b[!p"):
        assert watched(lost).margins_lost
