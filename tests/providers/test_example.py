"""providers.example.json lists every built-in, and each of them says what it lacks, wherever somebody meets it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.daemons import environment, stopped_at_the_end, vox
from vox.client import Client
from vox.config import ProviderEntry
from vox.config.builtins import BUILTINS
from vox.config.keys import KEYS
from vox.errors import ModelNotInstalled
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


Listed = tuple[Home, dict[str, str], list[dict[str, Any]]]
"""A home, the environment of its daemon, and the models of all built-ins there."""

ENGINES = (
    *("moonshine_voice", "hibari", "onnxruntime", "onnx_asr", "faster_whisper", "ctranslate2", "kokoro_onnx"),
    *("piper", "espeakng_loader", "mlx_audio"),
)
"""Packages that only engines need."""

HIDING = f"""
from importlib.machinery import PathFinder

find = PathFinder.find_spec


def find_spec(name, path=None, target=None):
    return None if name.partition(".")[0] in {ENGINES!r} else find(name, path, target)


PathFinder.find_spec = find_spec
"""
"""Makes a Python look as if they were not installed."""


@pytest.fixture(scope="module", params=["keys and weights", "keys, weights, packages and programs"])
def without(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listed]:
    """A daemon with every built-in, without one or the other."""
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
    env = bare(home) if request.param == "keys and weights" else without_packages(home, folder / "hiding")
    with stopped_at_the_end(home):
        answer = json.loads(vox(home, "models", "--json", env=env).stdout)
        assert answer["problems"] == []
        yield home, env, answer["models"]


def bare(home: Home) -> dict[str, str]:
    """No key of any vendor, and no model outside of packages."""
    keys = {name for names in KEYS.values() for name in names}
    kept = {name: value for name, value in environment(home).items() if name not in keys}
    return {**kept, "VOX_MODELS": str(home.root / "models")}


def without_packages(home: Home, folder: Path) -> dict[str, str]:
    """No package of an engine either, and no program on PATH."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(HIDING, encoding="utf-8")
    return {**bare(home), "PYTHONPATH": str(folder), "PATH": str(folder)}


def lacking(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [model for model in models if not (model["installed"] and model["available"])]


def test_the_list_tells_each_remedy_on_its_line(without: Listed) -> None:
    home, env, models = without
    shown = {line.split()[0]: line for line in vox(home, "models", env=env).stdout.splitlines()}
    providers = {model["provider"] for model in lacking(models)}
    assert providers >= {*KEYS, "parakeet", "whisper", "faster-whisper", "kokoro", "piper", "mlx-audio", "gone"}
    if "PYTHONPATH" in env:
        assert providers == {model["provider"] for model in models}  # nobody has anything
    for model in lacking(models):
        assert model.get("remedy") and "\n" not in model["remedy"], model["id"]
        if model["kind"] == "asr" or model["provider"] not in ("groq", "elevenlabs", "mlx-audio"):
            assert f"do={json.dumps(model['remedy'], ensure_ascii=False)}" in shown[model["id"]]


def test_the_doctor_tells_the_remedy_of_each_provider_that_has_no_model(without: Listed) -> None:
    home, env, models = without
    said = json.loads(vox(home, "doctor", "--json", env=env).stdout)["checks"]
    told = {check["name"]: check for check in said if check["name"].startswith("provider ")}
    for kind, provider in {(model["kind"], model["provider"]) for model in models}:
        own = [model for model in models if (model["kind"], model["provider"]) == (kind, provider)]
        check = told[f"provider {kind} {provider}"]
        if len(lacking(own)) < len(own):
            assert check["status"] == "ok"
        else:
            assert check["status"] == "warning"
            remedy = check["remediation"]
            assert (remedy["label"], remedy["detail"]) in {(f"For {one['id']}", one["remedy"]) for one in own}
    lines = vox(home, "doctor", env=env).stdout.splitlines()
    told_lines = [line for line in lines if "action: For " in line]
    assert len(told_lines) >= sum(check["status"] == "warning" for check in told.values())


def test_who_asks_for_a_model_is_told_the_remedy_in_one_line(without: Listed, tmp_path: Path) -> None:
    home, _, models = without
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for model in lacking(models):
        if model["id"] not in ("parakeet:v2", "parakeet:v3", "avspeech:system"):  # others stand for these
            first.setdefault((model["provider"], model["kind"]), model)
    recording = Path(__file__).parents[2] / "docs" / "audio" / "jfk.wav"
    assert first
    with Client(home, start=False) as client:
        for model in first.values():
            with pytest.raises(ModelNotInstalled) as caught:
                _use(client, model, recording)
            assert model["remedy"] in caught.value.message and "\n" not in caught.value.message
    for words, kind in (("transcribe", str(recording)), "asr"), (("speak", "hello", "--no-play"), "tts"):
        model = next(model for model in first.values() if model["kind"] == kind)
        done = vox(home, *words, "--model", model["id"], cwd=tmp_path)
        assert done.returncode == 66 and model["remedy"] in done.stderr and len(done.stderr.splitlines()) == 1


def _use(client: Client, model: dict[str, Any], recording: Path) -> None:
    if model["kind"] == "asr":
        client.transcribe(recording, model["id"])
    else:
        client.synthesize("hello", model["id"])
