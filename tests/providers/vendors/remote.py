"""What the tests of Gemini, Groq and NVIDIA share: each program with its vendor, and a call as the daemon makes it."""

import io
import threading
import time
import wave
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from starlette.types import ASGIApp

from tests.providers.vendors import gemini, groq, nvidia
from tests.providers.vendors.server import Vendor
from tests.providers.vendors.sounds import CLIP
from vox.provider import Call, ProviderError
from vox.provider.results import complete_speech
from vox_providers import _nvidia_voices
from vox_providers import gemini as gemini_program
from vox_providers import groq as groq_program
from vox_providers import nvidia as nvidia_program

__all__ = ["HEARS", "NAMES", "SPEAKS", "TEXT", "Way", "failed", "lead", "say", "wave_of"]

TEXT = "A bird in the hand is worth two in the bush."
NAMES = (
    *("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_API_KEY", "GEMINI_BASE_URL", "GOOGLE_GENAI_BASE_URL"),
    *("GROQ_API_KEY", "GROQ_BASE_URL", "NV_API_KEY", "NVIDIA_API_KEY", "NVIDIA_BASE_URL", "NVIDIA_TTS_URL"),
    *("NVIDIA_SYNTHESIZE_URL", "NVIDIA_VOICES_URL", "VOX_ENTRY_ENV", "VOX_GEMINI_TTS_MODELS"),
    *(f"{before}{name}_TTS_TIMEOUT_SECONDS" for before in ("VOX_", "") for name in ("GEMINI", "GROQ", "NVIDIA")),
    *("VOX_GROQ_ASR_TIMEOUT_SECONDS", "GROQ_ASR_TIMEOUT_SECONDS"),
)
"""Variables that a shell may have set."""


@dataclass(frozen=True)
class Way:
    """One thing that one program does, and how its vendor is reached."""

    name: str
    program: ModuleType
    app: ASGIApp
    key: str
    key_name: str
    base_name: str
    base_path: str
    time_name: str
    model: str

    def environment(self, url: str) -> dict[str, str]:
        """The variables of an entry for a vendor at `url`."""
        return {self.key_name: self.key, self.base_name: url + self.base_path}

    def do(self, **params: object) -> tuple[dict[str, Any], bytes]:
        """Speak, or recognise a recording: the result, and the audio if there is any."""
        if self.name.endswith("asr"):
            call = Call("transcribe", {"modelId": self.model, "path": str(CLIP), "prompt": TEXT, **params})
            return self.program.transcribe(call), b""
        return say(self.program, **{"model": self.model, **params})


_GEMINI = (gemini_program, gemini.app, gemini.KEY, "GEMINI_API_KEY", "GEMINI_BASE_URL", "/v1beta")
_GROQ = (groq_program, groq.app, groq.KEY, "GROQ_API_KEY", "GROQ_BASE_URL", "/openai/v1")
_NVIDIA = (nvidia_program, nvidia.app, nvidia.KEY, "NV_API_KEY", "NVIDIA_BASE_URL", "")

SPEAKS = [
    Way("gemini", *_GEMINI, "VOX_GEMINI_TTS_TIMEOUT_SECONDS", "gemini-2.5-flash-preview-tts"),
    Way("groq", *_GROQ, "VOX_GROQ_TTS_TIMEOUT_SECONDS", "canopylabs/orpheus-v1-english"),
    Way("nvidia", *_NVIDIA, "VOX_NVIDIA_TTS_TIMEOUT_SECONDS", "magpie-tts-multilingual"),
]
HEARS = [Way("groq-asr", *_GROQ, "VOX_GROQ_ASR_TIMEOUT_SECONDS", "whisper-large-v3-turbo")]


def say(program: ModuleType, text: str = TEXT, model: str = "", **params: object) -> tuple[dict[str, Any], bytes]:
    """What the daemon gets for a text: the result, and the audio in it."""
    call = Call("synthesize", {"modelId": model, "input": text, **params})
    return complete_speech(call, program.synthesize(call), time.perf_counter())


def failed(run: Callable[[], object]) -> ProviderError:
    """The error that `run` ends with."""
    with pytest.raises(ProviderError) as raised:
        run()
    return raised.value


def lead(way: Way, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Vendor:
    """`vendor` as if it had just begun, and an environment that leads to it and nowhere else."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name, value in way.environment(vendor.url).items():
        monkeypatch.setenv(name, value)
    _nvidia_voices._lists.clear()
    vendor.seen.clear()
    vendor.left, vendor.arrived = threading.Semaphore(0), threading.Semaphore(0)
    vendor.always(None)
    return vendor


def wave_of(audio: bytes) -> tuple[int, int, bytes]:
    """Rate, channels and samples of a WAV."""
    with wave.open(io.BytesIO(audio)) as reader:
        assert reader.getsampwidth() == 2
        return reader.getframerate(), reader.getnchannels(), reader.readframes(reader.getnframes())
