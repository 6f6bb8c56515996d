"""Values kept elsewhere: in the daemon's environment, or in a file."""

from pathlib import Path

import pytest

from vox.config.references import resolve_references
from vox.errors import ConfigError


def test_plain_values_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"A": "b", "B": "", "C": "$HOME ${HOME} $${x}", "D": "a:b"}
    assert resolve_references(values) == values


def test_a_variable_of_the_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "${env:NOT_RESOLVED_AGAIN}")
    assert resolve_references({"A": "pre-${env:MY_KEY}-post"}) == {"A": "pre-${env:NOT_RESOLVED_AGAIN}-post"}


def test_a_file_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("se cret\r\n", encoding="utf-8")
    assert resolve_references({"A": f"${{file:{tmp_path}/key}}"}) == {"A": "se cret"}


def test_a_file_beside_providers_json(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret\n", encoding="utf-8")
    assert resolve_references({"A": "${file:key}"}, tmp_path) == {"A": "secret"}


def test_a_file_below_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("secret", encoding="utf-8")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve_references({"A": "${file:~/key}"}) == {"A": "secret"}


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("${env:NOT_SET_AT_ALL}", "NOT_SET_AT_ALL"),
        ("${file:/no/such/file}", "No such file"),
        ("${file:/}", "cannot be read"),
        ("${file:/a\x00b}", "cannot be read"),
        ("${keyring:OPENAI}", "keyring"),
    ],
)
def test_what_cannot_be_had_is_named(value: str, told: str) -> None:
    with pytest.raises(ConfigError, match="env A refers") as caught:
        resolve_references({"A": value})
    assert told in caught.value.message


def test_a_file_that_is_no_text_is_named_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        resolve_references({"A": "${file:key}"}, tmp_path)
