"""Good entries keep working; every bad one is a problem with file, line, path and what to write instead."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.config.conftest import Load, ids
from vox.config import Problem
from vox.paths import Home

GOOD = {"id": "mine", "command": ["python3", "mine.py"], "models": ["mine:1"]}
ASR, TTS = ["moonshine", "parakeet", "whisper"], ["hibari", "espeak"]


def test_no_file_means_the_defaults_of_both_kinds(load_home: Load) -> None:
    configuration = load_home()
    assert (ids(configuration, "asr"), ids(configuration, "tts")) == (ASR, TTS)
    assert configuration.problems == ()
    assert all(entry.builtin for entry in configuration.entries)


def test_a_kind_that_is_not_configured_gets_its_defaults(load_home: Load) -> None:
    only_asr = load_home({"providers": [GOOD]})
    assert (ids(only_asr, "asr"), ids(only_asr, "tts")) == (["mine"], TTS)
    only_tts = load_home({"providers": [{**GOOD, "kind": "tts"}]})
    assert (ids(only_tts, "asr"), ids(only_tts, "tts")) == (ASR, ["mine"])
    both = load_home({"providers": [GOOD, {**GOOD, "kind": "tts"}]})
    assert (ids(both, "asr"), ids(both, "tts")) == (["mine"], ["mine"])


def test_a_kind_whose_only_entry_is_bad_gets_its_defaults(load_home: Load) -> None:
    configuration = load_home({"providers": [{"id": "mine"}, {**GOOD, "kind": "tts"}]})
    assert (ids(configuration, "asr"), ids(configuration, "tts")) == (ASR, ["mine"])


@pytest.mark.parametrize(
    ("platform", "installed", "speaks"),
    [
        ("linux", {"hibari", "espeak", "system"}, ["hibari", "espeak"]),
        ("darwin", {"hibari", "espeak", "system"}, ["hibari", "system"]),
        ("win32", {"hibari", "espeak", "system"}, ["hibari", "system"]),
        ("win32", {"hibari", "espeak"}, ["hibari", "espeak"]),
    ],
)
def test_a_system_with_voices_of_its_own_speaks_with_them(
    home: Home, monkeypatch: pytest.MonkeyPatch, platform: str, installed: set[str], speaks: list[str]
) -> None:
    from vox.config import load

    monkeypatch.setattr(sys, "platform", platform)
    found = load(home, lambda name: name in installed).entries
    assert [entry.id for entry in found] == speaks


def test_defaults_that_are_not_installed_are_left_out(home: Home) -> None:
    from vox.config import load

    assert load(home, lambda name: name == "espeak").entries[0].id == "espeak"
    assert load(home, lambda _: False).entries == ()


BAD = [
    ({"id": "x"}, "providers[0]", "needs", None),
    ({"id": "x", "builtin": False}, "providers[0]", "needs", None),
    ({"command": ["x"]}, "providers[0].id", "required", None),
    ({"id": "", "command": ["x"]}, "providers[0].id", "at least 1 character", None),
    ({"id": "x", "command": "x y"}, "providers[0].command", "list", None),
    ({"id": "x", "command": []}, "providers[0].command", "at least 1 item", None),
    ({"id": "x", "command": ["x", 1]}, "providers[0].command[1]", "string", None),
    ({"id": "x", "command": ["x"], "kind": "stt"}, "providers[0].kind", "'asr' or 'tts'", None),
    ({"id": "x", "command": ["x"], "models": "a"}, "providers[0].models", "list", None),
    ({"id": "x", "command": ["x"], "env": {"A": 1}}, "providers[0].env.A", "string", None),
    ({"id": "x", "command": ["x"], "maxConcurrency": 0}, "providers[0].maxConcurrency", "greater than or equal", None),
    ({"id": "x", "command": ["x"], "queue": {"max": -1}}, "providers[0].queue.max", "greater than or equal", None),
    ({"id": "x", "command": ["x"], "queue": {"mx": 1}}, "providers[0].queue.mx", "not permitted", None),
    ({"id": "x", "command": ["x"], "keepAlive": "5 minutes"}, "providers[0].keepAlive", "number", None),
    ({"id": "x", "command": ["x"], "keepAlive": -2}, "providers[0].keepAlive", "greater than or equal", None),
    ({"id": "x", "command": ["x"], "timeouts": {"startMs": 0}}, "providers[0].timeouts.startMs", "greater than", None),
    ({"id": "x", "command": ["x"], "replicas": 0}, "providers[0].replicas", "greater than or equal", None),
    ({"id": "x", "command": ["x"], "preload": "m"}, "providers[0].preload", "valid list", None),
    ({"id": "x", "command": ["x"], "colour": 1}, "providers[0].colour", "not permitted", "Known keys: id, kind,"),
    ({"id": "ghost", "builtin": True}, "providers[0].id", "names no built-in provider: 'ghost'", "give it a command"),
    ({"id": "x", "command": ["x"], "env": {"A": "${env:NOT_SET_AT_ALL}"}}, "providers[0].env", "NOT_SET_AT_ALL", None),
    ({"id": "x", "command": ["x"], "env": {"A": "${file:/no/such}"}}, "providers[0].env", "/no/such", None),
    ("text", "providers[0]", "dictionary", None),
    (None, "providers[0]", "dictionary", None),
]


@pytest.mark.parametrize(("bad", "path", "message", "fix"), BAD)
def test_a_bad_entry_is_named_and_the_good_one_works(
    load_home: Load, home: Home, bad: Any, path: str, message: str, fix: str | None
) -> None:
    configuration = load_home({"providers": [bad, GOOD]})
    assert ids(configuration, "asr") == ["mine"]
    problem = configuration.problems[0]
    assert (problem.file, problem.path) == (str(home.providers_json), path)
    assert message in problem.message
    assert problem.line >= 3 and problem.fix and (fix or "") in problem.fix
    assert str(problem).startswith(f"{home.providers_json}:{problem.line}: {path}: ")


def test_every_fault_of_an_entry_is_named_with_its_own_line(load_home: Load) -> None:
    text = '{"providers": [\n{"id": "x",\n"command": "x",\n"kind": "stt",\n"queue": {\n"max": "many"}}]}'
    problems = load_home(text).problems
    assert {(problem.path, problem.line) for problem in problems} == {
        ("providers[0].command", 3),
        ("providers[0].kind", 4),
        ("providers[0].queue.max", 6),
    }


def test_a_pair_of_id_and_kind_is_unique(load_home: Load) -> None:
    configuration = load_home({"providers": [GOOD, {**GOOD, "command": ["other"]}, {**GOOD, "kind": "tts"}]})
    assert [entry.command for entry in configuration.entries] == [["python3", "mine.py"]] * 2
    (problem,) = configuration.problems
    assert problem.path == "providers[1]" and "repeats asr provider 'mine'" in problem.message


def test_a_model_claimed_twice_is_a_warning_and_both_entries_stay(load_home: Load) -> None:
    configuration = load_home({"providers": [GOOD, {**GOOD, "id": "other"}]})
    assert ids(configuration, "asr") == ["mine", "other"]
    (problem,) = configuration.problems
    assert problem.path == "providers[1].models" and "'mine' serves it" in problem.message


def test_a_model_to_be_loaded_must_be_one_of_the_entrys(load_home: Load) -> None:
    configuration = load_home({"providers": [{**GOOD, "models": ["a", "b"], "preload": ["b", "c"]}]})
    assert ids(configuration, "asr") == ["mine"]
    (problem,) = configuration.problems
    assert problem.path == "providers[0].preload[1]" and "'c'" in problem.message and "models" in problem.fix
    assert load_home({"providers": [{"id": "x", "command": ["x"], "preload": ["c"]}]}).problems == ()


def test_a_built_in_with_a_command_of_its_own_needs_no_bundled_program(load_home: Load) -> None:
    configuration = load_home({"providers": [{"id": "mlx-audio", "builtin": True, "command": ["x"]}]})
    assert ids(configuration, "asr") == ["mlx-audio"] and configuration.problems == ()


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("{", "is not valid JSON", 1),
        ('{"providers": [\n{"id": "x",}\n]}', "is not valid JSON", 2),
        ("", "is not valid JSON", 1),
        ("[" * 100_000, "is not valid JSON", 1),
        ('{"providers": {}}', "is not a list", 1),
        ("[]", "is not a list", 1),
        ("7", "is not a list", 1),
        ("null", "is not a list", 1),
        ('{"provider": []}', "is not a list", 1),
    ],
)
def test_a_file_that_is_no_provider_list_means_the_defaults(
    load_home: Load, text: str, message: str, line: int
) -> None:
    configuration = load_home(text)
    assert ids(configuration, "asr") == ASR
    problem = configuration.problems[0]
    assert message in problem.message and problem.line == line and problem.fix


def test_an_unknown_key_beside_the_list_is_named(load_home: Load) -> None:
    configuration = load_home('{"$schema": "x",\n"providers": [],\n"extra": 1}')
    assert [(problem.path, problem.line) for problem in configuration.problems] == [("extra", 3)]


def test_a_file_in_another_encoding_is_named(load_home: Load, home: Home) -> None:
    home.providers_json.write_bytes('{"providers": ["é"]}'.encode("latin-1"))
    home.providers_json.chmod(0o600)
    (problem,) = load_home().problems
    assert "cannot be read" in problem.message
    home.providers_json.write_bytes(b"\xef\xbb\xbf" + b'{"providers": []}')
    assert load_home().problems == ()


def test_half_a_character_in_a_name_is_a_problem_not_a_crash(load_home: Load) -> None:
    configuration = load_home('{"providers": [{"id": "\\ud800", "command": ["x"]}], "\\ud800": 1}')
    assert ids(configuration, "asr") == ASR
    assert all(str(problem).encode("utf-8", "replace") for problem in configuration.problems)
    assert configuration.problems


def test_a_folder_in_the_files_place_is_named(load_home: Load, home: Home) -> None:
    home.providers_json.mkdir()
    (problem,) = load_home().problems
    assert "cannot be read" in problem.message


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_file_that_others_may_write_is_refused(load_home: Load, home: Home) -> None:
    load_home({"providers": [GOOD]})
    home.providers_json.chmod(0o646)
    configuration = load_home()
    assert ids(configuration, "asr") == ASR
    (problem,) = configuration.problems
    assert "other users" in problem.message and "chmod" in problem.fix and str(home.providers_json) in problem.fix


def test_a_problem_reads_as_one_line() -> None:
    problem = Problem("f.json", 3, "a.b", "is wrong.", "Do so.")
    assert str(problem) == "f.json:3: a.b: is wrong. Do so."


def test_relative_commands_resolve_against_the_files_folder(load_home: Load, home: Home) -> None:
    assert load_home({"providers": [GOOD]}).folder == home.root


def test_the_name_of_a_built_in_may_be_an_alias(load_home: Load, tmp_path: Path) -> None:
    configuration = load_home({"providers": [{"id": "parakeet", "builtin": True, "models": ["parakeet:v3"]}]})
    assert ids(configuration, "asr") == ["parakeet"] and configuration.problems == ()
