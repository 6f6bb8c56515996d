"""The Gemini API as its reference describes it, as far as speech goes."""

import base64
import json
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.providers.vendors.sounds import clip_pcm

__all__ = ["KEY", "RATE", "app", "candidate", "error", "events", "inline"]

KEY = "AIza-gemini-test-key-0123456789"
RATE = 24_000
_STREAMS = "gemini-3.1-flash-tts-preview"
_MODELS = ("gemini-2.5-flash-preview-tts", "gemini-2.5-pro-preview-tts", _STREAMS)


def inline(data: bytes, kind: str = f"audio/L16;codec=pcm;rate={RATE}") -> dict[str, Any]:
    """A part that holds audio."""
    return {"inlineData": {"mimeType": kind, "data": base64.b64encode(data).decode()}}


def candidate(*parts: dict[str, Any], reason: str | None = "STOP") -> dict[str, Any]:
    """A body with one candidate."""
    told: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)} if parts else {}, "index": 0}
    return {"candidates": [{**told, **({"finishReason": reason} if reason else {})}]}


def error(status: int, name: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"code": status, "status": name, "message": message, "details": list(details)}}


def events(*bodies: object) -> Response:
    """Bodies as server-sent events."""
    lines = "".join(f"data: {json.dumps(body)}\r\n\r\n" for body in bodies)
    return Response(lines, media_type="text/event-stream")


async def _generate(request: Request) -> Response:
    model, _, method = request.path_params["call"].partition(":")
    if request.headers.get("x-goog-api-key") != KEY:
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
        body = error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", info)
        return JSONResponse(body, 400)
    if model not in _MODELS:
        return JSONResponse(error(404, "NOT_FOUND", f"models/{model} is not found for API version v1beta"), 404)
    asked = await request.json()
    assert asked["generationConfig"]["responseModalities"] == ["AUDIO"]
    pcm = clip_pcm(1)
    if method == "generateContent":
        return JSONResponse(candidate(inline(pcm)))
    assert method == "streamGenerateContent" and model == _STREAMS and request.query_params["alt"] == "sse"
    return StreamingResponse(_pieces(pcm), media_type="text/event-stream")


async def _pieces(pcm: bytes) -> Any:
    kind = "audio/l16; rate=24000; channels=1"
    for at in range(0, len(pcm), 8000):
        yield f"data: {json.dumps(candidate(inline(pcm[at : at + 8000], kind), reason=None))}\r\n\r\n"
    yield f"data: {json.dumps(candidate())}\r\n\r\n"


app = Starlette(routes=[Route("/v1beta/models/{call}", _generate, methods=["POST"])])
