"""The voices of Windows: SAPI 5 through the class SpeechSynthesizer, which Windows PowerShell reaches.

Source: the documentation of System.Speech.Synthesis. Everything that varies travels in environment variables and files,
so nothing of a request is ever read as a script. Written without a Windows computer at hand: the tests run a stand-in.
"""

import json
import math
import tempfile
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from vox.provider import Call, ProviderError
from vox_providers import _children, _riff
from vox_providers._system_voices import SystemVoice, by_language

__all__ = ["Sapi"]

_LISTING_S, _LONGEST_RUN_S = 30.0, 300.0
_FASTEST = 10  # SAPI's rates go from -10 to 10
_TEMPO = 3.0  # times as fast at the highest rate, and as slow at the lowest

_BEGIN = """
$ErrorActionPreference = 'Stop'
[Console]::OutputEncoding = [Text.Encoding]::UTF8
Add-Type -AssemblyName System.Speech
$speaker = New-Object System.Speech.Synthesis.SpeechSynthesizer
"""
_LIST = f"""{_BEGIN}
$own = $speaker.Voice.Name
$speaker.GetInstalledVoices() | Where-Object {{ $_.Enabled }} | ForEach-Object {{
  $info = $_.VoiceInfo
  @{{ name = $info.Name; language = $info.Culture.Name; own = ($info.Name -eq $own) }} | ConvertTo-Json -Compress
}}
"""
_SPEAK = f"""{_BEGIN}
$speaker.SelectVoice($env:VOX_SAPI_VOICE)
$speaker.Rate = [int]$env:VOX_SAPI_RATE
$bits = [System.Speech.AudioFormat.AudioBitsPerSample]::Sixteen
$mono = [System.Speech.AudioFormat.AudioChannel]::Mono
$form = New-Object System.Speech.AudioFormat.SpeechAudioFormatInfo(22050, $bits, $mono)
$speaker.SetOutputToWaveFile($env:VOX_SAPI_OUT, $form)
$speaker.Speak([IO.File]::ReadAllText($env:VOX_SAPI_TEXT, [Text.Encoding]::UTF8))
$speaker.Dispose()
"""


class Sapi:
    """Windows PowerShell at a path."""

    name = "SAPI"

    def __init__(self, path: str) -> None:
        self._path = path

    def listed(self) -> list[SystemVoice]:
        """The voices that are installed and enabled; a voice's name is its id.

        Raises:
            ProviderError: PowerShell does not run, or lists nothing.
        """
        done = _children.run(self._argv(_LIST), Call("voices", {}), _LISTING_S)
        found = [_voice(line) for line in done.output.decode("utf-8-sig", "replace").splitlines() if line.strip()]
        if done.status or not found:
            raise _children.failure(self._path, done)
        return found

    def match(self, known: Sequence[SystemVoice], language: str) -> SystemVoice | None:
        """A voice of the language."""
        return by_language(known, language)

    def speak(self, text: str, voice: SystemVoice, speed: float, call: Call) -> tuple[bytes, int]:
        """16-bit mono PCM and its rate. Faster or slower than three times is not to be had.

        Raises:
            ProviderError: The voice failed or took too long, or the call was cancelled.
        """
        with tempfile.TemporaryDirectory(prefix="vox-sapi-") as folder:
            out, words = Path(folder, "speech.wav"), Path(folder, "words.txt")
            words.write_text(text, encoding="utf-8")
            given = {"VOICE": voice.id, "RATE": str(_rate(speed)), "OUT": str(out), "TEXT": str(words)}
            environment = {f"VOX_SAPI_{name}": value for name, value in given.items()}
            done = _children.run(self._argv(_SPEAK), call, _LONGEST_RUN_S, environment=environment)
            if done.status:
                raise _children.failure(self._path, done)
            if not out.is_file():
                raise ProviderError(f"SAPI wrote no sound with the voice {voice.id!r}.")
            return _riff.read_pcm(out.read_bytes(), "SAPI")

    def _argv(self, script: str) -> list[str]:
        """The script in base64, as PowerShell takes it: no quoting, and no policy forbids it."""
        encoded = b64encode(script.encode("utf-16-le")).decode("ascii")
        return [self._path, "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]


def _voice(line: str) -> SystemVoice:
    try:
        told = cast("dict[str, Any]", json.loads(line))
        return SystemVoice(told["name"], told["name"], told["language"] or "und", told.get("own") is True)
    except (ValueError, KeyError, TypeError) as error:
        raise ProviderError(f"PowerShell answered with something else than its voices: {line[:80]!r}") from error


def _rate(speed: float) -> int:
    return max(-_FASTEST, min(_FASTEST, round(_FASTEST * math.log(speed) / math.log(_TEMPO))))
