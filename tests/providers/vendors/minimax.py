"""MiniMax as its API reference describes it: sound in hexadecimal digits, whole or as events; refusals by HTTP 200."""

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.providers.vendors.sounds import clip_pcm

__all__ = ["CLONED", "KEY", "MODELS", "events", "minimax", "refusal", "spoken", "told"]

KEY = "eyJhbGciOi0123456789"
CLONED = "my-own-voice-1"
MODELS = (
    "speech-2.8-hd speech-2.8-turbo speech-2.6-hd speech-2.6-turbo speech-02-hd speech-02-turbo speech-01-hd "
    "speech-01-turbo"
)
_SYSTEM = ("English_expressive_narrator", "English_radiant_girl", "Chinese (Mandarin)_News_Anchor", "Cantonese_Lady")
_RATES = (8000, 16000, 22050, 24000, 32000, 44100)
_CLIP_RATE = 16_000
_PIECE = 4_097  # bytes of sound in one event: an odd number, so samples are cut in two
_PAUSE_S = 0.002


def minimax() -> Starlette:
    """The API under `/v1`."""
    return Starlette(
        routes=[Route("/v1/t2a_v2", _speak, methods=["POST"]), Route("/v1/get_voice", _voices, methods=["POST"])]
    )


def refusal(code: int, message: str) -> dict[str, Any]:
    """The body of a refusal."""
    return {"trace_id": "0", "base_resp": {"status_code": code, "status_msg": message}}


def told(sound: bytes, status: int = 2) -> dict[str, Any]:
    """The body of an answer, or of an event."""
    info = {"audio_length": 2200, "audio_size": len(sound), "usage_characters": 44, "audio_format": "wav"}
    answer = {"data": {"audio": sound.hex(), "status": status}, "trace_id": "01b8bf9b", **refusal(0, "success")}
    return {**answer, "extra_info": info} if status == 2 else answer


def events(sound: bytes, aggregated: bool = False) -> list[bytes]:
    """The lines of a stream, the sound in pieces; the last one repeats it all if that was not declined."""
    pieces = [told(sound[at : at + _PIECE], 1) for at in range(0, len(sound), _PIECE)]
    return [b"data: %s\n\n" % json.dumps(event).encode() for event in [*pieces, told(sound if aggregated else b"")]]


def spoken(text: str, rate: int = 32_000) -> bytes:
    """The samples that a text gives."""
    length = round(max(0.05 * len(text), 0.2) * _CLIP_RATE)
    whole = np.resize(np.frombuffer(clip_pcm(), "<i2"), length).astype(np.float64)
    places = np.arange(round(length * rate / _CLIP_RATE)) * (_CLIP_RATE / rate)
    return np.interp(places, np.arange(length), whole).astype("<i2").tobytes()


async def _speak(request: Request) -> Response:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return JSONResponse(refusal(1004, "login fail: Please carry the API secret key in the Authorization field"))
    body = await request.json()
    problem = _problem(body)
    if problem is not None:
        return JSONResponse(problem)
    rate = body["audio_setting"]["sample_rate"]
    sound = spoken(body["text"], rate)
    if not body["stream"]:
        return JSONResponse(told(_wav(sound, rate) if body["audio_setting"]["format"] == "wav" else sound))
    aggregated = not body.get("stream_options", {}).get("exclude_aggregated_audio", False)
    return StreamingResponse(_pieces(events(sound, aggregated)), media_type="text/event-stream")


def _problem(body: dict[str, Any]) -> dict[str, Any] | None:
    voice = body["voice_setting"]
    if body["model"] not in MODELS.split() or body["audio_setting"]["sample_rate"] not in _RATES:
        return refusal(2013, "invalid params, model or sample_rate")
    if voice["voice_id"] not in (*_SYSTEM, CLONED) and not voice["voice_id"].startswith("English_"):
        return refusal(2054, "voice id not exist")
    if not 0.5 <= voice["speed"] <= 2 or len(body["text"]) >= 10_000:
        return refusal(2013, "invalid params, speed or text")
    if body["stream"] and body["audio_setting"]["format"] == "wav":
        return refusal(2013, "invalid params, wav is only supported without stream")
    return None


async def _voices(request: Request) -> Response:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return JSONResponse(refusal(1004, "login fail"))
    if (await request.json()) != {"voice_type": "all"}:
        return JSONResponse(refusal(2013, "invalid params, voice_type"))
    system = [{"voice_id": voice, "voice_name": voice.partition("_")[2], "description": []} for voice in _SYSTEM]
    cloned = [{"voice_id": CLONED, "description": [], "created_time": "2026-02-03"}]
    return JSONResponse({"system_voice": system, "voice_cloning": cloned, "voice_generation": None, **refusal(0, "")})


async def _pieces(lines: list[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line[:100]
        await asyncio.sleep(_PAUSE_S)
        yield line[100:]


def _wav(data: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, rate, 0, "NONE", ""))
        writer.writeframes(data)
    return file.getvalue()
