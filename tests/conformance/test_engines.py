"""The engines with real weights keep the protocol. Their file is their own, for they take as long as all others."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.conftest import Checked
from tests.conformance.test_programs import LAID_OUT, OFFERED, PATIENT, conforms
from tests.providers.weights import lay_out_kokoro, lay_out_piper, lay_out_tiny_whisper
from vox.host.command import builtins
from vox.provider.conformance import Times

LAY_OUT = {
    "faster-whisper": lambda models: lay_out_tiny_whisper(models / "faster-whisper"),
    "kokoro": lambda models: lay_out_kokoro(models / "kokoro" / "v1.0"),
    "piper": lambda models: lay_out_piper(models / "piper"),
}

SINGLY = {"VOX_ONNX_THREADS": "1", "VOX_FASTER_WHISPER_THREADS": "1", "VOX_FASTER_WHISPER_BEAM": "1"}
"""One thread each, for there are as many workers as cores, and threads that wait for each other spin."""

UNHURRIED = Times(start=30, silence=20, exit=10, work=400)
"""For an engine that speaks about as fast as one listens; in Vox its entry has a longer `synthesizeMs`."""

ENOUGH = (
    "start.*",
    "models.*",
    "preload.*",
    "synthesize.result",
    "synthesize.audio",
    "synthesize.metrics",
    "synthesize.empty",
    "stream.audio",
    "voices.*",
    "cancel.work",
    "end.idle",
    "lines.malformed",
    "stdout.*",
)
"""For the same: what a long text and several at once would add takes minutes."""


def test_every_engine_is_laid_out() -> None:
    assert LAY_OUT.keys() == LAID_OUT


@pytest.mark.heavy
@pytest.mark.parametrize("name", LAY_OUT)
def test_an_engine_conforms(
    check: Callable[..., Checked], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    for variable, value in {"VOX_MODELS": str(tmp_path), **SINGLY}.items():
        monkeypatch.setenv(variable, value)
    LAY_OUT[name](tmp_path)
    slow = name == "kokoro"
    command = [sys.executable, "-P", "-m", builtins()[name]]
    passed = conforms(check(command, times=UNHURRIED if slow else PATIENT, only=ENOUGH if slow else (), install=False))
    assert passed >= OFFERED[name]
