"""Folders of recordings: both ways to give transcripts, and what is said of those that cannot be used."""

from pathlib import Path

import pytest

from vox.bench.recordings import read_recordings
from vox.errors import InvalidRequest, NoInput

DOCS = Path(__file__).parents[2] / "docs" / "audio"


def test_the_recordings_of_the_project() -> None:
    found, bare = read_recordings(DOCS)
    assert [one.name for one in found][:2] == ["jfk.wav", "librivox-0870.wav"]
    assert found[2].transcript == "he was not an ill disposed young man" and found[2].path.is_file()
    assert bare == []


def test_a_text_beside_each_recording(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.wav", "deep/a.FLAC", "bare.mp3", "empty.ogg", "notes.md"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "b.txt").write_text("good\n morning\n", encoding="utf-8")
    (tmp_path / "deep/a.txt").write_text("\ufeffguten Tag", encoding="utf-8")
    (tmp_path / "empty.txt").write_text(" \n", encoding="utf-8")
    found, bare = read_recordings(tmp_path)
    assert [(one.name, one.transcript) for one in found] == [("b.wav", "good morning"), ("deep/a.FLAC", "guten Tag")]
    assert bare == ["bare.mp3", "empty.ogg"]


def test_a_table_names_what_is_in_the_folder(tmp_path: Path) -> None:
    for name in ("one.wav", "two.wav"):
        (tmp_path / name).write_bytes(b"")
    table = tmp_path / "transcripts.tsv"
    table.write_text('speaker\tpath\ttranscript\nanna\tone.wav\tsay "hi"\n', encoding="utf-8")
    found, bare = read_recordings(tmp_path)
    assert [(one.name, one.transcript) for one in found] == [("one.wav", 'say "hi"')] and bare == ["two.wav"]


@pytest.mark.parametrize(
    ("table", "kind", "told"),
    [
        (b"path\ttranscript\nmissing.wav\thello\n", NoInput, r"transcripts.tsv:2: missing.wav is not there"),
        (b"path\ttranscript\none.wav\n", InvalidRequest, "transcripts.tsv:2: needs a path and a transcript"),
        (b"file,text\none.wav,hello\n", InvalidRequest, "needs a path and a transcript"),
        (b"path\ttranscript\n", InvalidRequest, "No recording in .* has a transcript"),
        (b"path\ttranscript\none.wav\t\xff\xfe\n", InvalidRequest, "must be UTF-8"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, table: bytes, kind: type[Exception], told: str) -> None:
    (tmp_path / "one.wav").write_bytes(b"")
    (tmp_path / "transcripts.tsv").write_bytes(table)
    with pytest.raises(kind, match=told):
        read_recordings(tmp_path)


def test_folders_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(NoInput, match="is not a folder"):
        read_recordings(tmp_path / "nowhere")
    with pytest.raises(InvalidRequest, match="No recording"):
        read_recordings(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"")
    with pytest.raises(InvalidRequest, match=r"NAME\.txt beside NAME\.wav"):
        read_recordings(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"\xff\xfeh")
    with pytest.raises(InvalidRequest, match="not UTF-8"):
        read_recordings(tmp_path)
