"""What the daemon will refuse or pass over is told where the configuration is read, and stays as it is written."""

from typing import Any

import pytest

from tests.config.conftest import Load
from vox.config.settings import Settings
from vox.config.unusable import unusable

LONG = "0123456789abcdef"


@pytest.mark.parametrize(
    ("refused", "path", "line"),
    [
        ({"authToken": "short"}, "authToken", 3),
        ({"host": "0.0.0.0"}, "host", 3),
        ({"llm": {"apiKey": "ключ"}}, "llm.apiKey", 4),
        ({"llm": {"headers": {"X": "a\nb"}}}, "llm.headers.X", 5),
        ({"llm": {"headers": {"X": "${keyring:x}"}}}, "llm.headers.X", 5),
        ({"allowedOrigins": ["https://a", "b"]}, "allowedOrigins[1]", 5),
    ],
)
def test_it_is_named(load_home: Load, refused: dict[str, Any], path: str, line: int) -> None:
    config = {"defaultTts": "t:1", **refused}
    configuration = load_home(config=config)
    assert configuration.settings == Settings.model_validate(config)
    (problem,) = configuration.problems
    assert (problem.path, problem.line) == (path, line)


@pytest.mark.parametrize(
    "config",
    [
        {"authToken": LONG, "host": "0.0.0.0"},
        {"authToken": "${file:/no/such/file}", "host": "0.0.0.0"},
        {"authToken": "${env:VOX_NO_SUCH}"},
        {"host": "::1"},
        {"llm": {"apiKey": "${env:VOX_NO_SUCH}", "headers": {"X": "${file:/no/such/file}"}}},
        {"allowedOrigins": ["https://a.example", "http://localhost:*"]},
    ],
)
def test_what_can_be_used_is_not(config: dict[str, Any]) -> None:
    assert list(unusable(Settings.model_validate(config), {})) == []


def test_a_token_may_be_in_a_variable() -> None:
    settings = Settings(host="0.0.0.0")
    ((place, _),) = unusable(settings, {"VOX_AUTH_TOKEN": ""})
    assert place == ("host",)
    assert list(unusable(settings, {"VOX_AUTH_TOKEN": LONG})) == []
