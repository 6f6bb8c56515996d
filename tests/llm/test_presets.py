"""What settings come down to."""

from pathlib import Path
from typing import Any, get_args

import pytest

from vox.config.llm import LlmSettings, Preset
from vox.errors import ConfigError, LlmNotConfigured
from vox.llm.body import Dialect
from vox.llm.presets import KNOWN, Server, resolve
from vox.log import redactor


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for known in KNOWN.values():
        if known.key_variable:
            monkeypatch.delenv(known.key_variable, raising=False)


def server(**settings: Any) -> Server:
    return resolve(LlmSettings.model_validate(settings))


def test_every_preset_is_known() -> None:
    assert set(KNOWN) == set(get_args(Preset))


@pytest.mark.parametrize("preset", get_args(Preset))
def test_a_preset_and_a_model_are_enough(preset: str) -> None:
    found = server(preset=preset, model="m")
    assert found.base_url.endswith("/v1") and found.model == "m"
    assert found.is_local is (preset in ("ollama", "llama.cpp", "lm-studio"))
    assert found.base_url.startswith("http://127.0.0.1:" if found.is_local else "https://")
    assert found.remedy


def test_the_vendors_own_variable_holds_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk-of-this-test")
    assert server(preset="groq", model="m").headers["Authorization"] == "Bearer gsk-of-this-test"
    assert server(baseUrl="https://api.groq.com/openai/v1", model="m").headers["Authorization"].endswith("this-test")
    assert server(preset="groq", model="m", apiKey="mine").headers["Authorization"] == "Bearer mine"


@pytest.mark.parametrize(
    "elsewhere", ["https://example.com/v1", "http://api.groq.com/v1", "https://api.groq.com.example.com/v1"]
)
def test_a_vendors_key_goes_nowhere_else(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROQ_API_KEY", "gsk-of-this-test")
    assert "Authorization" not in server(preset="groq", baseUrl=elsewhere, model="m").headers
    assert "Authorization" not in server(baseUrl=elsewhere, model="m").headers


def test_an_address_that_is_written_out_keeps_the_vendors_ways() -> None:
    assert server(baseUrl="https://api.openai.com/v1", model="m").dialect == Dialect(
        tokens_field="max_completion_tokens"
    )
    assert server(baseUrl="https://example.com/v1", model="m").dialect == Dialect()
    assert server(preset="openai", model="m", tokensField="max_tokens", streamUsage=False).dialect == Dialect(
        usage=False
    )


def test_llama_cpp_serves_the_model_it_was_started_with() -> None:
    assert server(preset="llama.cpp").model == "default"


@pytest.mark.parametrize(
    ("settings", "missing"),
    [({"model": "m"}, "llm.baseUrl"), ({"preset": "groq"}, "llm.model"), ({"baseUrl": "http://a/v1"}, "llm.model")],
)
def test_what_is_missing_is_named(settings: dict[str, Any], missing: str) -> None:
    with pytest.raises(LlmNotConfigured, match=missing):
        server(**settings)


def test_keys_and_headers_may_be_kept_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("key-in-a-file\n", encoding="utf-8")
    monkeypatch.setenv("MY_TITLE", "Mine")
    settings = LlmSettings(
        base_url="https://example.com/v1",
        model="m",
        api_key=f"${{file:{tmp_path / 'key'}}}",
        headers={"X-Title": "${env:MY_TITLE}", "X-Api-Key": "another-secret"},
    )
    found = resolve(settings)
    assert found.headers == {"X-Title": "Mine", "X-Api-Key": "another-secret", "Authorization": "Bearer key-in-a-file"}
    assert redactor.text("key-in-a-file another-secret Mine") == "[redacted] [redacted] Mine"
    assert "secret" not in repr(found) and "key-in" not in repr(found)
    (tmp_path / "key").write_text("a-newer-key", encoding="utf-8")
    assert resolve(settings).headers["Authorization"] == "Bearer a-newer-key"


@pytest.mark.parametrize("key", ["${env:NOT_SET_AT_ALL}", "${file:/no/such/file}", "${keyring:x}"])
def test_a_key_that_cannot_be_had_is_named(key: str) -> None:
    with pytest.raises(ConfigError, match=r"llm\.apiKey"):
        server(preset="groq", model="m", apiKey=key)


@pytest.mark.parametrize("extra", [{"apiKey": "a\nb"}, {"apiKey": "schlüssel"}, {"headers": {"X-Title": "a\rb"}}])
def test_what_no_header_can_hold_is_named_without_being_shown(extra: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="characters that no header can") as caught:
        server(preset="groq", model="m", **extra)
    assert "schlüssel" not in caught.value.message


def test_how_messages_name_a_server() -> None:
    assert server(baseUrl="http://localhost:8080/v1", model="m").host == "localhost:8080"
    assert server(preset="openrouter", model="m").host == "openrouter.ai"
    with pytest.raises(LlmNotConfigured, match=r"example\.com") as caught:
        server(baseUrl="https://me:my-password@example.com/v1")
    assert "my-password" not in caught.value.message
