"""`realtime` of config.json and its environment: defaults < file < the published names, and bad values cost nothing
else."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.config.conftest import Load
from vox.config.realtime import _VARIABLES, DEFAULT_PHRASES, RealtimeSettings


def test_what_is_published_as_on_is_on(load_home: Load) -> None:
    realtime = load_home().settings.realtime
    assert realtime == RealtimeSettings()
    assert (realtime.acknowledgement.enabled, realtime.acknowledgement.delay_ms) == (True, 300)
    assert tuple(realtime.acknowledgement.phrases) == DEFAULT_PHRASES
    assert (realtime.typing_sound.enabled, realtime.typing_sound.volume) == (False, 0.3)
    assert realtime.typing_sound.loop_duration_ms == 2000
    assert (realtime.secret_seconds, realtime.max_call_duration_ms) == (300, 3_600_000)


def test_the_environment_beats_the_file_and_leaves_the_rest_of_a_group(
    load_home: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACKNOWLEDGEMENT_DELAY_MS", "500")
    monkeypatch.setenv("ACKNOWLEDGEMENT_PHRASES", "hm, well ,,let me see")
    monkeypatch.setenv("TYPING_SOUND_ENABLED", "true")
    realtime = load_home(config={"realtime": {"acknowledgement": {"enabled": False, "delayMs": 1}}}).settings.realtime
    assert (realtime.acknowledgement.enabled, realtime.acknowledgement.delay_ms) == (False, 500)
    assert realtime.acknowledgement.phrases == ["hm", "well", "let me see"]
    assert realtime.typing_sound.enabled


@pytest.mark.parametrize(
    ("given", "agent"),
    [
        ({"DEFAULT_AGENT_TYPE": "echo"}, "echo"),
        ({"DEFAULT_AGENT_TYPE": "vercel-sdk"}, "llm"),
        ({"DEFAULT_AGENT_TYPE": "custom"}, "llm"),
        ({"DEFAULT_AGENT_TYPE": "echo", "USE_MODULAR_AGENTS": "true"}, "echo"),
        ({"DEFAULT_AGENT_TYPE": "echo", "USE_MODULAR_AGENTS": "False"}, "llm"),
    ],
)
def test_the_agent_is_chosen_by_the_published_names(given: dict[str, str], agent: str) -> None:
    assert RealtimeSettings().with_environment(given).agent == agent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ACKNOWLEDGEMENT_DELAY_MS", "soon"),
        ("ACKNOWLEDGEMENT_PHRASES", " , "),
        ("TYPING_SOUND_VOLUME", "2"),
        ("DEFAULT_AGENT_TYPE", "butler"),
        ("MAX_CALL_DURATION_MS", "-1"),
        ("VAD_THRESHOLD", "high"),
    ],
)
def test_a_bad_variable_is_named_and_costs_no_other_setting(
    load_home: Load, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("VOX_PORT", "5001")
    configuration = load_home(config={"realtime": {"greeting": "Hello."}})
    assert (configuration.settings.port, configuration.settings.realtime.greeting) == (5001, "Hello.")
    (problem,) = configuration.problems
    assert problem.file == "environment" and problem.fix


@pytest.mark.parametrize(
    "realtime",
    [
        {"acknowledgement": {"phrases": []}},
        {"acknowledgement": {"loud": True}},
        {"secretSeconds": 9},
        {"agent": "butler"},
        [],
    ],
)
def test_a_bad_setting_is_named_and_the_defaults_serve(load_home: Load, realtime: Any) -> None:
    configuration = load_home(config={"realtime": realtime, "port": 5000})
    assert configuration.settings.realtime == RealtimeSettings() and configuration.settings.port == 5000
    assert configuration.problems


def test_every_variable_is_documented() -> None:
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    text = page.read_text(encoding="utf-8")
    assert [name for name in (*_VARIABLES, "USE_MODULAR_AGENTS") if f"`{name}`" not in text] == []


def test_it_cannot_be_changed_after_reading() -> None:
    settings: Any = RealtimeSettings()
    with pytest.raises(ValidationError):
        settings.acknowledgement.enabled = False
