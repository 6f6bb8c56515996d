"""preferences.json: wishes, from a file that another program writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vox.config import Preferences, Problem, load
from vox.config.preferences import read_preferences
from vox.paths import Home


def read(path: Path, value: Any, before: Preferences | None = None) -> tuple[Preferences, list[Problem]]:
    problems: list[Problem] = []
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    path.chmod(0o600)
    return read_preferences(path, problems, before), problems


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "preferences.json"


def test_every_wish_is_read(file: Path) -> None:
    speech = {
        "preferredTranscriptionModelId": " parakeet:v3 ",
        "preferredSynthesisModelId": "espeak:system",
        "preferredSynthesisVoiceId": "de",
        "preferredInputDeviceId": "headset",
        "modelDownloadPolicy": "eager",
        "somethingNewer": 7,
    }
    found = read(file, {"speech": speech, "theme": "dark"})
    assert found == (Preferences("parakeet:v3", "espeak:system", "de", "headset", "eager"), [])
    assert (found[0].model("asr"), found[0].model("tts")) == ("parakeet:v3", "espeak:system")


def test_as_it_is_written_at_first(file: Path) -> None:
    speech = {
        "preferredTranscriptionModelId": None,
        "preferredSynthesisModelId": "",
        "modelDownloadPolicy": "on_first_use",
    }
    assert read(file, {"speech": speech}) == (Preferences(download_policy="on_first_use"), [])


def test_no_file_is_no_wish(file: Path) -> None:
    problems: list[Problem] = []
    assert read_preferences(file, problems, Preferences("was:there")) == Preferences() and problems == []


def test_a_wrong_wish_costs_itself(file: Path) -> None:
    speech = {"preferredTranscriptionModelId": 7, "preferredSynthesisModelId": "a:1", "modelDownloadPolicy": "daily"}
    found, problems = read(file, {"speech": speech})
    assert found == Preferences(synthesis_model="a:1")
    assert [problem.path for problem in problems] == [
        "speech.preferredTranscriptionModelId",
        "speech.modelDownloadPolicy",
    ]


def test_half_a_file_changes_nothing(file: Path) -> None:
    before = Preferences("was:there")
    found, (problem,) = read(file, '{"speech": {', before)
    assert found is before and "stays" in problem.fix
    assert read(file, "[1]")[0] == Preferences()
    assert read(file, {"speech": "loud"})[1][0].path == "speech"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.dictionaries(st.sampled_from(["speech", "preferredTranscriptionModelId", "modelDownloadPolicy"]), inner)
            | st.lists(inner)
        ),
    )
)
def test_whatever_is_in_it(file: Path, value: Any) -> None:
    found, _ = read(file, json.dumps(value))
    assert found.download_policy in (None, "never", "on_first_use", "eager")


def test_the_policy_counts_unless_the_settings_say_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    read(home.preferences_json, {"speech": {"modelDownloadPolicy": "eager"}})
    assert load(home).settings.warm_up == "eager"
    home.config_json.write_text('{"warmUp": "never"}', encoding="utf-8")
    home.config_json.chmod(0o600)
    assert load(home).settings.warm_up == "never"
    assert load(home).preferences.download_policy == "eager"
