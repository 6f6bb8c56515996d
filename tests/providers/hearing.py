"""What Moonshine understands of speech that another engine made."""

import base64
import io
import re
import wave
from pathlib import Path

import numpy as np
import soxr

from vox.provider import Call
from vox_providers import moonshine


def recording(audio: str, folder: Path) -> Path:
    """A WAV given as base64, as a recogniser wants it: 16 kHz, in a file in `folder`."""
    with wave.open(io.BytesIO(base64.b64decode(audio))) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        rate = file.getframerate()
    path = folder / "spoken.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes((soxr.resample(samples, rate, 16000) * 32767).astype("<i2").tobytes())
    return path


def understood(audio: str, folder: Path) -> str:
    """The words in a WAV given as base64."""
    call = Call("transcribe", {"modelId": moonshine.MODEL, "path": str(recording(audio, folder))})
    # what is clearly read it takes for a quotation
    return re.sub(r"(?<!\w)'|'(?!\w)", "", str(moonshine.transcribe(call)["text"]))
