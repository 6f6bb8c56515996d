"""Settings are checked, then written into config.json, which otherwise stays as it was."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from vox.config.comments import without_comments
from vox.config.setting_edit import set_setting, unset_setting
from vox.errors import ConfigError, InvalidRequest

FILE = '{\n  // mine\n  "port": 4711, // free\n  "llm": {"model": "a"}\n}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config.json"
    path.write_text(FILE, encoding="utf-8")
    path.chmod(0o644)
    return path


def plain(path: Path) -> dict[str, Any]:
    return json.loads(without_comments(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("port", "4712", 4712),
        ("port", '"4712"', 4712),
        ("defaultAsr", "parakeet:v3", "parakeet:v3"),
        ("default_asr", "null", None),
        ("llm.model", "4", "4"),  # no number can stand there
        ("llm.apiKey", "12345678", "12345678"),
        ("llm.headers.X-Team", "voice", "voice"),
        ("llm.extraBody.reasoning.effort", "low", "low"),
        ("history", "yes", True),
        ("allowedOrigins", '["https://example.com"]', ["https://example.com"]),
        ("realtime.turnDetection.threshold", "0.4", 0.4),
        ("openAi.models.gpt-4.1", "whisper:small", "whisper:small"),
        ("openAi.voices.my.voice.voice", "en-us", "en-us"),
        ("llm", '{"preset": "ollama"}', {"preset": "ollama"}),
    ],
)
def test_a_setting_is_written_as_it_will_be_read(path: Path, key: str, text: str, value: Any) -> None:
    assert set_setting(path, key, text) == value
    assert json.dumps(value) in path.read_text(encoding="utf-8")
    assert "// mine" in path.read_text(encoding="utf-8")
    assert unset_setting(path, key)
    assert "// mine" in path.read_text(encoding="utf-8") and not unset_setting(path, key)


def test_names_with_dots_are_one_key(path: Path) -> None:
    set_setting(path, "openAi.models.gpt-4.1", "x:y")
    set_setting(path, "openAi.voices.my.voice.voice", "en-us")
    assert plain(path)["openAi"] == {"models": {"gpt-4.1": "x:y"}, "voices": {"my.voice": {"voice": "en-us"}}}


def test_the_file_is_private_and_what_was_there_is_kept(path: Path) -> None:
    set_setting(path, "llm.topP", "0.5")
    backup = path.with_name("config.json.bak")
    assert backup.read_text(encoding="utf-8") == FILE
    assert path.read_text(encoding="utf-8") == FILE.replace('"a"', '"a", "topP": 0.5')
    assert [stat.S_IMODE(file.stat().st_mode) for file in (path, backup)] == [0o600, 0o600]


def test_what_is_so_already_is_not_written_again(path: Path) -> None:
    assert set_setting(path, "port", "4711") == 4711
    assert not path.with_name("config.json.bak").exists()


@pytest.mark.parametrize(
    ("key", "text", "told"),
    [
        ("port", "70000", "port cannot be set to 70000: Input should be less than or equal to 65535"),
        ("warmUp", "soon", "'never', 'on_first_use' or 'eager'"),
        ("llm.temperature", "hot", "valid number"),
        ("llm.extraBody.stream", "true", "stream follows from the conversation"),
        ("authScopes", "files", "valid list"),
        ("prot", "1", "Did you mean port"),
        ("llm.baseUri", "http://x", "Did you mean llm.baseUrl"),
        ("port.x", "1", "port is one value"),
        ("llm.model.x", "1", "llm.model is one value"),
        ("authToken", "short", "authToken has 5 characters; it must have 16 or more"),
        ("authToken", "${keyring:vox}", "cannot read: use"),
        ("host", "0.0.0.0", "other machines can reach"),
        ("allowedOrigins", '["https://a.example", "b.example"]', "'b.example' is no origin"),
        ("llm.apiKey", "sk-ключ", "characters that no header can"),
        ("llm.headers.X-Team", "voice\n", "characters that no header can"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(path: Path, key: str, text: str, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        set_setting(path, key, text)
    assert path.read_text(encoding="utf-8") == FILE


def test_a_secret_that_is_refused_is_not_repeated(path: Path) -> None:
    with pytest.raises(InvalidRequest) as caught:
        set_setting(path, "llm.headers", "sk-hunter2")
    assert "hunter2" not in caught.value.message


def test_other_machines_are_let_in_by_a_token_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_setting(path, "authToken", "${file:~/token}")  # which may be made later, and for the daemon alone
    set_setting(path, "host", "0.0.0.0")
    with pytest.raises(InvalidRequest, match="authToken cannot be taken out: host is"):
        unset_setting(path, "authToken")
    monkeypatch.setenv("VOX_AUTH_TOKEN", "0123456789abcdef")
    assert unset_setting(path, "authToken") and plain(path)["host"] == "0.0.0.0"


def test_what_was_wrong_before_does_not_stand_in_the_way(path: Path) -> None:
    path.write_text('{"port": -1, "portt": 2}', encoding="utf-8")
    with pytest.raises(InvalidRequest):
        set_setting(path, "port", "-1")
    set_setting(path, "history", "true")
    assert unset_setting(path, "portt")  # no setting, but it stands there
    assert plain(path) == {"port": -1, "history": True}


def test_a_name_as_in_python_stays_one(path: Path) -> None:
    path.write_text('{"llm": {"base_url": "http://a"}, "default_asr": "x"}', encoding="utf-8")
    set_setting(path, "llm.baseUrl", "http://b")
    assert plain(path)["llm"] == {"base_url": "http://b"}
    assert unset_setting(path, "defaultAsr") and "default_asr" not in plain(path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"port": 1, "port": 2}', '{"llm": 5}'])
def test_a_file_that_is_wrong_is_left_alone(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises((ConfigError, InvalidRequest)):
        set_setting(path, "llm.model", "b") if "port" not in text else unset_setting(path, "port")
    assert path.read_text(encoding="utf-8") == text


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    set_setting(tmp_path / "config.json", "llm.preset", "ollama")
    assert (tmp_path / "config.json").read_text(encoding="utf-8") == '{\n  "llm": {"preset": "ollama"}\n}\n'
