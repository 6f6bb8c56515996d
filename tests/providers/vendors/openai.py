"""OpenAI's speech API as its reference describes it, or any server that imitates it."""

import json
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.providers.vendors.sounds import clip_wav, endless

__all__ = ["KEY", "SAID", "WORDS", "app", "error"]

KEY = "sk-test-0123456789abcdef"
SAID = "I can count to three."
WORDS = [{"word": word, "start": 0.3 * at, "end": 0.3 * at + 0.25} for at, word in enumerate(SAID.rstrip(".").split())]
_WITH_TIMES = "whisper-1"
_VOICES = "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse".split()  # noqa: SIM905
_LONGEST = 4096
_SPEAKING = ("gpt-4o-mini-tts", "tts-1", "tts-1-hd")
_HEARING = ("gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", _WITH_TIMES)


def error(status: int, message: str, code: str | None = None, param: str | None = None, **headers: str) -> Response:
    """An error in OpenAI's form."""
    body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}
    return JSONResponse(body, status, headers={name.replace("_", "-"): value for name, value in headers.items()})


def app(seconds: float | None = None, *, keyless: bool = False) -> Starlette:
    """The API.

    Args:
        seconds: How much of the recording each speech holds; None for all.
        keyless: Take requests without a key, and any model and voice, as servers of one's own do.
    """
    wav = endless(clip_wav(seconds, rate=24_000))

    def guarded(serve: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def check(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not keyless and given != f"Bearer {KEY}":
                told = given.removeprefix("Bearer ")
                return error(401, f"Incorrect API key provided: {told}. You can find yours there.", "invalid_api_key")
            return await serve(request)

        return check

    async def speak(request: Request) -> Response:
        asked = json.loads(await request.body())
        if not keyless and asked["model"] not in _SPEAKING:
            return _no_model(asked["model"])
        if not keyless and asked["voice"] not in _VOICES:
            return error(400, f"Voice {asked['voice']} is unknown.", None, "voice")
        if not keyless and len(asked["input"]) > _LONGEST:
            return error(400, f"String too long: {asked['input']}", "string_above_max_length", "input")
        return StreamingResponse(iter(wav[at : at + 4000] for at in range(0, len(wav), 4000)), media_type="audio/wav")

    async def hear(request: Request) -> Response:
        async with request.form() as form:
            kind, model = form.get("response_format", "json"), form["model"]
            wanted, size = form.getlist("timestamp_granularities[]"), form["file"].size
        if not keyless and model not in _HEARING:
            return _no_model(model)
        if not size:
            return error(400, "Audio file might be corrupted or unsupported", "invalid_value", "file")
        if kind == "verbose_json" and model != _WITH_TIMES and not keyless:
            return error(400, f"response_format 'verbose_json' is not compatible with model '{model}'.", None, None)
        if kind == "text":
            return PlainTextResponse(SAID)
        if kind == "json":
            return JSONResponse({"text": SAID, "usage": {"type": "tokens", "total_tokens": 9}})
        return JSONResponse(_verbose(wanted))

    async def translate(request: Request) -> Response:
        async with request.form() as form:
            model = form["model"]
        if model != _WITH_TIMES and not keyless:
            return error(404, f"The model '{model}' does not support translation.", "model_not_found")
        return JSONResponse({**_verbose([]), "task": "translate"})

    return Starlette(
        routes=[
            Route("/v1/audio/speech", guarded(speak), methods=["POST"]),
            Route("/v1/audio/transcriptions", guarded(hear), methods=["POST"]),
            Route("/v1/audio/translations", guarded(translate), methods=["POST"]),
        ]
    )


def _no_model(name: object) -> Response:
    return error(404, f"The model `{name}` does not exist or you do not have access to it.", "model_not_found")


def _verbose(wanted: list[str]) -> dict[str, object]:
    segment = {"id": 0, "start": 0.0, "end": 1.5, "text": f" {SAID}", "avg_logprob": -0.2, "no_speech_prob": 0.01}
    found = {"task": "transcribe", "language": "english", "duration": 1.5, "text": f" {SAID}", "segments": [segment]}
    return {**found, "words": WORDS} if "word" in wanted else found
