"""The daemon and the command line import some of `vox.audio` at start; that must stay cheap."""

import subprocess
import sys

import pytest

HEAVY = {"numpy", "soundfile", "soxr", "av", "sounddevice", "earshot"}


@pytest.mark.parametrize(
    "module",
    [
        "devices",
        "encode",
        "formats",
        "g711",
        "limits",
        "normalize",
        "portaudio",
        "sniff",
        "source",
        "spool",
        "utterance",
        "wav",
    ],
)
def test_light_modules_load_no_sound_library(module):
    loaded = imported_with(f"vox.audio.{module}")
    assert f"vox.audio.{module}" in loaded
    assert not HEAVY & loaded


def test_subtitles_load_nothing_at_all_for_the_command_line():
    assert not {*HEAVY, "anyio", "asyncio", "dataclasses"} & imported_with("vox.audio.subtitles")


def test_the_door_loads_no_sound_library_before_somebody_records():
    assert not {*HEAVY, "vox.audio.capture"} & imported_with("vox.doors.rpc.methods")


def imported_with(module: str) -> set[str]:
    program = f"import {module}, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=30, encoding="utf-8")
    return set(run.stdout.split())
