"""What is written differently and said alike is the same; what is said differently stays different."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.bench.normal import normal_words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello, world!", "hello world"),
        ("ＦＵＬＬ width", "full width"),
        ("It’s me.", "it is me"),
        ("Mr. Smith and Dr. Jones", "mister smith and doctor jones"),
        ("We can't, we won't, we don't.", "we can not we will not we do not"),
        ("They'll say we've lost; you're late.", "they will say we have lost you are late"),
        ("Um, I uh think so", "i think so"),
        ("[Music] yes (laughs)", "yes"),
        ("ill-disposed", "ill disposed"),
        ("'quoted' words", "quoted words"),
        ("In 1984, 20 people", "in nineteen eighty four twenty people"),
        ("two hundred and five", "205"),
        ("My neighbour's favourite colours", "my neighbor's favorite colors"),
        ("two kilometres from the theatre centre", "two kilometers from the theater center"),
        ("They realised he travelled; grey organisations", "they realized he traveled gray organizations"),
        ("the 3rd of 21", "the third of twenty one"),
    ],
)
def test_two_ways_to_write_the_same(one: str, other: str) -> None:
    assert normal_words(one) == normal_words(other) != []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("it is", "it was"),
        ("our", "or"),
        ("mere", "mer"),
        ("wise", "wize"),
        ("hour", "hor"),
        ("15", "50"),
        ("bread and butter", "bread butter"),
        ("a cat", "the cat"),
    ],
)
def test_what_is_said_differently(one: str, other: str) -> None:
    assert normal_words(one) != normal_words(other)


def test_other_languages_keep_their_words_and_figures() -> None:
    assert normal_words("Ein Hut, 20 Äpfel!", "de-DE") == ["ein", "hut", "20", "äpfel"]
    assert normal_words("um", "pt") == ["um"]  # a hesitation in English, a number there
    assert normal_words("हिन्दी में", "hi") == ["हिन्दी", "में"]


def test_without_spaces_each_character_counts() -> None:
    assert normal_words("今日は、良い。", "ja") == list("今日は良い")


@given(st.text(max_size=60))
def test_normal_words_stay_as_they_are(text: str) -> None:
    words = normal_words(text, "de")
    assert normal_words(" ".join(words), "de") == words
    assert all(word and not word.isspace() for word in normal_words(text))
