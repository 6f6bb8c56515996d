"""Journals read from their end: any lines in any pieces, torn files, files that move aside, and what is taken out."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.log import RotatingFile
from vox.runtime import journal as module
from vox.runtime.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "things.jsonl"


def write(path: Path, *records: Any) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def numbers(path: Path) -> list[int]:
    return [record["n"] for record in Journal(path).newest_first()]


def test_no_file_is_an_empty_journal(path: Path) -> None:
    journal = Journal(path)
    assert list(journal.newest_first()) == [] and journal.remove(lambda _: True) == 0 and journal.erase() == 0


@given(
    st.lists(st.one_of(st.binary(max_size=40).filter(lambda b: b"\n" not in b), st.just(b'{"n": 1}'))),
    st.integers(1, 30),
)
def test_whatever_the_lines_they_come_back_last_first(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], block: int
) -> None:
    path = tmp_path_factory.mktemp("j") / "lines"
    path.write_bytes(b"\n".join(lines))
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as file:
        patch.setattr(module, "_BLOCK", block)
        assert [line for line in module._backwards(file) if line] == [line for line in reversed(lines) if line]


def test_a_line_longer_than_many_blocks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK", 16)
    write(path, {"n": 1, "text": "a" * 1000}, {"n": 2}, {"n": 3, "text": "b" * 1000})
    assert numbers(path) == [3, 2, 1]


def test_unreadable_lines_are_counted_and_passed_over(path: Path) -> None:
    path.write_bytes(b'{"n": 1}\nhalf a {"n":\n\xff\xfe\n[1]\nnull\n\n{"n": 2}\n{"n": 3, "te')
    journal = Journal(path)
    assert [record["n"] for record in journal.newest_first()] == [2, 1]
    assert journal.unreadable == 5


def test_files_that_moved_aside_follow_the_newest(path: Path) -> None:
    for number, name in enumerate(("things.jsonl.10", "things.jsonl.2", "things.jsonl.1", "things.jsonl")):
        write(path.with_name(name), {"n": number * 2}, {"n": number * 2 + 1})
    path.with_name("things.jsonl.backup").write_text('{"n": 99}\n', encoding="utf-8")
    assert numbers(path) == [7, 6, 5, 4, 3, 2, 1, 0]


def test_a_file_that_moves_aside_while_it_is_read_is_read_once(path: Path) -> None:
    file = RotatingFile(path, max_bytes=200)
    for number in range(4):
        file.append(b'{"n": %d}\n' % number)
    reading = Journal(path).newest_first()
    assert next(reading)["n"] == 3
    while not path.with_name("things.jsonl.1").exists():
        file.append(b'{"n": 4}\n')
    assert [record["n"] for record in reading] == [2, 1, 0]


def test_only_what_is_asked_for_is_read(path: Path) -> None:
    path.write_bytes(b"x" * 100_000 + b"\n" + b'{"n": 1}\n' * 3)
    journal = Journal(path)
    assert next(journal.newest_first())["n"] == 1
    assert journal.unreadable == 0


def test_lines_without_the_wanted_bytes_are_not_parsed(path: Path) -> None:
    path.write_bytes(b'{"n": 1, "id": "a"}\nbroken\n{"n": 2, "id": "b"}\n')
    journal = Journal(path)
    assert [record["n"] for record in journal.newest_first(b'"a"')] == [1]
    assert journal.unreadable == 0


def test_taking_records_out_keeps_the_rest_as_it_was(path: Path) -> None:
    older = path.with_name("things.jsonl.1")
    older.write_bytes(b'{"n":   1}\n{"n": 2}\n')
    path.write_bytes(b'{"n": 3}\nbroken\n{"n": 2}\n{"n":4}')
    assert Journal(path).remove(lambda record: record["n"] == 2) == 2
    assert older.read_bytes() == b'{"n":   1}\n'
    assert path.read_bytes() == b'{"n": 3}\nbroken\n{"n":4}'
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(older.stat().st_mode) == 0o600
    assert sorted(other.name for other in path.parent.iterdir()) == ["things.jsonl", "things.jsonl.1"]


def test_a_file_that_loses_nothing_is_not_touched(path: Path) -> None:
    write(path, {"n": 1})
    before = path.stat()
    assert Journal(path).remove(lambda record: False) == 0
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_reader_of_a_replaced_file_sees_it_whole(path: Path) -> None:
    write(path, *({"n": number, "filler": "x" * 100_000} for number in range(3)))
    reading = Journal(path).newest_first()
    assert next(reading)["n"] == 2
    assert Journal(path).remove(lambda record: record["n"] < 2) == 2
    assert [record["n"] for record in reading] == [1, 0]


def test_a_removal_that_fails_leaves_the_file_and_no_litter(path: Path) -> None:
    write(path, {"n": 1}, {"n": 2})

    def judge(record: dict[str, Any]) -> bool:
        raise OSError("disk on fire")

    with pytest.raises(OSError, match="on fire"):
        Journal(path).remove(judge)
    assert numbers(path) == [2, 1] and len(list(path.parent.iterdir())) == 1


def test_erasing_removes_all_files_and_counts_the_records(path: Path) -> None:
    write(path.with_name("things.jsonl.1"), {"n": 1})
    path.write_bytes(b'{"n": 2}\nbroken\n')
    assert Journal(path).erase() == 2
    assert list(path.parent.iterdir()) == []
