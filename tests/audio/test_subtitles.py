import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.audio.subtitles import segments_from_words, to_srt, to_vtt

SEGMENTS = [(0.0, 1.5, "Hello, world."), (3661.0014, 3662.9996, "  Bye  ")]


def test_srt():
    assert to_srt(SEGMENTS) == (
        "1\n00:00:00,000 --> 00:00:01,500\nHello, world.\n\n2\n01:01:01,001 --> 01:01:03,000\nBye\n\n"
    )


def test_vtt():
    assert to_vtt(SEGMENTS) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello, world.\n\n01:01:01.001 --> 01:01:03.000\nBye\n\n"
    )


def test_nothing_said():
    assert to_srt([]) == ""
    assert to_vtt([]) == "WEBVTT\n\n"


def test_empty_text_takes_no_number():
    assert to_srt([(0, 1, " \n "), (1, 2, "Yes.")]).startswith("1\n00:00:01,000")


@pytest.mark.parametrize(
    ("text", "srt", "vtt"),
    [
        ("one\n\ntwo", "one two", "one two"),
        ("a\x00b\u2028c", "a b c", "a b c"),
        ("a --> b", "a -> b", "a --&gt; b"),
        ("a ----> b", "a -> b", "a ----&gt; b"),
        ("R&D <b>", "R&D <b>", "R&amp;D &lt;b&gt;"),
        ("half \ud800", "half \ufffd", "half \ufffd"),
    ],
)
def test_what_would_break_the_file_is_taken_out(text, srt, vtt):
    assert to_srt([(0, 1, text)]).splitlines()[2] == srt
    assert to_vtt([(0, 1, text)]).splitlines()[3] == vtt


@pytest.mark.parametrize(
    ("seconds", "clock"), [(-1, "00:00:00,000"), (float("nan"), "00:00:00,000"), (float("inf"), "99:59:59,999")]
)
def test_times_that_cannot_be_are_kept_in_range(seconds, clock):
    assert f"{clock} --> {clock}" in to_srt([(seconds, seconds, "x")])


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5), st.text())))
def test_any_text_gives_a_well_formed_file(segments):
    cue = r"\d+\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\n[^\n]+\n\n"
    srt = to_srt(segments)
    assert re.fullmatch(f"({cue})*", srt)
    assert srt.count("-->") == len(re.findall(cue, srt))
    vtt = to_vtt(segments)
    assert vtt.count("-->") == srt.count("-->")
    (srt + vtt).encode()


def words(text: str, step: float = 0.3) -> list[tuple[float, float, str]]:
    return [(i * step, i * step + 0.25, word) for i, word in enumerate(text.split())]


def texts(timed) -> list[str]:
    return [text for _, _, text in segments_from_words(timed)]


def test_a_sentence_ends_a_segment():
    said = words("This is one sentence. This is another one.")
    assert texts(said) == ["This is one sentence.", "This is another one."]
    assert segments_from_words(said)[1][:2] == (pytest.approx(1.2), pytest.approx(2.35))


def test_an_abbreviation_does_not():
    assert texts(words("Dr. Jones is in. Come.")) == ["Dr. Jones is in.", "Come."]


def test_quotes_belong_to_the_sentence_they_close():
    assert texts(words("And then he said “no way.” She left at once.")) == [
        "And then he said “no way.”",
        "She left at once.",
    ]


def test_a_pause_ends_a_segment():
    assert texts([(0, 0.5, "well"), (0.6, 1.0, "yes"), (2.5, 3.0, "maybe")]) == ["well yes", "maybe"]


def test_nothing_from_nothing():
    assert segments_from_words([]) == []
    assert segments_from_words([(0, 1, " ")]) == []


@given(st.lists(st.tuples(st.floats(0, 0.8), st.text("abcdefgh.", min_size=1, max_size=12)), min_size=1))
def test_segments_hold_every_word_and_stay_readable(said):
    timed = []
    for i, (length, word) in enumerate(said):
        timed.append((float(i), i + length, word))
    segments = segments_from_words(timed)
    assert " ".join(text for _, _, text in segments) == " ".join(word for _, word in said)
    assert all(len(text) <= 84 and end - start <= 7 for start, end, text in segments)
    assert [start for start, _, _ in segments] == sorted(start for start, _, _ in segments)
