"""Lines come out whole however the bytes were cut, and memory stays bounded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.protocol.framing import LARGE_LINE, LineBuffer, LineTooLongError


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[begin:end] for begin, end in pairwise(places)]


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line)), st.lists(st.integers(0, 400)))
def test_lines_do_not_depend_on_how_the_stream_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    buffer = LineBuffer(max_line=1000)
    stream = b"".join(line + b"\n" for line in lines)
    got = [line for piece in _cut(stream, cuts) if piece for line in buffer.feed(piece)]
    assert got == lines
    assert buffer.pending == 0


@pytest.mark.parametrize("size", [LARGE_LINE - 1, LARGE_LINE, LARGE_LINE + 1, 3 << 20])
def test_large_lines_keep_their_bytes_and_those_behind_them(size: int) -> None:
    buffer = LineBuffer(max_line=8 << 20)
    large = bytes(range(11, 256)) * (size // 245 + 1)
    stream = b"a\n" + large[:size] + b"\nb\nrest"
    assert buffer.feed(stream) == [b"a", large[:size], b"b"]
    assert buffer.pending == 4
    assert buffer.feed(b"\n") == [b"rest"]


def test_a_line_over_the_cap_is_refused_whether_it_ends_or_not() -> None:
    with pytest.raises(LineTooLongError):
        LineBuffer(max_line=10).feed(b"x" * 11 + b"\n")
    endless = LineBuffer(max_line=10)
    with pytest.raises(LineTooLongError) as caught:
        endless.feed(b"x" * 11)
    assert caught.value.limit == 10


def test_a_line_of_exactly_the_cap_passes() -> None:
    assert LineBuffer(max_line=10).feed(b"x" * 10 + b"\n") == [b"x" * 10]


def test_an_endless_line_stops_at_the_cap_and_never_grows_past_it() -> None:
    buffer = LineBuffer(max_line=4 << 20)
    taken = 0
    with pytest.raises(LineTooLongError):
        for _ in range(400):
            space = buffer.writable()
            space[:] = b"x" * len(space)
            taken += len(space)
            buffer.received(len(space))
    assert taken <= (4 << 20) + (1 << 20)
