"""The end of logs: any length, files that have moved aside, and what is added while somebody looks."""

from pathlib import Path

import pytest

from vox.cli import tail as module
from vox.cli.tail import grown, tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "voxd.log"


def test_the_last_lines_and_where_the_file_ended(log: Path) -> None:
    log.write_text("one\ntwo\nthree\n", encoding="utf-8")
    assert tail(log, 2) == (["two", "three"], 14)
    assert tail(log, 9) == (["one", "two", "three"], 14)
    assert tail(log, 0) == ([], 14)


def test_no_file_has_no_lines(log: Path) -> None:
    assert tail(log, 5) == ([], 0)


def test_lines_that_have_moved_aside_count_where_the_new_file_has_few(log: Path) -> None:
    log.with_name("voxd.log.1").write_text("one\ntwo\n", encoding="utf-8")
    assert tail(log, 5) == (["one", "two"], 0)
    log.write_text("three\n", encoding="utf-8")
    assert tail(log, 2) == (["two", "three"], 6)
    assert tail(log, 1) == (["three"], 6)


def test_only_the_end_of_a_large_file_is_read(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MAX_BYTES", 8)
    log.write_text("a long first line\nlast\n", encoding="utf-8")
    assert tail(log, 1) == (["last"], 23)


def test_what_is_added_is_followed_through_a_rotation(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.write_text("old\n", encoding="utf-8")
    added = iter([
        lambda: log.write_text("old\nnew\n", encoding="utf-8"),
        lambda: log.rename(log.with_name("voxd.log.1")),
        lambda: log.write_bytes(b"\xff\n"),
    ])  # fmt: skip
    monkeypatch.setattr(module.time, "sleep", lambda _: next(added)())
    lines = grown(log, 4)
    assert next(lines) == "new\n"
    assert next(lines) == "\ufffd\n"
