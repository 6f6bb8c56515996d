"""A provider of either kind that fails when its caller says so, written by hand on the standard library.

python faulty.py KIND MODEL LIMIT [FEATURE…]

The prompt, or the instructions, of a call is an order:

    crash    end by SIGKILL            hang     never answer; with LIMIT 1 never read again either
    shape    answer without a result   base64   answer with audio that is none
    half     answer with half a line   noise    write what is no message, then answer
"""

import base64
import json
import os
import signal
import struct
import sys
import time
from typing import Any

KIND, MODEL, LIMIT, *FEATURES = sys.argv[1:]
WAV = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 3236, b"WAVE", b"fmt ", 16, 1, 1, 16000, 32000, 2, 16, b"data", 3200
) + bytes(3200)
AUDIO = base64.b64encode(WAV).decode("ascii")
NOISE = b'Loading weights ...\n{"half":\n[1]\n\xff\xfe\n{"id":4711,"result":{}}\n{"method":"log","params":{}}\n'


def write(data: bytes) -> None:
    """All of it to stdout, at once."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


def send(message: dict[str, Any]) -> None:
    """One message."""
    write(json.dumps({"jsonrpc": "2.0", **message}).encode("ascii") + b"\n")


def result_of(method: str) -> dict[str, Any]:
    """What a good provider answers."""
    if method == "models":
        models = [{"id": MODEL, "kind": KIND, "installed": True}]
        return {"models": models, "features": FEATURES, "maxConcurrency": int(LIMIT)}
    if method == "voices":
        return {"voices": [{"id": "anna"}]}
    if method == "transcribe":
        return {"modelId": MODEL, "text": "fine", "elapsedMs": 1, "metrics": {"inferenceMs": 1, "totalMs": 1}}
    return {"modelId": MODEL, "audioBase64": AUDIO, "contentType": "audio/wav", "metrics": {"totalMs": 1}}


def stream(number: int) -> dict[str, Any]:
    """Two parts of speech; the answer that ends them."""
    for sequence in range(2):
        piece = {"id": number, "sequence": sequence, "audioBase64": base64.b64encode(bytes(1600)).decode("ascii")}
        send({"method": "audio", "params": piece | ({} if sequence else {"sampleRate": 16000})})
    return {"modelId": MODEL, "metrics": {"totalMs": 1}}


def obey(number: int, order: str, good: dict[str, Any]) -> dict[str, Any] | None:
    """The message that answers; None when there is none."""
    if order == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if order == "hang":
        while LIMIT == "1":
            time.sleep(60)
        return None
    if order == "half":
        write(b'{"jsonrpc":"2.0","id":%d,"result":{"tex\n' % number)
        return None
    if order == "shape":
        return {"id": number, "result": {"words": []}}
    if order == "base64":
        return {"id": number, "result": {**good, "audioBase64": "!no base64!"}}
    if order == "noise":
        write(NOISE)
    return {"id": number, "result": good}


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        method, params = request["method"], request.get("params") or {}
        if method == "cancel":
            send({"id": params["id"], "error": {"code": -32800, "message": "cancelled"}})
            continue
        order = str(params.get("prompt") or params.get("instructions") or "")
        streamed = params.get("stream") and order in ("", "noise")
        answer = obey(request["id"], order, stream(request["id"]) if streamed else result_of(method))
        if answer is not None:
            send(answer)


main()
