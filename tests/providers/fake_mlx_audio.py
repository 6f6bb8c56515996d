"""A package `mlx_audio` in a virtual environment of its own, with the functions and results of the real one.

Its models hear and speak numbers: recognition tells how long the recording is, speech is a tone a word.
"""

import subprocess
import sys
from pathlib import Path

__all__ = ["build_environment"]

_COMMON = '''
import os
from pathlib import Path

def fetched(name):
    """As the hub's library does: the files lie in its cache afterwards."""
    if "broken" in name:
        raise ValueError("Model type broken not supported.\\nSee the list.")
    print("Fetching 3 files", name)  # what a model prints must not reach the protocol
    snapshot = Path(os.environ["HF_HOME"], "hub", "models--" + name.replace("/", "--"), "snapshots", "1")
    snapshot.mkdir(parents=True, exist_ok=True)
    (snapshot / "config.json").write_text("{}")
'''

_STT = """
import wave
from types import SimpleNamespace
from mlx_audio.common import fetched

def seconds(path):
    with wave.open(path) as file:
        return file.getnframes() / file.getframerate()

class Whisper:
    def generate(self, audio, *, language=None, verbose=False, **decode_options):
        assert not decode_options
        length = seconds(audio)
        pieces = [{"id": 7, "start": 0, "end": length, "text": f" {length:.0f} seconds", "tokens": [1]}]
        return SimpleNamespace(text=f" {length:.0f} seconds ", segments=pieces, language=language or "en")

class Parakeet:
    def generate(self, path, chunk_duration=None):
        sentence = SimpleNamespace(text=" one", start=0.5, end=1.0, tokens=[])
        return SimpleNamespace(text="one", sentences=[sentence])

def load_model(model_path, lazy=False, strict=False, **kwargs):
    fetched(model_path)
    return Parakeet() if "parakeet" in model_path else Whisper()
"""

_TTS = """
import math, os, sys, time
from types import SimpleNamespace
from mlx_audio.common import fetched

class Array:
    def __init__(self, samples):
        self.samples = samples
    def tolist(self):
        return self.samples

def tone(length, pitch):
    return [1.2 * math.sin(pitch * n) for n in range(length)]

class Kokoro:
    def generate(self, text, voice=None, speed=1.0, lang_code="a", split_pattern="x", **kwargs):
        sys.stderr.write(f"GENERATE {text!r} {voice} {speed:g} {lang_code} {kwargs}\\n")
        if text == "die":
            os._exit(9)
        for word in text.split():
            if word == "slow":
                time.sleep(0.05)
            if word == "stuck":
                time.sleep(60)
            yield SimpleNamespace(audio=Array([tone(int(2400 / speed), 0.1)]), sample_rate=24000)

class Csm:
    sample_rate = 16000
    def generate(self, text, max_tokens=100):
        yield SimpleNamespace(audio=Array(tone(max_tokens, 0.2)))

def load_model(model_path, lazy=False, strict=True, **kwargs):
    fetched(model_path)
    return Csm() if "csm" in model_path else Kokoro()
"""


def build_environment(folder: Path) -> Path:
    """Make the environment; the path of its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    told = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True, encoding="utf-8")
    package = Path(told.stdout.strip()) / "mlx_audio"
    for name, text in {"common": _COMMON, "stt/utils": _STT, "tts/utils": _TTS}.items():
        module = package / f"{name}.py"
        module.parent.mkdir(parents=True, exist_ok=True)
        (module.parent / "__init__.py").touch()
        module.write_text(text, encoding="utf-8")
    return python
