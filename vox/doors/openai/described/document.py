"""The OpenAPI document."""

from typing import Any

from vox import __version__
from vox.audio.formats import STREAM_FORMATS
from vox.doors.openai.described.shapes import SHAPES, Schema, ref

__all__ = ["OPENAPI", "document"]

OPENAPI = "3.1.0"
"""The version of OpenAPI it is written in."""

_EVENTS = {"text/event-stream": {"schema": {"type": "string"}}}
_TEXTS = {kind: {"schema": {"type": "string"}} for kind in ("text/plain", "text/vtt")}
_AUDIO = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(set(STREAM_FORMATS.values()))}

_FAILURES = {
    "400": "A field is missing or wrong, or the recording cannot be read",
    "401": "A token is required, and this is none",
    "404": "There is no such model",
    "413": "The recording, or the text, is larger than can be taken",
    "429": "The provider is busy; Retry-After says when to come back",
    "500": "Vox failed",
    "502": "The provider failed",
    "503": "No room in time, or the provider cannot be started; Retry-After says when to come back",
}


def document(server: str = "http://127.0.0.1:42137") -> dict[str, Any]:
    """The document.

    Args:
        server: Where the daemon is.
    """
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Vox: OpenAI's audio API",
            "version": __version__,
            "description": "Recognition and speech by the models of this machine, for programs made for OpenAI's API.",
        },
        "servers": [{"url": server}],
        "security": [{"token": []}, {}],
        "paths": {**_paths(), **_realtime_paths()},
        "components": {
            "schemas": SHAPES,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "authToken of config.json, if it is set."}
            },
        },
    }


def _paths() -> dict[str, Any]:
    model = {"name": "model", "schema": {"type": "string"}, "description": "Id of a model, or a name for one."}
    return {
        "/v1/audio/transcriptions": _post(
            "Speech becomes text, in its own language",
            {"multipart/form-data": {"schema": ref("TranscriptionForm")}},
            {
                "application/json": {
                    "schema": {"anyOf": [ref(f"Transcription{kind}") for kind in ("", "Verbose", "Diarized")]}
                },
                **_TEXTS,
                **_EVENTS,
            },
        ),
        "/v1/audio/translations": _post(
            "Speech becomes English text",
            {"multipart/form-data": {"schema": ref("TranslationForm")}},
            {
                "application/json": {"schema": {"anyOf": [ref("Transcription"), ref("TranscriptionVerbose")]}},
                **_TEXTS,
            },
        ),
        "/v1/audio/speech": _post(
            "Text becomes speech, which is sent while it is made",
            {"application/json": {"schema": ref("SpeechRequest")}},
            {**_AUDIO, **_EVENTS},
        ),
        "/v1/audio/voices": _get("The voices", ref("VoiceList"), {**model, "in": "query", "required": False}),
        "/v1/audio/models": _get("The models that speak, as some clients ask for them", ref("SpeakingModels")),
        "/v1/models": _get("The models that can be used now, and the names that stand for one", ref("ModelList")),
        "/v1/models/{model}": _get("One model", ref("Model"), {**model, "in": "path", "required": True}),
    }


def _realtime_paths() -> dict[str, Any]:
    """What opens sessions at `/v1/realtime`; a document like this has no words for the socket itself."""
    asked, session = {"application/json": {"schema": ref("ClientSecretRequest")}}, {"type": "object"}
    flat = {"application/json": {"schema": session | {"description": "The session in its earlier, flat form."}}}
    minted, earlier = ({"application/json": {"schema": ref(name)}} for name in ("ClientSecret", "BetaSession"))
    return {
        "/v1/realtime/client_secrets": _post("A secret that opens a spoken session", asked, minted),
        "/v1/realtime/sessions": _post("The same, as earlier clients ask for it", flat, earlier),
        "/v1/realtime/transcription_sessions": _post("The same, for recognition alone", flat, earlier),
    }


def _post(summary: str, asked: Schema, answered: Schema) -> Schema:
    body = {"required": True, "content": asked}
    return {"post": {"summary": summary, "requestBody": body, "responses": _responses(answered)}}


def _get(summary: str, answered: Schema, *parameters: Schema) -> Schema:
    responses = _responses({"application/json": {"schema": answered}})
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": responses}}


def _responses(answered: Schema) -> Schema:
    told = {"application/json": {"schema": ref("Error")}}
    failures = {status: {"description": why, "content": told} for status, why in _FAILURES.items()}
    return {"200": {"description": "Done", "content": answered}, **failures}
