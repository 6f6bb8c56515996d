"""Groq's API as its reference describes it, as far as speech goes."""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.providers.vendors.sounds import clip_wav, endless, pieces

__all__ = ["KEY", "RATE", "TRANSCRIPT", "app", "error"]

KEY = "gsk_groqtestkey0123456789"
RATE = 48_000

TRANSCRIPT: dict[str, Any] = {
    "task": "transcribe",
    "language": "English",
    "duration": 2.0,
    "text": " Concord returned. To its place.",
    "segments": [
        {"id": 0, "seek": 0, "start": 0.0, "end": 1.2, "text": " Concord returned.", "avg_logprob": -0.1},
        {"id": 1, "seek": 0, "start": 1.2, "end": 2.0, "text": " To its place.", "avg_logprob": -0.3},
    ],
    "x_groq": {"id": "req_1"},
}
_WORDS = [("Concord", 0.0, 0.5), ("returned", 0.5, 1.2), ("To", 1.2, 1.4), ("its", 1.4, 1.6), ("place", 1.6, 2.0)]


def error(message: str, code: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    """The body of a refusal."""
    return {"error": {"message": message, "type": kind, "code": code}}


def _refuse(request: Request) -> Response | None:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return JSONResponse(error("Invalid API Key", "invalid_api_key"), 401)
    return None


async def _speech(request: Request) -> Response:
    asked = await request.json()
    if refused := _refuse(request):
        return refused
    assert asked["response_format"] == "wav" and 0 < len(asked["input"]) <= 200
    return StreamingResponse(pieces(endless(clip_wav(1, RATE))), media_type="audio/wav")


async def _transcription(request: Request) -> Response:
    if refused := _refuse(request):
        return refused
    async with request.form() as form:
        assert form["response_format"] == "verbose_json"
        body = dict(TRANSCRIPT)
        if "word" in form.getlist("timestamp_granularities[]"):
            body["words"] = [{"word": word, "start": start, "end": end} for word, start, end in _WORDS]
        return JSONResponse(body)


async def _translation(request: Request) -> Response:
    if refused := _refuse(request):
        return refused
    async with request.form() as form:
        if form["model"] != "whisper-large-v3":
            return JSONResponse(error("The model does not support translation", "invalid_model"), 400)
        return JSONResponse({**TRANSCRIPT, "task": "translate", "language": "German"})


app = Starlette(
    routes=[
        Route("/openai/v1/audio/speech", _speech, methods=["POST"]),
        Route("/openai/v1/audio/transcriptions", _transcription, methods=["POST"]),
        Route("/openai/v1/audio/translations", _translation, methods=["POST"]),
    ]
)
