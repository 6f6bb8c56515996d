"""What is in force, where it comes from, and that no key is shown."""

import json
from typing import Any

import pytest

from vox.config.setting_values import SettingValue, setting_values
from vox.paths import Home

CONFIG: dict[str, Any] = {
    "port": 4711,
    "authToken": "hunter2hunter2hunter2",
    "llm": {"model": "m", "apiKey": "${env:KEY}", "headers": {"X-Key": "hunter2", "X-Ref": "${file:~/k}"}},
    "openAi": {"voices": {"alloy": {"voice": "en-us"}}},
}


@pytest.fixture
def values(home: Home, monkeypatch: pytest.MonkeyPatch) -> dict[str, SettingValue]:
    home.config_json.write_text(json.dumps(CONFIG, indent=1), encoding="utf-8")
    home.config_json.chmod(0o600)
    for name, value in {"VOX_PORT": "4712", "VAD_THRESHOLD": "0.7"}.items():
        monkeypatch.setenv(name, value)
    found, problems = setting_values(home)
    assert problems == ()
    return {one.key: one for one in found}


def test_each_value_says_where_it_comes_from(values: dict[str, SettingValue], home: Home) -> None:
    told = {key: (one.value, one.origin, one.source) for key, one in values.items()}
    assert told["port"] == (4712, "environment", "VOX_PORT")
    assert told["realtime.turnDetection.threshold"] == (0.7, "environment", "VAD_THRESHOLD")
    assert told["llm.model"] == ("m", "file", f"{home.config_json}:5")
    assert told["llm.temperature"] == (None, "default", None)
    assert told["realtime.turnDetection.enabled"] == (True, "default", None)
    assert told["openAi.voices.alloy"][:2] == ({"voice": "en-us"}, "file")
    assert "$schema" not in told


def test_secrets_are_shown_where_they_are_kept_elsewhere_and_nowhere_else(values: dict[str, SettingValue]) -> None:
    secret = ("authToken", "llm.apiKey", "llm.headers.X-Key", "llm.headers.X-Ref")
    shown = [values[key].value for key in secret]
    assert shown == ["[redacted]", "${env:KEY}", "[redacted]", "${file:~/k}"]
    assert "hunter2" not in repr(values)


def test_a_wrong_setting_is_a_default_and_a_problem(home: Home) -> None:
    home.config_json.write_text('{"port": -1}', encoding="utf-8")
    home.config_json.chmod(0o600)
    found, (problem,) = setting_values(home, {})
    port = next(one for one in found if one.key == "port")
    assert (port.value, port.origin) == (42137, "default") and problem.path == "port"


def test_variables_that_are_wrong_decide_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_PORT", "many")
    found, (problem,) = setting_values(home)
    assert next(one for one in found if one.key == "port").origin == "default" and problem.file == "environment"


def test_a_preference_is_no_line_of_the_file(home: Home) -> None:
    home.preferences_json.write_text('{"speech": {"modelDownloadPolicy": "never"}}', encoding="utf-8")
    home.preferences_json.chmod(0o600)
    warm_up = next(one for one in setting_values(home, {})[0] if one.key == "warmUp")
    assert (warm_up.value, warm_up.origin, warm_up.source) == ("never", "preferences", str(home.preferences_json))
