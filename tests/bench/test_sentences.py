"""Sentences to speak."""

from pathlib import Path

import pytest

from vox.bench.normal import normal_words
from vox.bench.sentences import SENTENCES, read_sentences
from vox.errors import InvalidRequest, NoInput


def test_our_own_need_no_interpretation() -> None:
    assert all(" ".join(normal_words(one)) == one.lower().replace(",", "").rstrip(".?") for one in SENTENCES)


def test_the_lines_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_text("\ufeffOne.\n\n  Two.  \r\nThree.", encoding="utf-8")
    assert read_sentences(file) == ("One.", "Two.", "Three.")


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    with pytest.raises(NoInput, match="a sentence on each line"):
        read_sentences(file)
    for data in (b"\n \n", b"\xff\xfe", b"a\n" * 10_001):
        file.write_bytes(data)
        with pytest.raises(InvalidRequest):
            read_sentences(file)
