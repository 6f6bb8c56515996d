"""The built-ins that ask a vendor conform, with the vendor's API on this machine in the vendor's place."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from starlette.types import ASGIApp

from tests.conformance.conftest import Checked
from tests.providers.vendors import elevenlabs, gemini, groq, minimax, nvidia, openai
from tests.providers.vendors.server import Vendor
from vox.host.command import builtins
from vox.provider.conformance import Times

__all__ = ["SERVED"]

PATIENT = Times(start=30, silence=5, exit=10)
SPEAKS = frozenset(("voices.speak", "cancel.work", "preload.result", "progress.shape", "models.limit"))
HEARS = frozenset(("transcribe.segments", "cancel.work", "preload.result", "progress.shape", "models.limit"))


@dataclass(frozen=True)
class Served:
    """A program and the API it asks.

    Attributes:
        app: Makes the API.
        environment: The variables that lead to it, `{url}` standing for its address.
        offers: What the program has to be seen to offer.
        model: The one to check; None for the first.
    """

    app: Callable[[], ASGIApp]
    environment: dict[str, str]
    offers: frozenset[str]
    model: str | None = None


SERVED = {
    "openai": Served(
        openai.app,
        {"OPENAI_API_KEY": openai.KEY, "OPENAI_BASE_URL": "{url}/v1", "VOX_OPENAI_ASR_MODELS": "whisper-1"},
        HEARS | {"transcribe.words"},
    ),
    "openai-tts": Served(
        openai.app,
        {"OPENAI_API_KEY": openai.KEY, "OPENAI_BASE_URL": "{url}/v1"},
        SPEAKS | {"stream.audio"},
    ),
    "elevenlabs": Served(
        elevenlabs.elevenlabs,
        {"ELEVENLABS_API_KEY": elevenlabs.KEY, "ELEVENLABS_BASE_URL": "{url}"},
        SPEAKS | HEARS | {"transcribe.words", "stream.audio"},
    ),
    "minimax": Served(
        minimax.minimax,
        {"MINIMAX_API_KEY": minimax.KEY, "MINIMAX_BASE_URL": "{url}/v1"},
        SPEAKS | {"stream.audio"},
    ),
    "gemini": Served(
        lambda: gemini.app,
        {"GEMINI_API_KEY": gemini.KEY, "GEMINI_BASE_URL": "{url}/v1beta"},
        SPEAKS | {"stream.audio"},
        model="gemini-3.1-flash-tts-preview",
    ),
    "groq": Served(
        lambda: groq.app,
        {"GROQ_API_KEY": groq.KEY, "GROQ_BASE_URL": "{url}/openai/v1"},
        SPEAKS | HEARS | {"transcribe.words", "stream.audio"},
    ),
    "nvidia": Served(
        lambda: nvidia.app,
        {"NV_API_KEY": nvidia.KEY, "NVIDIA_BASE_URL": "{url}"},
        SPEAKS | {"stream.audio"},
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", SERVED)
def test_a_program_conforms(check: Callable[..., Checked], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    served = SERVED[name]
    with Vendor(served.app()) as vendor:
        for variable, value in served.environment.items():
            monkeypatch.setenv(variable, value.format(url=vendor.url))
        results = check([sys.executable, "-P", "-m", builtins()[name]], times=PATIENT, install=True, model=served.model)
    assert {id: result for id, result in results.items() if result.outcome in ("fail", "warning")} == {}
    assert {id for id, result in results.items() if result.outcome == "pass"} >= served.offers


def test_without_a_key_there_is_nothing_to_call(check: Callable[..., Checked], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, served in SERVED.items():
        for variable in served.environment:
            monkeypatch.setenv(variable, "")
        results = check([sys.executable, "-P", "-m", builtins()[name]], times=Times(start=30, silence=0.3))
        assert results["start.models"].outcome == "pass" and results["models.members"].outcome == "pass"
