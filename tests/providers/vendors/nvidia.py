"""NVIDIA's TTS NIM as its reference of the HTTP API describes it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.providers.vendors.sounds import clip_wav, pieces

__all__ = ["KEY", "RATE", "VOICES", "app"]

KEY = "nvapi-nvidia-test-key-0123456789"
RATE = 44_100

VOICES = [
    *(f"Magpie-Multilingual.EN-US.{name}" for name in ("Aria", "Aria.Happy", "Aria.Calm", "Jason")),
    *(f"Magpie-Multilingual.{place}.{name}" for place in ("DE-DE", "ES-US", "ZH-CN") for name in ("Aria", "Leo")),
    "Magpie-Multilingual.FR-FR.Pascal",
]


def _refuse(request: Request) -> Response | None:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return JSONResponse({"status": 401, "title": "Unauthorized", "detail": "Authentication failed"}, 401)
    return None


async def _voices(request: Request) -> Response:
    return _refuse(request) or JSONResponse({"en-US,de-DE,es-US,zh-CN,fr-FR": {"voices": VOICES}})


async def _synthesize(request: Request) -> Response:
    if refused := _refuse(request):
        return refused
    async with request.form() as form:
        assert form["encoding"] == "LINEAR_PCM" and form["sample_rate_hz"] == str(RATE)
        if form["voice"] not in VOICES:
            return JSONResponse({"error": "Error: Triton model failed during inference."}, 400)
        return StreamingResponse(pieces(clip_wav(1, RATE)), media_type="audio/wav")


app = Starlette(
    routes=[
        Route("/v1/audio/list_voices", _voices),
        Route("/v1/audio/synthesize", _synthesize, methods=["POST"]),
    ]
)
