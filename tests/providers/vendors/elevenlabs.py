"""ElevenLabs as its API reference describes it: voices by pages, speech in every format, Scribe.

What is spoken is a recording, longer for longer texts; what Scribe hears is how long the recording lasts.
"""

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import soundfile
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.providers.vendors.sounds import clip_pcm

__all__ = ["FORMATS", "GEORGE", "KEY", "detail", "elevenlabs", "sound"]

KEY = "xi-0123456789abcdef0123456789abcdef"
GEORGE = "JBFqnCBsd6RMkjVDRZzb"

_NAMES = """
alaw_8000 mp3_22050_32 mp3_24000_48 mp3_44100_32 mp3_44100_64 mp3_44100_96 mp3_44100_128 mp3_44100_192 opus_48000_32
opus_48000_64 opus_48000_96 opus_48000_128 opus_48000_192 pcm_8000 pcm_16000 pcm_22050 pcm_24000 pcm_32000 pcm_44100
pcm_48000 ulaw_8000 wav_8000 wav_16000 wav_22050 wav_24000 wav_32000 wav_44100 wav_48000
"""
FORMATS = frozenset(_NAMES.split())
"""The reference's list, written down a second time: two lists tell when one of them is wrong."""

_MODELS = {
    "eleven_multilingual_v2": 10_000,
    "eleven_turbo_v2_5": 40_000,
    "eleven_flash_v2_5": 40_000,
    "eleven_v3": 5_000,
}
_TYPES = {"pcm": "audio/pcm", "wav": "audio/wav", "mp3": "audio/mpeg", "opus": "audio/ogg", "ulaw": "audio/basic"}
_CLIP_RATE = 16_000
_PIECE = 3_001  # bytes sent at once: an odd number, so samples are cut in two
_PAUSE_S = 0.002  # between pieces of a stream


def elevenlabs(voices: int = 250) -> Starlette:
    """An account with so many voices."""

    async def list_voices(request: Request) -> Response:
        return _unauthorized(request) or _page(request, voices)

    async def speak(request: Request) -> Response:
        return _unauthorized(request) or await _speak(request)

    async def hear(request: Request) -> Response:
        return _unauthorized(request) or await _hear(request)

    return Starlette(
        routes=[
            Route("/v2/voices", list_voices),
            Route("/v1/text-to-speech/{voice}", speak, methods=["POST"]),
            Route("/v1/text-to-speech/{voice}/stream", speak, methods=["POST"]),
            Route("/v1/speech-to-text", hear, methods=["POST"]),
        ]
    )


def detail(status: str, message: str) -> dict[str, object]:
    """The body of an error."""
    return {"detail": {"type": "invalid_request", "code": status, "status": status, "message": message}}


def sound(name: str, seconds: float | None = None) -> bytes:
    """The recording in one of the formats."""
    codec, rate = name.split("_")[:2]
    samples = _samples(int(rate), seconds)
    if codec == "pcm":
        return samples.tobytes()
    if codec == "wav":
        return _wav(samples.tobytes(), int(rate))
    file = io.BytesIO()
    kind, subtype = {
        "mp3": ("MP3", "MPEG_LAYER_III"),
        "opus": ("OGG", "OPUS"),
        "ulaw": ("RAW", "ULAW"),
        "alaw": ("RAW", "ALAW"),
    }[codec]
    soundfile.write(file, samples, int(rate), format=kind, subtype=subtype)
    return file.getvalue()


def _unauthorized(request: Request) -> Response | None:
    if request.headers.get("xi-api-key") == KEY:
        return None
    return JSONResponse(detail("invalid_api_key", "Invalid API key"), 401)


def _page(request: Request, voices: int) -> Response:
    size = int(request.query_params.get("page_size", "10"))
    if not 1 <= size <= 100:
        return JSONResponse(detail("invalid_parameters", "page_size must be at most 100"), 422)
    begin = int(request.query_params.get("next_page_token", "page-0").removeprefix("page-"))
    end = min(begin + size, voices)
    more = end < voices
    return JSONResponse(
        {
            "voices": [_voice(number) for number in range(begin, end)],
            "has_more": more,
            "next_page_token": f"page-{end}" if more else None,
        }
    )


def _voice(number: int) -> dict[str, Any]:
    verified = [
        {"language": "en", "model_id": "eleven_flash_v2_5", "locale": "en-GB"},
        {"language": "de", "model_id": "eleven_multilingual_v2", "locale": "de-DE"},
    ]
    return {
        "voice_id": f"voice{number:015d}" if number else GEORGE,
        "name": f"Voice {number}" if number else "George",
        "category": "premade",
        "labels": {"language": "en", "gender": "male"},
        "verified_languages": verified if number % 2 else None,
    }


async def _speak(request: Request) -> Response:
    body = await request.json()
    form, voice = request.query_params.get("output_format", "mp3_44100_128"), request.path_params["voice"]
    if form not in FORMATS:
        return JSONResponse(detail("invalid_output_format", f"{form} is no output format"), 422)
    if voice != GEORGE and not voice.startswith("voice0"):
        return JSONResponse(detail("voice_not_found", f"A voice with the voice_id {voice} was not found."), 404)
    if body["model_id"] not in _MODELS:
        return JSONResponse(detail("model_not_found", f"A model {body['model_id']} was not found."), 400)
    if len(body["text"]) > _MODELS[body["model_id"]]:
        return JSONResponse(detail("max_character_limit_exceeded", "This request's text is too long."), 400)
    if not 0.7 <= body.get("voice_settings", {}).get("speed", 1.0) <= 1.2:
        return JSONResponse(detail("invalid_voice_settings", "speed must be between 0.7 and 1.2"), 400)
    data = sound(form, 0.05 * len(body["text"]))
    kind = _TYPES.get(form.partition("_")[0], "audio/basic")
    if request.url.path.endswith("/stream"):
        return StreamingResponse(_pieces(data), media_type=kind)
    return Response(data, media_type=kind)


async def _hear(request: Request) -> Response:
    async with request.form() as form:
        if form.get("model_id") != "scribe_v2":
            return JSONResponse(detail("invalid_parameters", "model_id must be 'scribe_v2'"), 400)
        data = await form["file"].read()  # type: ignore[union-attr]
    try:
        with wave.open(io.BytesIO(data)) as file:
            seconds = file.getnframes() / file.getframerate()
    except (wave.Error, EOFError):
        return JSONResponse(detail("invalid_audio", "The audio file cannot be read."), 400)
    words = ["It", "lasts", f"{seconds:.1f}", "seconds."]
    step = seconds / len(words)
    entries: list[dict[str, object]] = []
    for number, word in enumerate(words):
        start, end = number * step, (number + 0.9) * step
        entries.append({"text": word, "type": "word", "start": start, "end": end, "logprob": -0.1})
        if number < len(words) - 1:
            entries.append({"text": " ", "type": "spacing", "start": end, "end": start + step})
    answer = {"language_code": "eng", "language_probability": 0.98, "text": " ".join(words), "words": entries}
    return Response(json.dumps(answer), media_type="application/json")


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), _PIECE):
        yield data[at : at + _PIECE]
        await asyncio.sleep(_PAUSE_S)


def _samples(rate: int, seconds: float | None) -> np.ndarray:
    """The recording at that rate, as often as it takes."""
    recorded = np.frombuffer(clip_pcm(), "<i2")
    length = len(recorded) if seconds is None else round(max(seconds, 0.2) * _CLIP_RATE)
    whole = np.resize(recorded, length).astype(np.float64)
    places = np.arange(round(length * rate / _CLIP_RATE)) * (_CLIP_RATE / rate)
    return np.interp(places, np.arange(length), whole).astype("<i2")


def _wav(data: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        writer.writeframes(data)
    return file.getvalue()
