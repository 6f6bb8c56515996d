"""One entry: defaults, units, formulas, and the schema that editors check the file with."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from vox.config import ProviderEntry, Timeouts, schema

EXAMPLE = Path(__file__).parents[2] / "providers.example.json"
PUBLISHED: list[dict[str, Any]] = [
    {"id": "parakeet", "kind": "asr", "builtin": True, "models": ["parakeet:v3"]},
    {"id": "whisper", "command": ["python3", "whisper-provider.py"], "models": ["whisper:tiny"]},
    {"id": "openai-tts", "kind": "tts", "builtin": True, "env": {"VOX_OPENAI_TTS_TIMEOUT_SECONDS": "12"}},
    {"id": "mlx-audio", "kind": "asr", "builtin": True, "env": {"VOX_MLX_AUDIO_ASR_MODELS": "a,b"}},
]


def test_defaults() -> None:
    entry = ProviderEntry.model_validate({"id": "x", "command": ["x"]})
    assert (entry.kind, entry.models, entry.env, entry.max_concurrency) == ("asr", None, {}, None)
    assert (entry.queue.max, entry.queue.timeout_ms, entry.keep_alive) == (32, 30_000, -1)
    assert (entry.replicas, entry.preload, entry.model_options) == (1, [], {})
    assert (entry.timeouts.start_ms, entry.timeouts.preload_ms, entry.cwd) == (20_000, 300_000, None)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("5m", 300), ("30s", 30), ("1.5h", 5400), (90, 90), (0, 0), (-1, -1), ("0", 0), ("0.5s", 0.5)],
)
def test_keep_alive_in_every_unit(written: Any, seconds: float) -> None:
    assert ProviderEntry.model_validate({"id": "x", "command": ["x"], "keepAlive": written}).keep_alive == seconds


@pytest.mark.parametrize("written", ["5d", "m", "-5m", "", "1.2.3s", [], {}, "²s", float("nan")])
def test_keep_alive_that_is_none(written: Any) -> None:
    with pytest.raises(ValidationError):
        ProviderEntry.model_validate({"id": "x", "command": ["x"], "keepAlive": written})


def test_timeouts_grow_with_the_work_unless_they_are_set() -> None:
    free, fixed = Timeouts(), Timeouts.model_validate({"transcribeMs": 1500, "synthesizeMs": 700})
    assert (free.transcribe_s(1), free.transcribe_s(60)) == (30, 200)
    assert (free.synthesize_s(10), free.synthesize_s(100_000)) == (30, 2020)
    assert (fixed.transcribe_s(600), fixed.synthesize_s(100_000)) == (1.5, 0.7)


def test_the_schema_takes_the_example_and_what_the_documents_show() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    jsonschema.Draft202012Validator.check_schema(schema())
    validator.validate(json.loads(EXAMPLE.read_text(encoding="utf-8")))
    validator.validate({"providers": PUBLISHED})
    for entry in PUBLISHED:
        ProviderEntry.model_validate(entry)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"providers": {}},
        {"providers": [], "extra": 1},
        {"providers": [{"command": ["x"]}]},
        {"providers": [{"id": "x", "command": "x"}]},
        {"providers": [{"id": "x", "command": []}]},
        {"providers": [{"id": "x", "command": ["x"], "kind": "stt"}]},
        {"providers": [{"id": "x", "command": ["x"], "maxConcurrency": 0}]},
        {"providers": [{"id": "x", "command": ["x"], "max_concurrency": 1}]},
        {"providers": [{"id": "x", "command": ["x"], "replicas": 0}]},
        {"providers": [{"id": "x", "command": ["x"], "modelOptions": {"m": {"maxConcurrency": 0}}}]},
        {"providers": [{"id": "x", "command": ["x"], "env": {"A": 1}}]},
        {"providers": [{"id": "x", "command": ["x"], "colour": 1}]},
        {"providers": [{"id": "x"}]},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(bad: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(bad)


def test_the_schema_describes_every_key() -> None:
    entry = schema()["$defs"]["ProviderEntry"]
    assert [name for name, field in entry["properties"].items() if "description" not in field] == [
        "queue",
        "timeouts",
    ]  # these two have descriptions of their own below


def test_every_timeout_says_what_it_bounds_and_stands_on_the_page_about_failure() -> None:
    page = (Path(__file__).parents[2] / "docs/guide/failure.md").read_text(encoding="utf-8")
    timeouts = schema()["$defs"]["Timeouts"]["properties"]
    assert "preloadMs" in timeouts
    for name, key in timeouts.items():
        assert key["description"], name
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        if key.get("default"):
            assert f"| {key['default'] // 1000} s |" in row
