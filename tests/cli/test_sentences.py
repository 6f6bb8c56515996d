"""Sentences are spoken when they have come, in whatever pieces, and what is left when nothing more comes."""

import os
from collections.abc import Iterator

import pytest

from vox.cli.sentences import arriving_sentences


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def test_each_sentence_as_it_comes(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    pieces = arriving_sentences(reading, patience_s=60)
    for part in ("Once upon a ti", "me there was a ", "tré"):
        os.write(writing, part.encode())
    os.write(writing, "é. It".encode()[:-4])
    os.write(writing, "é. It".encode()[-4:])
    assert next(pieces) == "Once upon a time there was a tréé."
    os.write(writing, b" grew.\n\n")
    os.close(writing)
    assert list(pieces) == ["It grew."]


def test_what_is_there_is_spoken_when_nothing_comes(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    pieces = arriving_sentences(reading, patience_s=0.01)
    os.write(writing, b"I think, and go on thi")
    assert next(pieces).startswith("I think,")
    os.write(writing, b"nking.")
    os.close(writing)
    assert "".join(pieces).replace(" ", "").endswith("thinking.")


def test_nothing_at_all(pipe: tuple[int, int]) -> None:
    os.close(pipe[1])
    assert list(arriving_sentences(pipe[0])) == []
