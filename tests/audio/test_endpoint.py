"""Where speech begins and ends: rules that hold for any probabilities, and real speech with silence around it."""

from itertools import pairwise

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from vox.audio.endpoint import Endpointer, Endpointing, Endpoints, Span, SpeechStarted, SpeechStopped
from vox.audio.microphone import RATE
from vox.audio.vad import Earshot

FRAME_S = 0.016
SETTINGS = Endpointing(min_speech_s=0.048, min_silence_s=0.16, padding_s=0.08, longest_s=0.96)  # 3, 10, 5, 60 frames


@st.composite
def courses(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Probabilities and energies in stretches, as detectors give them, and any others."""
    stretches = draw(
        st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0.0, 0.3, 0.4, 0.55, 0.75, 1.0])), max_size=12)
    )
    course = [chance for frames, chance in stretches for _ in range(frames)]
    course += draw(st.lists(st.floats(0, 1), max_size=80))
    return [(chance, draw(st.sampled_from([0.0, 1.0, 4.0]))) for chance in course]


def decided(course: list[tuple[float, float]]) -> list[int | Span]:
    endpoints = Endpoints(SETTINGS, FRAME_S)
    decisions: list[int | Span] = []
    for chance, energy in course:
        decisions += endpoints.step(chance, energy)
        assert endpoints.seen - endpoints.first <= 60
    return decisions + list(endpoints.end())


@given(courses())
def test_beginnings_and_ends_alternate_in_order_and_nothing_is_too_long(course):
    decisions = decided(course)
    starts, spans = decisions[::2], decisions[1::2]
    assert all(isinstance(start, int) for start in starts) and all(isinstance(span, Span) for span in spans)
    assert [span.first for span in spans] == starts
    assert all(0 <= span.first < span.end <= len(course) and span.end - span.first <= 60 for span in spans)
    assert all(before.end <= after.first for before, after in pairwise(spans))


@given(courses())
def test_no_certain_speech_is_lost(course):
    covered = np.zeros(len(course) + 1, bool)
    for span in decided(course)[1::2]:
        covered[span.first : span.end] = True
    begun = 0
    for at, chance in enumerate([*(chance for chance, _ in course), 0.0]):
        if chance < 0.75:
            assert at - begun < 3 or covered[begun:at].all()
            begun = at + 1


@given(courses())
def test_what_is_found_holds_speech(course):
    if max((chance for chance, _ in course), default=0) < SETTINGS.certain:
        assert decided(course) == []


@pytest.mark.parametrize(
    ("given_course", "expected"),
    [
        ("..........##########....................", [5, Span(5, 25)]),
        ("##########", [0, Span(0, 10)]),
        ("..........##..............................", []),  # a click
        ("......####.......####.....................", [1, Span(1, 26)]),  # a breath
        ("......####................####............", [1, Span(1, 15), 21, Span(21, 35)]),
        ("......++++++++++..........................", []),  # never certain
        ("......##--------..........................", []),  # never long enough
        ("......+#+-------..........................", [1, Span(1, 21)]),
    ],
)
def test_what_counts_as_an_utterance(given_course, expected):
    chances = {".": 0.1, "-": 0.4, "+": 0.6, "#": 0.9}
    assert decided([(chances[sign], 1.0) for sign in given_course]) == expected


def test_what_is_too_long_is_cut_where_it_is_quietest():
    course = [(0.9, 1.0)] * 150
    for at in (25, 48, 95):  # the first is too far back to be taken
        course[at - 5 : at + 5] = [(0.9, 0.0)] * 10
    course[60:70] = [(0.9, 0.1)] * 10
    spans = [decision for decision in decided(course) if isinstance(decision, Span)]
    assert [(span.first, span.end) for span in spans] == [(0, 47), (47, 94), (94, 150)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold": 0.1},
        {"certain": 0.4},
        {"certain": 1.1},
        {"hysteresis": 0},
        {"padding_s": 1.0},
        {"min_speech_s": 0},
        {"longest_s": 2.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="it must hold that"):
        Endpointing(**wrong)


@pytest.fixture(scope="module")
def spoken() -> tuple[np.ndarray, list[tuple[int, int]]]:
    """The clips with silence and faint noise between them, and where each lies."""
    from tests.audio.conftest import CLIPS

    noise = np.random.default_rng(7)
    parts: list[np.ndarray] = [noise.normal(0, 8, RATE)]
    places = []
    for clip in sorted(CLIPS.glob("librivox-*.wav")):
        samples = soundfile.read(clip, dtype="int16")[0]
        begin = sum(map(len, parts))
        places.append((begin, begin + len(samples)))
        parts += [samples, noise.normal(0, 8, 2 * RATE)]
    return np.concatenate(parts).round().astype(np.int16), places


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.02, 4.0])
def test_clips_are_found_whole_however_loud(spoken, gain):
    recording, places = spoken
    samples = np.clip(recording * gain, -32_768, 32_767).astype(np.int16)
    endpointer = Endpointer()
    found = [*endpointer.feed(samples), *endpointer.end()]
    assert len(places) <= len(found) <= len(places) + 3  # a long breath may part a sentence
    voiced = np.zeros(len(recording) // 256, bool)
    detector = Earshot()
    for at in range(len(voiced)):
        voiced[at] = detector.probability(recording[256 * at : 256 * (at + 1)]) >= 0.7
    inside = np.zeros(len(recording), bool)
    for utterance in found:
        end = utterance.start + len(utterance.pcm) // 2
        assert np.array_equal(np.frombuffer(utterance.pcm, "<i2"), samples[utterance.start : end])
        inside[utterance.start : end] = True
    assert inside[: 256 * len(voiced)].reshape(-1, 256).all(axis=1)[voiced].mean() >= 0.995
    outside = np.ones(len(recording), bool)
    for begin, end in places:
        outside[begin - RATE // 2 : end + RATE // 2] = False
    assert not (inside & outside).any()


@settings(max_examples=25)
@given(sizes=st.lists(st.integers(0, 5000), min_size=1, max_size=20).filter(any))
def test_in_what_portions_sound_comes_does_not_matter(sizes, spoken):
    samples = spoken[0][: 8 * RATE]
    whole, portions = Endpointer(), Endpointer()
    expected = whole.hear(samples) + whole.finish()
    events, at = [], 0
    while at < len(samples):
        for size in sizes:
            events += portions.hear(samples[at : at + size])
            at += size
    assert events + portions.finish() == expected
    assert [type(event) for event in expected] == [SpeechStarted, SpeechStopped] * (len(expected) // 2)


def test_long_speech_is_cut_and_joins_to_what_it_was():
    from tests.audio.conftest import CLIPS

    clip = soundfile.read(CLIPS / "librivox-0870.wav", dtype="int16")[0]
    samples = np.concatenate([clip[4000:-6000]] * 10)  # a minute without a pause that would end it
    endpointer = Endpointer()
    found = [*endpointer.feed(samples), *endpointer.end()]
    assert len(found) >= 2
    assert all(utterance.duration_s <= 30 for utterance in found)
    assert sum(utterance.duration_s for utterance in found) > 0.97 * len(samples) / RATE


def test_silence_and_noise_are_no_speech_and_cost_no_memory():
    noise = np.random.default_rng(3)
    endpointer = Endpointer()
    for loudness in (0, 30, 1000):
        for _ in range(20):
            assert endpointer.hear(noise.normal(0, loudness, RATE).round().astype(np.int16)) == []
    assert len(endpointer._kept) < 2 * RATE
    assert endpointer.end() == []


def test_a_word_at_the_very_end_is_heard(spoken):
    recording, places = spoken
    endpointer = Endpointer()
    cut = places[1][1] - 2000  # somebody stops in the middle of speech
    found = [*endpointer.feed(recording[:cut]), *endpointer.end()]
    last = found[-1]
    assert last.start + len(last.pcm) // 2 == cut
    assert last.start_s == last.start / RATE
    assert len(last.wav()) == 44 + len(last.pcm)
