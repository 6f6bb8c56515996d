"""`vox devices`, with a daemon on a sound server of the tests' own and with one on a machine that may have nothing."""

import json
import os
import subprocess
import sys

import pytest

from tests.processes import marked
from tests.pulse import HEADSET, SPEAKER, SoundServer


@pytest.fixture
def devices(tmp_path_factory, sound_server: SoundServer):
    """Runs `vox devices` with a daemon that hears the server, and ends that."""
    home = tmp_path_factory.mktemp("vox")
    environment = {
        **os.environ, **sound_server.environment, "VOX_HOME": str(home), "VOX_PORT": "0", "VOX_ALIAS_PORTS": "0",
        "VOX_INPUT_DEVICE": HEADSET,
    }  # fmt: skip

    def vox(*words: str) -> str:
        command = [sys.executable, "-m", "vox", *words]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, timeout=60, encoding="utf-8"
        ).stdout

    yield lambda *words: vox("devices", *words)
    vox("daemon", "stop")
    assert not marked(home)


def test_devices_are_listed_by_the_names_they_are_chosen_by(devices):
    lines = devices().splitlines()
    assert "input 'default' default=true" in lines
    assert f"input '{HEADSET}' chosen=true" in lines
    assert f"output '{SPEAKER}'" in lines
    answer = json.loads(devices("--json"))
    assert [device["id"] for device in answer["devices"] if device["chosen"]] == [HEADSET]
