"""A text that is being written, cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.runtime.agent.sentences import LONGEST, Sentences

ORDINARY = st.sampled_from(
    (
        "Dr. |3.50 |a.m. |Yes. |No! |Well… |1. one\n|- two\n|\n\n|```py\nx = 1.\n```\n|好。|、|https://a.b/c?d=e. |😀 "
        "|word |And |so, |e.g. |(really?) |“Quoted.” |👨\u200d👩\u200d👧|e\u0301|" + "x" * 90
    ).split("|")
)
TEXTS = st.one_of(st.lists(ORDINARY, max_size=60).map("".join), st.text(max_size=400))


def pieces(text: str, *cuts: int) -> list[str]:
    """The pieces of a text that comes in deltas with those ends."""
    sentences, found, begin = Sentences(), [], 0
    for end in [*sorted(cuts), len(text)]:
        found += sentences.feed(text[begin:end])
        begin = end
    return found + sentences.flush()


def size(text: str) -> int:
    return sum(2 if character >= "\u1100" else 1 for character in text)


@given(TEXTS, st.data())
def test_pieces_are_the_text_however_it_comes(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=12))
    found = pieces(text, *cuts)
    assert "".join(found) == text
    assert found == pieces(text)
    assert all(0 < len(piece) <= LONGEST for piece in found)


@given(TEXTS, st.data())
def test_pauses_take_nothing_away(text: str, data: st.DataObject) -> None:
    sentences, found, begin = Sentences(), [], 0
    for end in sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12))):
        found += sentences.feed(text[begin:end])
        found += data.draw(st.sampled_from([sentences.pause, sentences.flush, list]))()
        begin = end
    found += [*sentences.feed(text[begin:]), *sentences.flush()]
    assert "".join(found) == text
    assert all(0 < len(piece) <= LONGEST for piece in found)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Yes, of course. I will", "Yes, of course. "),
        ("Yes. No. I think so. It is", "Yes. No. I think so. "),
        ("Dr. Smith and Mr. J. R. Jones came. They", "Dr. Smith and Mr. J. R. Jones came. "),
        ("It costs $3.50 in all, e.g. for tea. It", "It costs $3.50 in all, e.g. for tea. "),
        ("We met at 9 a.m. sharp. Then", "We met at 9 a.m. sharp. "),
        ("We meet at 9 a.m. Then we go", "We meet at 9 a.m. "),
        ("It lasts approx. two hours. Then", "It lasts approx. two hours. "),
        ("See no. 5 of that. Then", "See no. 5 of that. "),
        ("I was born in 1984. Then", "I was born in 1984. "),
        ("And so do I. Then we", "And so do I. "),
        ("Hm, wait... maybe not. But", "Hm, wait... maybe not. "),
        ("He asked “Really?” And left.", "He asked “Really?” "),
        ("It is **very good.** And", "It is **very good.** "),
        ("## Introduction\nThis is", "## Introduction\n"),
        ("1. Open the door\n2. Close", "1. Open the door\n"),
        ("1. Open it. 2. Close it. And", "1. Open it. "),
        ("今日は良い天気です。散歩", "今日は良い天気です。"),
        ("はい。わかりました！では", "はい。わかりました！"),
        ("It is a rather long beginning, is it not, of what I", "It is a rather long beginning, is it not, "),
        ("Look at https://example.com/a.b?c=d. Then", "Look at https://example.com/a.b?c=d. "),
    ],
)
def test_where_the_first_piece_ends(text: str, first: str) -> None:
    sentences = Sentences()
    assert [piece for character in text for piece in sentences.feed(character)][:1] == [first]


def test_a_first_piece_without_marks_ends_at_a_blank() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    assert next(Sentences().feed(text)) == "one two three four five six seven eight nine ten eleven "


def test_later_sentences_are_joined_and_never_too_long() -> None:
    sentence = "This sentence is one of fifty letters in length. "
    found = pieces(sentence * 20)
    assert found[0] == sentence
    assert {*found[1:-1]} == {sentence * 2}
    assert pieces(sentence + "word " * 60)[1] == "word " * 40
    assert pieces(sentence + "word " * 60)[2] == "word " * 20


def test_long_words_are_cut_between_letters() -> None:
    assert [len(piece) for piece in pieces("x" * 450)] == [200, 200, 50]
    accented = pieces("e\u0301" * 150 + "```" * 100)
    assert not [piece for piece in accented if piece.startswith("\u0301")]
    assert max(size(piece) for piece in pieces("字" * 450)) <= LONGEST


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("I think so. The oth", ["I think so. "]),
        ("I think so.", ["I think so."]),
        ("I think, and the oth", ["I think, "]),
        ("I think that the oth", ["I think that the "]),
        ("I think that the ", ["I think that the "]),
        ("I thi", []),
        ("", []),
    ],
)
def test_what_is_said_when_the_writer_stops_to_think(text: str, said: list[str]) -> None:
    sentences = Sentences()
    assert [*sentences.feed(text), *sentences.pause()] == said


def test_a_book_is_cut_in_time_that_its_length_is_worth() -> None:
    assert len(pieces("This sentence is one of fifty letters in length. " * 20_000)) == 10_001
