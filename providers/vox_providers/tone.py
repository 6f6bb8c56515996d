"""Tones for text and durations for audio: a provider of both kinds without a model, for trying and measuring the host.

`tone:tts` plays one short tone a character, higher for later letters; `tone:asr` answers with what it hears, as far as
a few lines can: how long the recording is, how loud, and the pitch of it. VOX_TONE_DELAY_MS makes each call take that
long, VOX_TONE_CONCURRENCY sets how many run at once.
"""

import math
import os
import sys
from array import array

from vox.provider import Call, Provider, ProviderError, serve

RATE = 24_000  # Hz
TONE_S = 0.06  # seconds a character sounds
LOWEST_HZ = 220.0  # the tone of a space; each character's code is one semitone of two octaves above it
MAX_CHARACTERS = 20_000  # twenty minutes of tones
_STEP_S = 0.02  # how often a waiting call looks whether it was cancelled

provider = Provider("tone", kind="both", max_concurrency=int(os.environ.get("VOX_TONE_CONCURRENCY", "4")), streams=True)


@provider.models
def models() -> list[dict[str, object]]:
    """Both models; there is nothing to install."""
    return [
        {"id": "tone:asr", "name": "Tone listener", "kind": "asr", "description": "Tells length, loudness and pitch."},
        {"id": "tone:tts", "name": "Tone speaker", "kind": "tts", "sampleRate": RATE},
    ]


@provider.install
@provider.preload
def prepare(call: Call) -> dict[str, object]:
    """There is nothing to load either."""
    return {"id": _known(call.model_id), "preloaded": True}


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """One voice a wave form."""
    return [
        {"id": "sine", "name": "Sine", "modelId": "tone:tts", "default": True},
        {"id": "square", "name": "Square", "modelId": "tone:tts"},
    ]


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """Describe the recording in words."""
    _known(call.model_id)
    with call.timer("audioLoadMs"):
        samples, rate = _read(call.path)
    with call.timer("inferenceMs"):
        _delay(call)
        loudness, pitch = _measure(samples, rate)
    seconds = len(samples) / rate
    if not loudness:
        return {"text": ""}
    known = [f"{seconds:.2f} seconds", f"{20 * math.log10(loudness):.0f} decibels", f"about {pitch:.0f} hertz"]
    for count in range(1, len(known)):
        call.send_partial(", ".join(known[:count]), stable=True)
    text = ", ".join(known)
    return {"text": text, "words": [{"word": text, "start": 0.0, "end": seconds}]}


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """One tone a character, each heard as soon as it is made."""
    _known(call.model_id)
    voice = call.voice_id or "sine"
    if voice not in ("sine", "square"):
        raise ProviderError(f"There is no voice {voice!r}; choose sine or square.", "voice_not_found")
    if len(call.text) > MAX_CHARACTERS:
        raise ProviderError(f"At most {MAX_CHARACTERS} characters, please.", "text_too_long", limit=MAX_CHARACTERS)
    with call.timer("synthesisMs"):
        _delay(call)
        length = max(1, int(TONE_S / call.speed * RATE))
        for character in call.text:
            tone = _tone(LOWEST_HZ * 2 ** (ord(character) % 25 / 12), length, voice == "square")
            call.send_audio(_little_endian(tone), RATE)
    return {"voiceId": voice}


def _known(model: str) -> str:
    if model not in ("tone:asr", "tone:tts"):
        raise ProviderError(f"There is no model {model!r}; choose tone:asr or tone:tts.", "model_not_found")
    return model


def _delay(call: Call) -> None:
    """Wait as long as the environment asks for, a little at a time: a cancelled call stops waiting."""
    from time import monotonic, sleep

    end = monotonic() + float(os.environ.get("VOX_TONE_DELAY_MS", "0")) / 1000
    while (left := end - monotonic()) > 0:
        call.raise_if_cancelled()
        sleep(min(left, _STEP_S))


def _tone(hertz: float, length: int, square: bool) -> "array[int]":
    step = 2 * math.pi * hertz / RATE
    fade = max(1, min(length // 4, 120))  # 5 ms at both ends: a tone that starts at full strength clicks
    wave_form = (math.copysign(0.3, math.sin(step * n)) if square else math.sin(step * n) for n in range(length))
    return array("h", (int(16_000 * min(1, n / fade, (length - n) / fade) * y) for n, y in enumerate(wave_form)))


def _little_endian(samples: "array[int]") -> bytes:
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def _read(path: str) -> "tuple[array[int], int]":
    import wave  # only a call needs it

    try:
        with wave.open(path, "rb") as reader:
            samples = array("h", reader.readframes(reader.getnframes()))
            rate = reader.getframerate()
    except (OSError, wave.Error, EOFError, ValueError) as error:
        raise ProviderError(f"Cannot read the recording: {error}", "unsupported_audio") from error
    if sys.byteorder == "big":
        samples.byteswap()
    return samples, rate


def _measure(samples: "array[int]", rate: int) -> tuple[float, float]:
    """Root mean square from 0 to 1, and the pitch in hertz by counting the upward crossings of zero."""
    if not samples:
        return 0.0, 0.0
    loudness = math.sqrt(sum(sample * sample for sample in samples) / len(samples)) / 32768
    before = [0, *samples[:-1]]
    rises = sum(1 for last, now in zip(before, samples, strict=True) if last < 0 <= now)
    return loudness, rises * rate / len(samples)


if __name__ == "__main__":
    serve(provider)
