"""Finding speech, and cutting it where nobody speaks."""

import tracemalloc
import wave
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.provider import ProviderError
from vox_providers._pieces import FRAME, RATE, Piece, Recording, find_pieces, listen, plan

LONGEST_S = 30.0


def never() -> None:
    """A checkpoint of a call nobody cancels."""


@st.composite
def curves(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """Chances and energies of up to eight stretches of speech or silence, each up to 80 s, and a number of samples."""
    lengths = st.one_of(st.integers(1, 40), st.integers(1, 5000))
    stretches = draw(st.lists(st.tuples(lengths, st.sampled_from([0.0, 0.3, 0.4, 0.6, 1.0])), max_size=8))
    chances = np.concatenate([np.empty(0), *(np.full(length, chance) for length, chance in stretches)])
    noise = np.random.default_rng(draw(st.integers(0, 1000)))
    missing = draw(st.integers(0, FRAME - 1)) if len(chances) else 0
    return chances.astype(np.float32), noise.random(len(chances), np.float32), len(chances) * FRAME - missing


def spoken(chances: np.ndarray) -> Iterator[tuple[int, int]]:
    """Stretches in which the detector is certain and that are long enough for a word: six frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chances >= 0.9, [False]]).astype(int)))
    return ((int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= 6)


@given(curves())
def test_pieces_hold_all_speech_in_order_and_none_is_too_long(curve: tuple[np.ndarray, np.ndarray, int]) -> None:
    chances, energies, samples = curve
    pieces = plan(chances, energies, samples, LONGEST_S)
    held = np.zeros(samples, bool)
    for piece in pieces:
        held[piece.start : piece.end] = True
        assert 0 <= piece.start < piece.end <= samples
        assert piece.end_s - piece.start_s <= LONGEST_S
    assert all(before.end <= after.start for before, after in pairwise(pieces))
    assert all(held[first * FRAME : last * FRAME].all() for first, last in spoken(chances))


@given(curves())
def test_a_piece_knows_where_its_voice_is(curve: tuple[np.ndarray, np.ndarray, int]) -> None:
    for piece in plan(*curve, LONGEST_S):
        bounds = [moment for span in piece.voiced for moment in span]
        assert bounds and bounds == sorted(bounds)
        assert piece.start <= bounds[0] and bounds[-1] < piece.end + FRAME


def test_a_long_stretch_is_cut_in_its_gaps() -> None:
    chances = np.ones(4000, np.float32)  # 64 s
    energies = np.ones(4000, np.float32)
    for gap in (1300, 2700):
        energies[gap : gap + 20] = 0.01
    cuts = [piece.end // FRAME for piece in plan(chances, energies, 4000 * FRAME, LONGEST_S)[:-1]]
    assert len(cuts) == 2
    assert 1300 <= cuts[0] < 1320 and 2700 <= cuts[1] < 2720


def test_two_sentences_far_apart_are_two_pieces() -> None:
    chances = np.zeros(1000, np.float32)
    chances[100:200] = chances[700:800] = 1
    pieces = plan(chances, chances, 1000 * FRAME, LONGEST_S)
    assert [piece.voiced for piece in pieces] == [((100 * FRAME, 200 * FRAME),), ((700 * FRAME, 800 * FRAME),)]


@pytest.mark.parametrize("name", ["jfk", "librivox-0870", "librivox-0880"])
def test_speech_is_found_and_silence_is_not(
    name: str, speech: Callable[[str], np.ndarray], wav: Callable[..., str]
) -> None:
    clip = speech(name)
    quiet = np.zeros(5 * RATE, np.int16)
    with Recording(wav(np.concatenate([quiet, clip, quiet]))) as recording:
        pieces = find_pieces(recording, LONGEST_S, never)
    assert 4.5 < pieces[0].start_s < 6.0
    assert 0.7 * len(clip) < pieces[-1].end - pieces[0].start < len(clip) + RATE


def test_silence_has_no_pieces_and_no_samples_have_none(wav: Callable[..., str]) -> None:
    for samples in (np.zeros(0), np.zeros(100), np.zeros(10 * RATE)):
        with Recording(wav(samples)) as recording:
            assert find_pieces(recording, LONGEST_S, never) == []


@pytest.mark.parametrize("gain", [2.0, 0.1, 0.01])
def test_how_loud_someone_speaks_does_not_matter(gain: float, speech: Callable[[str], np.ndarray]) -> None:
    clip = speech("librivox-0870")
    as_it_is = plan(*listen(iter([clip]), never), LONGEST_S)
    other = plan(*listen(iter([np.clip(clip * gain, -32768, 32767).astype(np.int16)]), never), LONGEST_S)
    assert [(piece.start_s, piece.end_s) for piece in other] == [
        (pytest.approx(piece.start_s, abs=0.2), pytest.approx(piece.end_s, abs=0.2)) for piece in as_it_is
    ]


def test_blocks_make_one_recording(speech: Callable[[str], np.ndarray]) -> None:
    clip = speech("jfk")
    whole = listen(iter([clip]), never)
    halves = listen(iter([clip[: 100 * FRAME], clip[100 * FRAME :]]), never)
    assert np.array_equal(whole[1], halves[1]) and whole[2] == halves[2] == len(clip)
    assert len(whole[0]) == len(halves[0]) == -(-len(clip) // FRAME)
    assert np.mean((whole[0] > 0.5) != (halves[0] > 0.5)) < 0.05  # the loudness is taken block by block


def test_where_the_detector_is_never_certain_is_no_piece() -> None:
    chances = np.full(500, 0.8, np.float32)
    assert plan(chances, chances, 500 * FRAME, LONGEST_S) == []


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        for _ in range(20):
            file.writeframesraw(bytes(2 * 60 * RATE))
    with Recording(str(path)) as recording:
        find_pieces(recording, LONGEST_S, never)
        tracemalloc.start()
        find_pieces(recording, LONGEST_S, never)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < path.stat().st_size / 2


def test_a_cancelled_call_stops_listening(wav: Callable[..., str]) -> None:
    def stop() -> None:
        raise InterruptedError

    with Recording(wav(np.zeros(RATE))) as recording, pytest.raises(InterruptedError):
        find_pieces(recording, LONGEST_S, stop)


def test_a_piece_is_read_as_floats(wav: Callable[..., str]) -> None:
    with Recording(wav(np.array([0, 16384, -32768, 32767], np.int16))) as recording:
        assert recording.read(Piece(1, 3, ((1, 3),))).tolist() == [0.5, -1.0]
        assert recording.duration_s == 4 / RATE


def test_a_truncated_file_is_read_as_far_as_it_goes(
    wav: Callable[..., str], speech: Callable[[str], np.ndarray]
) -> None:
    path = Path(wav(speech("librivox-0880")))
    path.write_bytes(path.read_bytes()[:-40001])
    with Recording(str(path)) as recording:
        pieces = find_pieces(recording, LONGEST_S, never)
        assert sum(len(recording.read(piece)) for piece in pieces) > RATE


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (16000, 2)])
def test_another_form_is_refused_by_name(rate: int, channels: int, wav: Callable[..., str]) -> None:
    with pytest.raises(ProviderError, match=f"{rate} Hz, {channels} channel") as refused:
        Recording(wav(np.zeros(100), rate, channels))
    assert refused.value.code == "unsupported_audio"


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a wav file at all, whatever its name says"])
def test_no_wav_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    for wrong in (path, tmp_path, tmp_path / "absent.wav"):
        with pytest.raises(ProviderError) as refused:
            Recording(str(wrong))
        assert refused.value.code == "unsupported_audio"
