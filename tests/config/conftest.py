"""A home whose files a test writes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vox.config import Configuration, load
from vox.paths import Home

BUILTINS = {"moonshine", "parakeet", "whisper", "hibari", "espeak"}

Load = Callable[..., Configuration]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in (
        "VOX_HOST",
        "VOX_PORT",
        "VOX_DEFAULT_ASR",
        "VOX_DEFAULT_TTS",
        "VOX_ALIAS_PORTS",
        "VOX_BRIDGE_PORT",
        "VOX_OPENVIP_PORT",
        "VOX_AUTH_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    home = Home(tmp_path)
    home.ensure()
    return home


@pytest.fixture
def load_home(home: Home) -> Load:
    """Write providers.json, config.json or both, each as text or a value, and load them."""

    def run(providers: Any = None, config: Any = None) -> Configuration:
        for path, value in ((home.providers_json, providers), (home.config_json, config)):
            if value is not None:
                text = value if isinstance(value, str) else json.dumps(value, indent=1)
                path.write_text(text, encoding="utf-8")
                path.chmod(0o600)
        return load(home, BUILTINS.__contains__)

    return run


def ids(configuration: Configuration, kind: str) -> list[str]:
    return [entry.id for entry in configuration.entries if entry.kind == kind]
