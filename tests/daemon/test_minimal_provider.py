"""The published page's own minimal provider and its own providers.json, unchanged, selected by model id.

The page runs it with bun. Where there is only node, a `bun` on the provider's PATH stands for it: it takes off the type
annotations that bun would ignore, and brings the two engine functions that the page leaves to the reader.
"""

import base64
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.conftest import Client, Daemon, daemon_in, until

WIRE = Path(__file__).parents[1] / "wire"

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or shutil.which("node") is None, reason="the published example is a program for node or bun"
)


@pytest.fixture
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    root = tmp_path_factory.mktemp("m")
    with daemon_in(root / "home") as daemon:
        daemon.home.ensure()
        shutil.copyfile(WIRE / "seed_minimal_provider.ts", daemon.home.root / "minimal-provider.ts")
        shutil.copyfile(WIRE / "seed_minimal_providers.json", daemon.home.providers_json)
        daemon.home.providers_json.chmod(0o600)
        bun = root / "bin" / "bun"
        bun.parent.mkdir()
        entry = f'import "{WIRE / "seed_bun.mjs"}"; await import(process.argv[1])'
        bun.write_text(
            f"#!/bin/sh\nshift\nexec node --input-type=module --no-warnings -e '{entry}' \"file://$PWD/$1\"\n",
            encoding="utf-8",
        )
        bun.chmod(0o755)
        daemon.environment["PATH"] = f"{bun.parent}:{daemon.environment['PATH']}"
        yield daemon.start()


def test_it_recognises_when_its_model_is_named(published: Daemon, recording: str) -> None:
    with Client(published.socket) as client:
        result = client.call("transcribe.file", path=recording, modelId="my-model:v1")
        assert result["text"] == "RIFF of 32044 bytes"
        assert result["metrics"]["inferenceMs"] == 95 and result["metrics"]["totalMs"] == 100
        assert published.providers()["my-provider"]["state"] == "ready"
        assert published.providers()["my-tts"]["state"] == "stopped"
    (row,) = published.rows() or until(published.rows)
    assert (row["modelId"], row["providerId"], row["outcome"]) == ("my-model:v1", "my-provider", "ok")
    assert row["metricsComplete"] is True


def test_it_speaks_when_its_model_is_named(published: Daemon) -> None:
    with Client(published.socket) as client:
        result = client.call("synthesize.generate", text="hello", modelId="my-tts:v1")
        assert base64.b64decode(result["audioBase64"]).startswith(b"RIFF")
        assert (result["voiceId"], result["durationMs"]) == ("default", 500)
        voices = client.call("synthesize.voices", modelId="my-tts:v1")["voices"]
        assert [(voice["id"], voice["modelId"], voice["default"]) for voice in voices] == [
            ("default", "my-tts:v1", True)
        ]
        assert client.call("synthesize.generate", text="hello", modelId="my-tts:v1", voiceId="default")["audioBytes"]


def test_it_lists_what_its_entries_say(published: Daemon) -> None:
    with Client(published.socket) as client:
        assert [model["id"] for model in client.call("models.list")["models"]] == ["my-model:v1"]
        assert [model["id"] for model in client.call("synthesize.models")["models"]] == ["my-tts:v1"]
        (named,) = client.call("models.list")["models"]
        assert (named["name"], named["backend"]) == ("My Model", "custom")


def test_what_it_never_answers_costs_nothing_else(published: Daemon, recording: str) -> None:
    with Client(published.socket) as asks, Client(published.socket) as works:
        asks.begin("models.preload", modelId="my-model:v1")
        for _ in range(3):
            assert works.call("transcribe.file", path=recording, modelId="my-model:v1")["text"]
