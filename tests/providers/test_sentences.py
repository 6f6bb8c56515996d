"""Sentences are where a reader would pause, and nothing but white space is lost on the way."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox_providers._sentences import CLAUSE_PAUSE, PARAGRAPH_PAUSE, SENTENCE_PAUSE, split


def texts(text: str, longest: int = 300) -> list[str]:
    return [sentence.text for sentence in split(text, longest)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("Dr. Smith met Mrs. Jones. They talked.", ["Dr. Smith met Mrs. Jones.", "They talked."]),
        ("J. R. R. Tolkien wrote it. Then he slept.", ["J. R. R. Tolkien wrote it.", "Then he slept."]),
        ("So did I. Then we left.", ["So did I.", "Then we left."]),
        ("Come on Jan. 5th. Bring cake.", ["Come on Jan. 5th.", "Bring cake."]),
        ("It was in Jan. Then spring came.", ["It was in Jan.", "Then spring came."]),
        ("See Fig. 3, p. 12. It shows pi is 3.14. Good.", ["See Fig. 3, p. 12.", "It shows pi is 3.14.", "Good."]),
        ("Use a tool, e.g. Git, i.e. the U.S. Army one.", ["Use a tool, e.g. Git, i.e. the U.S. Army one."]),
        ("We met at 5 p.m. He was late.", ["We met at 5 p.m.", "He was late."]),
        ("In 2020. 5 people came.", ["In 2020.", "5 people came."]),
        ("Cats, dogs, etc. are pets. Yes.", ["Cats, dogs, etc. are pets.", "Yes."]),
        ('"Stop!" he said. "Why?" she asked.', ['"Stop!" he said.', '"Why?" she asked.']),
        ("He said “Go.” Then he went.", ["He said “Go.”", "Then he went."]),
        ("(It rained.) We stayed.", ["(It rained.)", "We stayed."]),
        ("Well... maybe. Well… Maybe not.", ["Well... maybe.", "Well…", "Maybe not."]),
        ("What?! No!!! Really?", ["What?!", "No!!!", "Really?"]),
        ("今日は。元気ですか？はい！そう", ["今日は。", "元気ですか？", "はい！", "そう"]),
        ("a wrapped\nline of text\n\nA second\n\n\nThird", ["a wrapped line of text", "A second", "Third"]),
        ("Shopping\n1. Milk\n2. Eggs", ["Shopping", "1. Milk", "2. Eggs"]),
        ("example.com and file.py are names. OK?", ["example.com and file.py are names.", "OK?"]),
        ("tabs\tand   spaces", ["tabs and spaces"]),
        (" \n \n ", []),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_stops(text: str, sentences: list[str]) -> None:
    assert texts(text) == sentences


def test_pauses_grow_from_clause_to_paragraph() -> None:
    found = split("One two three, four five six; seven eight. Nine.\n\nTen.", 24)
    assert [sentence.pause_s for sentence in found] == [
        CLAUSE_PAUSE,
        CLAUSE_PAUSE,
        SENTENCE_PAUSE,
        PARAGRAPH_PAUSE,
        PARAGRAPH_PAUSE,
    ]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("alpha beta, gamma delta epsilon zeta", ["alpha beta,", "gamma delta epsilon", "zeta"]),
        ("alpha beta; gamma, delta epsilon", ["alpha beta;", "gamma, delta epsilon"]),
        ("alpha beta gamma delta epsilon", ["alpha beta gamma", "delta epsilon"]),
        ("abcdefghijklmnopqrstuvwxyz", ["abcdefghijklmnopqrst", "uvwxyz"]),
        ("一二三四五六七八九、十一二三四五六七八九十一", ["一二三四五六七八九、", "十一二三四五六七八九十一"]),
    ],
)
def test_a_long_sentence_is_cut_at_its_best_mark(text: str, pieces: list[str]) -> None:
    assert texts(text, 20) == pieces


_ANY_TEXT = st.text(st.sampled_from('aB1 .,;:!?…—\n\t"”’)(。、！é中') | st.characters(codec="utf-8"), max_size=300)


@given(_ANY_TEXT, st.integers(min_value=1, max_value=60))
def test_nothing_but_white_space_is_lost_and_no_piece_is_too_long(text: str, longest: int) -> None:
    pieces = texts(text, longest)
    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(0 < len(piece) <= longest and piece == piece.strip() for piece in pieces)


@pytest.mark.parametrize("unit", ["word ", "x", ". ", "a. ", "\n", "\n ", '"', "Mr. ", "(((", "!?", "... X ", ".)"])
def test_the_longest_text_is_split_in_no_time(unit: str) -> None:
    text = (unit * 20_000)[:20_000] + "x"
    begun = perf_counter()
    pieces = texts(text)
    assert perf_counter() - begun < 2  # milliseconds when the work grows with the length, minutes with its square
    assert "".join("".join(pieces).split()) == "".join(text.split())
