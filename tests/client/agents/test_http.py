"""What a daemon answers, in whatever pieces it comes."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.client.agents.http import Response, request

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


def read(response: Response, pieces: list[bytes]) -> bytes:
    return b"".join(response.feed(piece) for piece in pieces)


@given(st.lists(st.binary(min_size=1, max_size=40)), st.lists(st.integers(0, 10_000)))
def test_chunks_are_joined_wherever_they_are_cut(chunks: list[bytes], cuts: list[int]) -> None:
    wire = CHUNKED + b"".join(b"%x;note=1\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    response = Response()
    assert read(response, pieces_of(wire, cuts)) == b"".join(chunks)
    assert not response.done and response.status == 200
    response.feed(b"0\r\n\r\n")
    assert response.done
    response.end()


@given(st.binary(max_size=60), st.lists(st.integers(0, 10_000)))
def test_a_length_or_the_end_tells_how_long_a_body_is(body: bytes, cuts: list[int]) -> None:
    told, untold = Response(), Response()
    head = b"HTTP/1.1 404 Not Found\r\n"
    assert read(told, pieces_of(head + b"Content-Length: %d\r\n\r\n" % len(body) + body, cuts)) == body
    assert told.done or not body
    assert read(untold, pieces_of(head + b"X: y\r\n\r\n" + body, cuts)) == body and not untold.done
    untold.end()
    assert untold.done and untold.status == told.status == 404 and untold.headers == {"x": "y"}


@pytest.mark.parametrize(
    "wire", [b"220 mail\r\n\r\n", b"HTTP/1.1 no\r\n\r\n", b"x" * 70_000, CHUNKED + b"zz\r\n", CHUNKED + b"1" * 2000]
)
def test_what_is_no_http_is_refused(wire: bytes) -> None:
    with pytest.raises(ConnectionError):
        Response().feed(wire)


@pytest.mark.parametrize("wire", [b"", b"HTTP/1.1 200 OK\r\n", CHUNKED + b"5\r\nab", b"HTTP/1.1 200 OK\r\n"])
def test_an_end_too_early_is_told(wire: bytes) -> None:
    response = Response()
    response.feed(wire)
    with pytest.raises(ConnectionError, match="closed"):
        response.end()


def test_a_request() -> None:
    head, _, body = request("POST", "/control", 8771, "abc", {"é": 1}).partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    assert lines[0] == "POST /openvip/control HTTP/1.1" and json.loads(body) == {"é": 1}
    assert {"Host: 127.0.0.1:8771", "Authorization: Bearer abc", f"Content-Length: {len(body)}"} <= set(lines)
    assert b"Content" not in request("GET", "/status", 8771, "")
