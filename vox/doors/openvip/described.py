"""The OpenAPI document of this interface. It says what OpenVIP 1.0 says, and what is decided here beyond it."""

from typing import Any

from vox import __version__
from vox.doors.openvip.agents import MAX_EVENT
from vox.doors.openvip.asking import MAX_BODY
from vox.doors.openvip.control import COMMANDS
from vox.doors.openvip.described_shapes import SHAPES
from vox.doors.openvip.wire import Fields

__all__ = ["document"]


def document(server: str) -> Fields:
    """The document.

    Args:
        server: Base of all its paths, as the client found it.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vox: OpenVIP",
            "version": __version__,
            "summary": "Implements OpenVIP 1.0.",
            "description": f"Bodies have at most {MAX_BODY} bytes, messages to agents {MAX_EVENT}.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": _PATHS,
        "components": {"schemas": SHAPES, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
        "tags": [{"name": name} for name in ("Messages", "Speech", "Status", "Control")],
    }


def _ref(shape: str) -> Fields:
    return {"$ref": f"#/components/schemas/{shape}"}


def _json(shape: str) -> Fields:
    return {"application/json": {"schema": _ref(shape)}}


def _operation(
    tag: str, id: str, summary: str, answer: str | None, body: str | None = None, told: str = "", **more: Any
) -> Fields:
    content = _json(answer) if answer else {"text/event-stream": {"schema": {"type": "string"}}}
    operation: Fields = {"tags": [tag], "operationId": id, "summary": summary}
    if told:
        operation["description"] = told
    operation |= more
    if body is not None:
        operation["requestBody"] = {"required": True, "content": _json(body)}
    failed = {"description": "What went wrong.", "content": _json("Error")}
    return operation | {"responses": {"200": {"description": "It went well.", "content": content}, "default": failed}}


_AGENT: Fields = {
    "name": "agent_id",
    "in": "path",
    "required": True,
    "description": "The agent. Ids that begin and end with two underscores are reserved.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
_PARTIALS: Fields = {
    "name": "partials",
    "in": "query",
    "description": "1 sends what is recognised while it is still spoken, too, marked `partial`.",
    "schema": {"type": "string", "enum": ["0", "1"], "default": "0"},
}
_SUBSCRIBE = (
    "The open stream is the registration: the agent is connected for as long as it lasts. 409 if one of that id is"
    " connected already. Nothing is replayed. A comment every 15 seconds shows that all is well."
)
_SEND = "Anybody may send any connected agent a message; 404 if it is not. `x_agent_switch` changes who is spoken to."
_SPEAK = (
    "Behind what waits to be spoken already. Answered when it was heard, or after 8 seconds. A model or a voice that is"
    " not here is replaced by the default, which `notes` tells."
)
_PATHS: Fields = {
    "/agents/{agent_id}/messages": {
        "parameters": [_AGENT],
        "get": _operation(
            "Messages", "subscribeAgent", "Be an agent (SSE)", None, told=_SUBSCRIBE, parameters=[_PARTIALS]
        ),
        "post": _operation("Messages", "sendMessage", "Send an agent a message", "Response", "Message", _SEND),
    },
    "/speech": {
        "post": _operation("Speech", "textToSpeech", "Have a text spoken", "SpeechResponse", "SpeechRequest", _SPEAK)
    },
    "/speech/stop": {
        "post": _operation("Speech", "stopSpeech", "Be quiet", "Response", told="What waits to be spoken is forgotten.")
    },
    "/status": {"get": _operation("Status", "getStatus", "How it stands", "Status")},
    "/status/stream": {
        "get": _operation(
            "Status", "subscribeStatus", "How it stands (SSE)", None, told="At once, and after each change."
        )
    },
    "/control": {
        "post": _operation(
            "Control", "sendControl", "Give a command", "ControlResponse", "ControlRequest", ", ".join(COMMANDS)
        )
    },
    "/health": {"get": _operation("Status", "health", "That it is there", "Response")},
    "/api/agents/{agent_id}/focus": {
        "parameters": [_AGENT],
        "post": _operation("Control", "focusAgent", "An agent's terminal got the keyboard", "Response", "Focus"),
    },
}
