"""providers.example.json lists every built-in, and each of them says what it lacks, wherever somebody meets it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.daemons import environment, stopped_at_the_end, vox
from vox.config import ProviderEntry
from vox.config.builtins import BUILTINS
from vox.config.keys import KEYS
from vox.host.command import builtins
from vox.paths import Home

ENTRIES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "providers.example.json").read_text(encoding="utf-8")
)["providers"]


def test_every_builtin_of_a_kind_has_an_entry() -> None:
    shown = {(entry.kind, entry.program) for entry in map(ProviderEntry.model_validate, ENTRIES)}
    named = {(kind, name) for kind, names in BUILTINS.items() for name in names if name != "tone"}
    assert named <= shown  # `tone` has no engine: it is for trying the host
    assert {name for kind, name in shown if name} <= {name for _, name in named}


def test_what_is_shown_is_installed() -> None:
    wanted = {entry.program for entry in map(ProviderEntry.model_validate, ENTRIES)} - {None}
    assert wanted <= set(builtins())


def test_what_needs_a_key_is_off_and_refers_to_it() -> None:
    for entry in map(ProviderEntry.model_validate, ENTRIES):
        for name in KEYS.get(entry.program or "", ())[:1]:
            assert not entry.enabled and entry.env[name].startswith(("${file:", "${env:")), entry.id


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, list[dict[str, Any]]]]:
    """A daemon with every built-in, no key and no weights but those of packages; and its models."""
    folder = tmp_path_factory.mktemp("bare")
    home = Home(folder / "home")
    home.ensure()
    entries = [
        {"id": name, "kind": kind, "builtin": True}
        for kind, names in BUILTINS.items()
        for name in names
        if name in builtins() and name not in ("command", "tone")
    ]
    entries.append({"id": "gone", "builtin": "command", "argv": ["no-such-program", "{path}"]})
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    home.providers_json.chmod(0o600)
    with stopped_at_the_end(home):
        answer = json.loads(vox(home, "models", "--json", env=bare(home)).stdout)
        assert answer["problems"] == []
        yield home, answer["models"]


def bare(home: Home) -> dict[str, str]:
    """No key of any vendor, and no model outside of packages."""
    keys = {name for names in KEYS.values() for name in names}
    kept = {name: value for name, value in environment(home).items() if name not in keys}
    return {**kept, "VOX_MODELS": str(home.root / "models")}


def test_the_list_tells_each_remedy_on_its_line(listed: tuple[Home, list[dict[str, Any]]]) -> None:
    home, models = listed
    shown = {line.split()[0]: line for line in vox(home, "models", env=bare(home)).stdout.splitlines()}
    lacking = [model for model in models if not (model["installed"] and model["available"])]
    assert {model["provider"] for model in lacking} >= {*KEYS, "parakeet", "whisper", "gone"} & set(builtins())
    for model in lacking:
        assert model.get("remedy") and "\n" not in model["remedy"], model["id"]
        if model["kind"] == "asr" or model["provider"] not in ("groq", "elevenlabs", "mlx-audio"):
            assert f"do={json.dumps(model['remedy'], ensure_ascii=False)}" in shown[model["id"]]


def test_who_asks_for_a_model_is_told_the_remedy_in_one_line(
    listed: tuple[Home, list[dict[str, Any]]], tmp_path: Path
) -> None:
    home, models = listed
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for model in models:
        if not model["installed"] and model["id"] not in ("parakeet:v2", "parakeet:v3", "avspeech:system"):
            first.setdefault((model["provider"], model["kind"]), model)
    recording = Path(__file__).parents[2] / "docs" / "audio" / "jfk.wav"
    assert first
    for model in first.values():
        words = ("transcribe", str(recording)) if model["kind"] == "asr" else ("speak", "hello", "--no-play")
        done = vox(home, *words, "--model", model["id"], env=bare(home), cwd=tmp_path)
        told = done.stderr.strip().splitlines()
        assert done.returncode == 66 and len(told) == 1, (model["id"], told)
        assert model["remedy"] in told[0]
