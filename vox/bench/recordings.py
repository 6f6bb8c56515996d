"""Recordings with transcripts, out of a folder: `transcripts.tsv`, or a text file beside each recording."""

import csv
from dataclasses import dataclass
from pathlib import Path

from vox.errors import InvalidRequest, NoInput

__all__ = ["TABLE", "Recording", "read_recordings"]

TABLE = "transcripts.tsv"
"""The file that says what is spoken in each recording: columns `path`, from this folder on, and `transcript`."""

_AUDIO = frozenset((
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".aac", ".mp4", ".webm", ".aif", ".aiff", ".aifc", ".au",
    ".caf", ".w64", ".rf64",
))  # fmt: skip
_HOW = f"Write a {TABLE} with the columns path and transcript, or NAME.txt beside NAME.wav."


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording and what is said in it."""

    name: str
    """As the folder names it."""
    path: Path
    transcript: str


def read_recordings(folder: Path) -> tuple[list[Recording], list[str]]:
    """The recordings of a folder that have a transcript; beside them the names of those that have none.

    Raises:
        NoInput: There is no such folder, or a recording that the table names is not there.
        InvalidRequest: Nothing in it has a transcript, or the table cannot be read.
    """
    if not folder.is_dir():
        raise NoInput(f"{folder} is not a folder; name one with recordings and their transcripts")
    table = folder / TABLE
    found = _of_table(table) if table.is_file() else _with_texts(folder)
    if not found:
        raise InvalidRequest(f"No recording in {folder} has a transcript. {_HOW}")
    named = {one.path for one in found}
    return found, [_name(folder, path) for path in _audio(folder) if path not in named]


def _of_table(table: Path) -> list[Recording]:
    folder, found = table.parent, list[Recording]()
    for number, row in _rows(table):
        name, transcript = row.get("path"), row.get("transcript")
        if not name or not transcript:
            raise InvalidRequest(f"{table}:{number}: needs a path and a transcript, with a tab between them")
        path = folder / name
        if not path.is_file():
            raise NoInput(f"{table}:{number}: {name} is not there; correct the line or take it out")
        found.append(Recording(name, path, transcript))
    return found


def _rows(table: Path) -> list[tuple[int, dict[str, str | None]]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            return [(reader.line_num, row) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidRequest(f"{table} cannot be read: {error}. It must be UTF-8 with tabs between columns") from error


def _with_texts(folder: Path) -> list[Recording]:
    found: list[Recording] = []
    for path in _audio(folder):
        text = path.with_suffix(".txt")
        if text.is_file() and (transcript := _read(text)):
            found.append(Recording(_name(folder, path), path, transcript))
    return found


def _read(text: Path) -> str:
    try:
        return " ".join(text.read_text(encoding="utf-8-sig").split())
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{text} is not UTF-8: {error}") from error


def _audio(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _AUDIO and path.is_file())


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
