"""`llm` of config.json and its variables."""

from typing import Any

import pytest

from tests.config.conftest import Load
from vox.config.llm import LlmSettings, LlmTimeouts
from vox.config.settings import Settings


def test_without_it_there_is_no_language_model(load_home: Load) -> None:
    assert load_home().settings.llm is None


def test_the_keys_of_the_file(load_home: Load) -> None:
    llm = {
        "baseUrl": "https://example.com/v1",
        "model": "a/b:c",
        "apiKey": "${env:MY_KEY}",
        "headers": {"X-Title": "Mine"},
        "tokensField": "max_completion_tokens",
        "maxTokens": 300,
        "temperature": 0.2,
        "extraBody": {"reasoning_effort": "low"},
        "timeouts": {"firstTokenMs": 9000},
    }
    configuration = load_home(config={"llm": llm})
    assert configuration.problems == ()
    assert configuration.settings.llm == LlmSettings(
        base_url="https://example.com/v1",
        model="a/b:c",
        api_key="${env:MY_KEY}",
        headers={"X-Title": "Mine"},
        tokens_field="max_completion_tokens",
        max_tokens=300,
        temperature=0.2,
        extra_body={"reasoning_effort": "low"},
        timeouts=LlmTimeouts(first_token_ms=9000),
    )


def test_variables_alone_are_enough(load_home: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_LLM_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("VOX_LLM_MODEL", "m")
    assert load_home().settings.llm == LlmSettings(base_url="http://127.0.0.1:1/v1", model="m")


def test_variables_beat_the_file_and_leave_the_rest_of_it(load_home: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_LLM_MODEL", "other")
    monkeypatch.setenv("VOX_LLM_API_KEY", "k")
    llm = load_home(config={"llm": {"preset": "groq", "model": "m", "timeouts": {"idleMs": 7}}}).settings.llm
    assert llm == LlmSettings(preset="groq", model="other", api_key="k", timeouts=LlmTimeouts(idle_ms=7))


@pytest.mark.parametrize(
    ("bad", "path"),
    [
        ({"preset": "nobody"}, "llm.preset"),
        ({"baseUrl": "example.com"}, "llm.baseUrl"),
        ({"baseUrl": "file:///etc/passwd"}, "llm.baseUrl"),
        ({"baseUrl": "http://?"}, "llm.baseUrl"),
        ({"baseUrl": "http://:8080/v1"}, "llm.baseUrl"),
        ({"baseUrl": "http://localhost:port/v1"}, "llm.baseUrl"),
        ({"baseUrl": "http://localhost:99999/v1"}, "llm.baseUrl"),
        ({"baseUrl": "http://[::1/v1"}, "llm.baseUrl"),
        ({"baseUrl": "http://local host/v1"}, "llm.baseUrl"),
        ({"baseUrl": "http://localhost/v1\n"}, "llm.baseUrl"),
        ({"baseUrl": "http://models..example.com/v1"}, "llm.baseUrl"),
        ({"baseUrl": f"http://{64 * 'a'}.example.com/v1"}, "llm.baseUrl"),
        ({"timeouts": {"idleMs": 0}}, "llm.timeouts.idleMs"),
        ({"extraBody": {"stream": False}}, "llm.extraBody"),
        ({"modell": "m"}, "llm.modell"),
    ],
)
def test_a_bad_key_is_named_with_its_line(load_home: Load, bad: dict[str, Any], path: str) -> None:
    configuration = load_home(config={"port": 5000, "llm": {"model": "m", **bad}})
    assert configuration.settings == Settings(port=5000)
    (problem,) = configuration.problems
    assert problem.path == path and problem.line >= 3


@pytest.mark.parametrize(
    "address", ["http://localhost", "http://[::1]:8080/v1", "https://modèles.example.com/v1?version=1", "http://a.b./"]
)
def test_addresses(address: str) -> None:
    assert LlmSettings(base_url=address).base_url == address


def test_a_bad_variable_is_named_in_full(load_home: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_LLM_BASE_URL", "nonsense")
    (problem,) = load_home().problems
    assert "llm.base_url" in problem.message


def test_a_key_that_stands_in_the_file_is_not_shown() -> None:
    shown = repr(LlmSettings(api_key="very-secret", headers={"X-Key": "also-secret"}))
    assert "secret" not in shown
