"""Switching entries on and off in the text of providers.json."""

import json
import re
import stat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from vox.config.comments import without_comments
from vox.config.edit import add_entry, edit_enabled, remove_entries, set_enabled
from vox.errors import ConfigError, InvalidRequest

FILE = """{
  "$schema": "x.json",

  "providers": [
    { "id": "a", "kind": "asr", "command": ["run", "}"],   "env": {"enabled": "1"} },
    {
      "command": ["b"],
      "id": "b"
    },
    {"id":"b","kind":"tts","enabled":true,"builtin":true}
  ]
}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "providers.json"
    path.write_text(FILE, encoding="utf-8")
    path.chmod(0o644)
    return path


def entries(text: str) -> list[dict[str, Any]]:
    return json.loads(text)["providers"]


@pytest.mark.parametrize(
    ("index", "line"),
    [
        (0, '{ "id": "a", "kind": "asr", "command": ["run", "}"],   "env": {"enabled": "1"}, "enabled": false }'),
        (1, '"id": "b",\n      "enabled": false\n    }'),
        (2, '{"id":"b","kind":"tts","enabled":false,"builtin":true}'),
    ],
)
def test_only_one_word_changes(index: int, line: str) -> None:
    after = set_enabled(FILE, index, False)
    assert line in after
    assert entries(after)[index].pop("enabled") is False
    assert [one for at, one in enumerate(entries(after)) if at != index] == [
        one for at, one in enumerate(entries(FILE)) if at != index
    ]
    assert set_enabled(after, index, True).replace("true", "false") == after.replace("true", "false")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
some_entries = st.lists(st.dictionaries(st.text() | st.just("enabled"), values, min_size=1, max_size=4), min_size=1)


@given(some_entries, st.data(), st.sampled_from([None, 0, 2, "\t"]), st.booleans())
def test_any_file_keeps_everything_else(
    written: list[dict[str, Any]], data: st.DataObject, indent: Any, on: bool
) -> None:
    text = json.dumps({"providers": written}, indent=indent, ensure_ascii=data.draw(st.booleans()))
    index = data.draw(st.integers(0, len(written) - 1))
    written[index]["enabled"] = on
    assert entries(set_enabled(text, index, on)) == written


def test_the_file_is_private_and_what_was_there_is_kept(path: Path) -> None:
    assert edit_enabled(path, "a", None, False, []) == 1
    assert entries(path.read_text(encoding="utf-8"))[0]["enabled"] is False
    backup = path.with_name("providers.json.bak")
    assert backup.read_text(encoding="utf-8") == FILE
    assert [stat.S_IMODE(file.stat().st_mode) for file in (path, backup)] == [0o600, 0o600]
    assert {file.name for file in path.parent.iterdir()} <= {path.name, backup.name, "providers.json.lock"}


def test_both_kinds_of_an_id_are_switched_unless_one_is_named(path: Path) -> None:
    assert edit_enabled(path, "b", "tts", False, []) == 1
    assert [one.get("enabled") for one in entries(path.read_text(encoding="utf-8"))] == [None, None, False]
    assert edit_enabled(path, "b", None, False, []) == 1
    assert [one.get("enabled") for one in entries(path.read_text(encoding="utf-8"))] == [None, False, False]
    assert edit_enabled(path, "b", None, True, []) == 2


def test_what_is_so_already_is_not_written_again(path: Path) -> None:
    before = path.stat()
    assert edit_enabled(path, "a", None, True, []) == 0
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert not path.with_name("providers.json.bak").exists()


def test_a_default_is_written_down_with_the_others_of_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "providers.json"
    otherwise = [
        {"id": name, "kind": kind, "builtin": True} for name, kind in (("x", "asr"), ("y", "asr"), ("z", "tts"))
    ]
    assert edit_enabled(path, "x", None, False, otherwise) == 1
    assert entries(path.read_text(encoding="utf-8")) == [otherwise[0] | {"enabled": False}, otherwise[1]]
    assert path.read_text(encoding="utf-8").count("\n") == 6


def test_a_default_joins_the_entries_of_the_other_kind(path: Path) -> None:
    path.write_text('{"providers": [{"id": "a", "command": ["a"]}]}', encoding="utf-8")
    assert edit_enabled(path, "z", "tts", False, [{"id": "z", "kind": "tts", "builtin": True}]) == 1
    assert [(one["id"], one.get("enabled", True)) for one in entries(path.read_text(encoding="utf-8"))] == [
        ("a", True),
        ("z", False),
    ]


def test_lines_end_as_they_did(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + FILE.replace("\n", "\r\n").encode("utf-8"))
    edit_enabled(path, "b", "asr", False, [])
    text = path.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff") and text.count("\n") == text.count("\r\n")
    assert entries(text.removeprefix("\ufeff"))[1]["enabled"] is False


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "providers.json"
    link.parent.mkdir()
    link.symlink_to(path)
    assert edit_enabled(link, "a", None, False, []) == 1
    assert link.is_symlink()
    assert entries(path.read_text(encoding="utf-8"))[0]["enabled"] is False


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 100_000, '{"providers": {}}', '{"providers": [1]}', '{"providers": [', "\x80"]
)
def test_a_file_that_is_wrong_is_left_alone(path: Path, text: str) -> None:
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match="then try again"):
        edit_enabled(path, "a", None, False, [])
    assert path.read_text(encoding="latin-1") == text


def test_an_unknown_provider_is_named_with_the_known_ones(path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"no provider 'c'.*Known: a, b, d"):
        edit_enabled(path, "c", None, False, [{"id": "d", "kind": "asr"}])


def test_a_place_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be edited"):
        edit_enabled(tmp_path / "file" / "providers.json", "a", None, False, [{"id": "a", "kind": "asr"}])


def test_two_edits_at_once_wait_for_each_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vox.config.replacing._LOCK_S", 0.05)
    with FileLock(path.with_name("providers.json.lock")), pytest.raises(ConfigError, match="by another program"):
        edit_enabled(path, "a", None, False, [])
    assert path.read_text(encoding="utf-8") == FILE


COMMENTED = """{
  // what this machine has
  "providers": [
    // the first, which everybody needs
    { "id": "a", "command": ["run, // no comment"] }, // behind a
    /* the second, of "another", kind */
    { "id": "b", "kind": "tts", "command": ["b"] } // the last
    // and nothing else
  ]
}
"""


@pytest.fixture
def commented(path: Path) -> Path:
    path.write_text(COMMENTED, encoding="utf-8")
    return path


def plain(path: Path) -> list[dict[str, Any]]:
    return json.loads(without_comments(path.read_text(encoding="utf-8")))["providers"]


def comments(path: Path) -> list[str]:
    return re.findall(r"(?:what|the first|behind|the second|the last|and nothing)", path.read_text(encoding="utf-8"))


def test_an_entry_is_added_behind_the_others_and_comments_stay(commented: Path) -> None:
    add_entry(commented, {"id": "c", "builtin": True}, [])
    assert [entry["id"] for entry in plain(commented)] == ["a", "b", "c"]
    assert "".join(commented.read_text(encoding="utf-8").split()).startswith("".join(COMMENTED.split())[:150])
    assert len(comments(commented)) == 6
    assert stat.S_IMODE(commented.stat().st_mode) == 0o600
    assert commented.with_name("providers.json.bak").read_text(encoding="utf-8") == COMMENTED
    edit_enabled(commented, "c", None, False, [])
    assert plain(commented)[2] == {"id": "c", "builtin": True, "enabled": False}


def test_the_first_entry_of_a_kind_keeps_what_was_in_force(path: Path) -> None:
    path.write_text('{"providers": []}', encoding="utf-8")
    otherwise = [{"id": "hibari", "kind": "tts", "builtin": True}, {"id": "moonshine", "kind": "asr", "builtin": True}]
    add_entry(path, {"id": "openai-tts", "kind": "tts", "builtin": True}, otherwise)
    assert [entry["id"] for entry in plain(path)] == ["hibari", "openai-tts"]


def test_nothing_is_added_twice(commented: Path) -> None:
    with pytest.raises(InvalidRequest, match="vox providers enable b --kind tts"):
        add_entry(commented, {"id": "b", "kind": "tts", "command": ["x"]}, [])
    assert commented.read_text(encoding="utf-8") == COMMENTED
    add_entry(commented, {"id": "b", "kind": "asr", "command": ["x"]}, [])  # which is another one


@pytest.mark.parametrize(("name", "left"), [("a", ["b"]), ("b", ["a"])])
def test_an_entry_is_taken_out_and_comments_stay(commented: Path, name: str, left: list[str]) -> None:
    assert [entry["id"] for entry in remove_entries(commented, name, None)] == [name]
    assert [entry["id"] for entry in plain(commented)] == left
    assert len(comments(commented)) == 6
    remove_entries(commented, left[0], None)
    assert plain(commented) == [] and len(comments(commented)) == 6
    with pytest.raises(InvalidRequest, match="It has: none"):
        remove_entries(commented, name, None)


def test_both_kinds_of_an_id_are_taken_out(path: Path) -> None:
    assert [entry["id"] for entry in remove_entries(path, "b", None)] == ["b", "b"]
    assert [entry["id"] for entry in plain(path)] == ["a"]


@given(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1), st.data())
def test_adding_and_removing_in_any_order_leaves_valid_files(names: list[str], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "providers.json"
        for name in names:
            add_entry(path, {"id": name, "command": [name, "]},{["]}, [])
        going = data.draw(st.permutations(names))
        for count, name in enumerate(going, 1):
            remove_entries(path, name, None)
            assert [entry["id"] for entry in plain(path)] == [one for one in names if one not in going[:count]]
