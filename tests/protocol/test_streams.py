"""Audio and text that come before an answer: put together as they were cut, refused when they cannot be right."""

import base64
import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.errors import ProviderMisbehaved
from vox.protocol.peer import Notice
from vox.protocol.streams import AudioStream, call_id, read_partial


def audio(sequence: Any, data: bytes | str | None, **more: Any) -> Notice:
    encoded = base64.b64encode(data).decode("ascii") if isinstance(data, bytes) else data
    params = {"id": 1, "sequence": sequence, "audioBase64": encoded, **more}
    return Notice("audio", {name: value for name, value in params.items() if value is not None})


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=12), st.booleans(), st.booleans())
def test_any_cut_comes_back_whole(pcm: bytes, cuts: list[int], numbered: bool, decoded: bool) -> None:
    """Wherever a provider cuts, also within a sample: the samples are those it made, and each piece is playable."""
    places = [0, *sorted(cuts), len(pcm)]
    stream, pieces = AudioStream(), list[bytes]()
    for number, (start, end) in enumerate(itertools.pairwise(places)):
        data = pcm[start:end]
        notice = audio(number if numbered else None, data, sampleRate=24_000 if not number else None)
        pieces.append(stream.take(notice._replace(audio=data) if decoded else notice))
    assert b"".join(pieces) == pcm[: len(pcm) // 2 * 2]
    assert all(len(piece) % 2 == 0 for piece in pieces)
    assert (stream.rate, stream.size, stream.duration_s) == (24_000, len(pcm) // 2 * 2, len(pcm) // 2 / 24_000)
    if len(pcm) % 2:
        with pytest.raises(ProviderMisbehaved, match="within a 16-bit sample"):
            stream.end()
    else:
        stream.end()


@given(st.permutations(range(5)))
def test_only_the_right_order_is_taken(order: list[int]) -> None:
    stream = AudioStream(8000)
    if order == sorted(order):
        for number in order:
            stream.take(audio(number, b"ab"))
        assert stream.size == 10
    else:
        with pytest.raises(ProviderMisbehaved, match="out of order"):
            for number in order:
                stream.take(audio(number, b"ab"))


@pytest.mark.parametrize(
    ("notices", "told"),
    [
        ([audio(1, b"ab")], "sequence 1, expected 0"),
        ([audio(0, b"ab"), audio(0, b"ab")], "sequence 0, expected 1"),
        ([audio(0, b"ab"), audio(2, b"ab")], "sequence 2, expected 1"),
        ([audio("0", b"ab")], "sequence 0, expected 0"),
        ([audio(False, b"ab")], "sequence False"),
        ([audio(0, b"ab"), audio(1, b"ab", sampleRate=22_050)], "from 24000 to 22050"),
        ([audio(0, b"ab", sampleRate=4000)], "sampleRate 4000"),
        ([audio(0, b"ab", sampleRate=24_000.5)], "sampleRate 24000.5"),
        ([audio(0, b"ab", sampleRate="24000")], "sampleRate 24000; it must be a whole number"),
        ([audio(0, b"ab", sampleRate=True)], "sampleRate True"),
        ([audio(0, "no base64!")], "not valid base64"),
        ([audio(0, None)], "without audioBase64"),
        ([Notice("audio", {"id": 1, "audioBase64": 7})], "without audioBase64"),
    ],
)
def test_what_cannot_be_right_is_refused(notices: list[Notice], told: str) -> None:
    stream = AudioStream(24_000)
    with pytest.raises(ProviderMisbehaved, match=told):
        for notice in notices:
            stream.take(notice)


def test_a_rate_must_be_known_and_the_streams_own_word_counts() -> None:
    with pytest.raises(ProviderMisbehaved, match="does not say its sampleRate"):
        AudioStream().take(audio(0, b"ab"))
    stream = AudioStream(24_000)
    stream.take(audio(0, b"ab", sampleRate=16_000.0))
    assert stream.rate == 16_000 and isinstance(stream.rate, int) and stream.begun


def test_nothing_taken_is_nothing_begun() -> None:
    stream = AudioStream()
    stream.end()
    assert not stream.begun and stream.duration_s == 0


@pytest.mark.parametrize(
    ("params", "read"),
    [
        ({"text": "one two"}, ("one two", 0)),
        ({"text": "one two", "stable": True}, ("one two", 7)),
        ({"text": "one two", "stable": False}, ("one two", 0)),
        ({"text": "one two", "stable": 3}, ("one two", 3)),
        ({"text": "one two", "stable": 99}, ("one two", 7)),
        ({"text": "one two", "stable": -1}, ("one two", 0)),
        ({"text": "one two", "stable": "yes"}, ("one two", 0)),
        ({"text": ""}, ("", 0)),
    ],
)
def test_partials(params: dict[str, Any], read: tuple[str, int]) -> None:
    assert read_partial(Notice("partial", params)) == read


@pytest.mark.parametrize("params", [{}, {"text": None}, {"text": 7}])
def test_a_partial_needs_text(params: dict[str, Any]) -> None:
    with pytest.raises(ProviderMisbehaved, match="no text"):
        read_partial(Notice("partial", params))


@pytest.mark.parametrize(
    ("value", "number"),
    [(7, 7), ("7", 7), (True, 0), (None, 0), ("x", 0), (7.5, 0), ("9" * 30, 0), ([7], 0)],
)
def test_the_call_of_a_notification(value: Any, number: int) -> None:
    assert call_id(Notice("audio", {"id": value})) == number
