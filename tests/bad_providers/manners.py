"""What the programs beside this one share: a provider that behaves, and the place where each of them does not.

It speaks the protocol by hand and uses the standard library alone, so that nothing of Vox's own kit hides a fault.
"""

import base64
import json
import os
import struct
import sys
from collections.abc import Callable
from typing import Any

Request = dict[str, Any]
SPEECH = ("transcribe", "synthesize")
ALL = ("models", "voices", "install", "preload", *SPEECH)

SAMPLES = bytes(3200)
WAV = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 3236, b"WAVE", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16, b"data", len(SAMPLES)
)
WAV += SAMPLES


class Refused(Exception):
    """A call that a good provider does not answer with a result: code and name."""


def usual(request: Request) -> Any:
    """The result a good provider gives.

    Raises:
        Refused: It gives none.
    """
    method, params = request["method"], request.get("params") or {}
    name = params.get("modelId", "bad:1")
    if method == "models":
        return {"models": [{"id": "bad:1", "name": "Bad", "backend": "bad", "installed": True}]}
    if method == "voices":
        return {"voices": [{"id": "anna", "name": "Anna"}]}
    if method not in ALL:
        raise Refused(-32601, "no such method")
    if name != "bad:1":
        raise Refused(-32000, "model_not_found")
    if method in ("install", "preload"):
        return {"model": {"id": name, "installed": True, "preloaded": method == "preload"}}
    if method == "transcribe":
        if not os.path.isfile(params.get("path", "")):
            raise Refused(-32000, "unsupported_audio")
        return {"modelId": name, "text": "fine", "elapsedMs": 1, "metrics": {"inferenceMs": 1, "totalMs": 2}}
    if params.get("voiceId", "anna") != "anna":
        raise Refused(-32000, "voice_not_found")
    audio = base64.b64encode(WAV).decode("ascii")
    return {"modelId": name, "audioBase64": audio, "contentType": "audio/wav", "metrics": {"totalMs": 1}}


def encode(message: Any) -> bytes:
    """A message as a line."""
    return json.dumps(message).encode("utf-8") + b"\n"


def answer(request: Request, result: Any = None) -> bytes:
    """The line that answers a request, by default as a good provider does."""
    return encode({"jsonrpc": "2.0", "id": request["id"], "result": usual(request) if result is None else result})


def write(data: bytes) -> None:
    """All of it to stdout, at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def requests(line: bytes) -> list[Request]:
    """What a line asks for; nothing when it is no JSON, or an answer."""
    try:
        message = json.loads(line)
    except ValueError:
        return []
    items = message if isinstance(message, list) else [message]
    return [item for item in items if isinstance(item, dict) and "method" in item]


def run(act: Callable[[Request], None], only: tuple[str, ...] = SPEECH, **told: Any) -> None:
    """Serve until the input ends. `act` gets the requests of some methods; `told` goes into the answer to `models`."""
    for line in sys.stdin.buffer:
        for request in requests(line):
            if "id" in request or request["method"] == "cancel":
                respond(request, act, only, told)


def respond(request: Request, act: Callable[[Request], None], only: tuple[str, ...], told: dict[str, Any]) -> None:
    """One request, answered by `act` or as usual, or refused."""
    method = request["method"]
    try:
        if method in only:
            act(request)
        elif "id" in request:
            result = usual(request)
            write(answer(request, {**result, **told} if method == "models" else result))
    except Refused as refused:
        code, name = refused.args
        error = {"code": code, "message": name, "data": {"code": name.replace(" ", "_")}}
        write(encode({"jsonrpc": "2.0", "id": request["id"], "error": error}))
