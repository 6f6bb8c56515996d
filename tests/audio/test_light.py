"""The daemon and the command line import some of `vox.audio` at start; that must stay cheap."""

import subprocess
import sys

import pytest

HEAVY = {"numpy", "soundfile", "soxr", "av"}


@pytest.mark.parametrize("module", ["encode", "formats", "limits", "normalize", "sniff", "source", "spool", "wav"])
def test_light_modules_load_no_sound_library(module):
    loaded = imported_with(f"vox.audio.{module}")
    assert f"vox.audio.{module}" in loaded
    assert not HEAVY & loaded


def test_subtitles_load_nothing_at_all_for_the_command_line():
    assert not {*HEAVY, "anyio", "asyncio", "dataclasses"} & imported_with("vox.audio.subtitles")


def imported_with(module: str) -> set[str]:
    program = f"import {module}, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, timeout=30, encoding="utf-8")
    return set(run.stdout.split())
