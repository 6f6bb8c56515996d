"""config.json and the environment: defaults < file < VOX_*, and bad values cost only themselves."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.config.conftest import Load
from vox.config.settings import DEFAULT_PORT, Settings


def test_every_setting_has_a_default(load_home: Load) -> None:
    settings = load_home().settings
    assert settings == Settings()
    assert (settings.host, settings.port, settings.default_asr) == ("127.0.0.1", DEFAULT_PORT, None)


def test_the_file_beats_the_default_and_the_environment_beats_the_file(
    load_home: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_home(config={"port": 5000, "defaultAsr": "a:1"}).settings.port == 5000
    monkeypatch.setenv("VOX_PORT", "0")
    monkeypatch.setenv("VOX_DEFAULT_TTS", "t:1")
    monkeypatch.setenv("VOX_HOST", "::1")
    settings = load_home().settings
    assert (settings.port, settings.default_asr, settings.default_tts, settings.host) == (0, "a:1", "t:1", "::1")


def test_an_empty_variable_says_nothing(load_home: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_PORT", "")
    assert load_home().settings.port == DEFAULT_PORT


@pytest.mark.parametrize("value", ["many", "70000", "-1"])
def test_a_bad_variable_is_named_and_ignored(load_home: Load, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("VOX_PORT", value)
    configuration = load_home(config={"port": 5000})
    assert configuration.settings.port == 5000
    (problem,) = configuration.problems
    assert problem.file == "environment" and "port" in problem.message and problem.fix


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ({"port": "x"}, "port"),
        ({"port": 70_000}, "port"),
        ({"maxAudioBytes": 0}, "maxAudioBytes"),
        ({"max_audio_bytes": -1}, "max_audio_bytes"),
        ({"allowedOrigins": "https://a"}, "allowedOrigins"),
        ({"allowedOrigins": ["https://a", 7]}, "allowedOrigins[1]"),
        ({"colour": "red"}, "colour"),
        ({"defaultAsr": ["a"]}, "defaultAsr"),
    ],
)
def test_a_bad_setting_is_named_and_the_rest_hold(load_home: Load, bad: dict[str, Any], path: str) -> None:
    configuration = load_home(config={"defaultTts": "t:1", **bad})
    assert configuration.settings == Settings(default_tts="t:1")
    (problem,) = configuration.problems
    assert problem.path == path and problem.line >= 3 and problem.fix


@pytest.mark.parametrize("text", ["[]", "7", '"x"', "true", "null", "0", "", "{"])
def test_a_file_that_is_no_object_means_the_defaults(load_home: Load, text: str) -> None:
    configuration = load_home(config=text)
    assert configuration.settings == Settings()
    assert len(configuration.problems) == 1


def test_two_bad_settings_are_two_problems(load_home: Load) -> None:
    configuration = load_home(config={"port": "x", "colour": 1})
    assert [problem.path for problem in configuration.problems] == ["port", "colour"]


def test_a_variable_may_be_wrong_only_loudly() -> None:
    with pytest.raises(ValidationError):
        Settings().with_environment({"VOX_PORT": "x"})
