"""Entries of a file that changes: what has become wrong stays as it was."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from vox.config import Configuration, load
from vox.paths import Home

A: dict[str, Any] = {"id": "a", "command": ["a"]}
B: dict[str, Any] = {"id": "b", "command": ["b"], "kind": "tts"}
LEFT_OUT, KEPT = "The entry is left out.", "The entry stays as it was."

Change = Callable[..., Configuration]


@pytest.fixture
def change(home: Home) -> Change:
    """Write the file and read it, as a daemon does that has read it before."""
    before: list[Configuration | None] = [None]

    def write(text: str | None = None, *entries: dict[str, Any], config: dict[str, Any] | None = None) -> Configuration:
        text = json.dumps({"providers": entries}) if text is None else text
        for path, content in ((home.providers_json, text), (home.config_json, json.dumps(config or {}))):
            path.write_text(content, encoding="utf-8")
            path.chmod(0o600)
        found = before[0] = load(home, lambda name: name in ("moonshine", "espeak"), previous=before[0])
        return found

    return write


def shown(configuration: Configuration) -> list[tuple[str, list[str] | None]]:
    return [(entry.id, entry.command) for entry in configuration.entries]


def test_a_wrong_entry_stays_in_its_place_and_a_new_one_is_left_out(change: Change) -> None:
    change(None, A, B)
    configuration = change(None, {"id": "new"}, {**A, "command": []}, {**B, "command": ["b", "2"]})
    assert shown(configuration) == [("a", ["a"]), ("b", ["b", "2"])]
    assert [problem.fix for problem in configuration.problems] == [LEFT_OUT, KEPT]
    assert shown(change(None, {**A, "command": ["a", "2"]}, B)) == [("a", ["a", "2"]), ("b", ["b"])]


@pytest.mark.parametrize(
    "wrong", [{"env": {"KEY": "${file:gone}"}}, {"maxConcurrency": 0}, {"builtin": True, "command": None}, {"x": 1}]
)
def test_every_way_to_be_wrong_keeps_what_was(change: Change, wrong: dict[str, Any]) -> None:
    change(None, A, B)
    configuration = change(None, {**A, **wrong}, B)
    assert shown(configuration) == [("a", ["a"]), ("b", ["b"])]
    assert len(configuration.problems) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"providers": {}}', '{"providers": '])
def test_a_file_that_cannot_be_used_changes_nothing(change: Change, text: str) -> None:
    before = change(None, A, {**B, "enabled": False})
    configuration = change(text)
    assert (configuration.entries, configuration.disabled) == (before.entries, before.disabled)
    assert len(configuration.problems) == 1


def test_a_wrong_entry_that_stays_keeps_the_defaults_away(change: Change) -> None:
    change(None, A, B)
    assert [entry.id for entry in change(None, {"id": "a"}).entries] == ["a", "espeak"]


def test_a_disabled_entry_is_put_aside_and_stands_for_its_kind(change: Change) -> None:
    configuration = change(None, {**A, "enabled": False, "env": {"KEY": "${file:gone}"}}, B)
    assert [entry.id for entry in configuration.entries] == ["b"]
    assert [entry.id for entry in configuration.disabled] == ["a"] and configuration.problems == ()
    assert shown(change(None, A, B)) == [("a", ["a"]), ("b", ["b"])]


def test_models_of_a_disabled_entry_are_free_for_others(change: Change) -> None:
    configuration = change(
        None, {**A, "models": ["m"], "enabled": False}, {"id": "c", "command": ["c"], "models": ["m"]}
    )
    assert configuration.problems == ()


def test_a_wrong_setting_stays_as_it_was_and_the_others_change(change: Change) -> None:
    change(None, A, config={"defaultAsr": "a:1", "maxAudioSeconds": 10})
    configuration = change(None, A, config={"defaultAsr": "a:2", "maxAudioSeconds": -1, "unknown": 1})
    assert (configuration.settings.default_asr, configuration.settings.max_audio_seconds) == ("a:2", 10)
    assert [(problem.path, problem.fix) for problem in configuration.problems] == [
        ("maxAudioSeconds", "It stays as it was."),
        ("unknown", "It stays as it was."),
    ]


def test_a_placement_counts_the_processes_alone(change: Change) -> None:
    placed = {**A, "placement": {"ray": {"replicas": 8, "numGpus": 0.25}}}
    configuration = change(None, placed, {**A, "id": "c", "replicas": 3}, {**placed, "id": "d", "replicas": 2})
    assert [(entry.id, entry.processes) for entry in configuration.entries if entry.kind == "asr"] == [
        ("a", 8),
        ("c", 3),
    ]
    (problem,) = configuration.problems
    assert "has a placement" in problem.message and problem.fix == LEFT_OUT


def test_a_built_in_for_speech_needs_no_kind(change: Change) -> None:
    configuration = change(None, {"id": "espeak", "builtin": True})
    assert [(entry.id, entry.kind) for entry in configuration.entries] == [("espeak", "tts"), ("moonshine", "asr")]
    assert configuration.problems == ()


def test_a_built_in_of_another_kind_is_a_problem_with_its_remedy(change: Change) -> None:
    configuration = change(None, {"id": "espeak", "kind": "asr", "builtin": True})
    (problem,) = configuration.problems
    assert problem.message.startswith('is of kind asr, but its built-in \'espeak\' is not: write "kind": "tts"')
