"""A provider of both kinds that does what its caller says: its first argument is its `models` answer and voices as
JSON (with `gate` it answers `models` when that file exists, with `pids` it leaves a file of its pid in that folder,
with `dies_if` it ends at its start while that file exists; methods in `mute` it never answers, those in `refuses` it
does not know, at those in `dies` it ends), and the `prompt` (or `instructions`) of a call is an order;
`order` is that of a call without one:

    gate PATH   answer when that file exists        die [PATH]  end by SIGKILL; leave that file, and only once then
    hang        never answer, but to a `cancel`     say TEXT    answer with that text
    error TEXT  answer with that error              busy        answer -32001
    pid         answer with its process id
    once PATH MS  answer -32001 with that retryAfterMs the first time, and make that file; then answer
    params      answer with its parameters as the error's message
    nothing     answer with an empty result
    echo        answer with the error "cannot say: " and the input

Asked for partials it sends its first word ahead, asked for a stream half of its speech, in two pieces.

Each call has a thread of its own, so that what is inside at once is the host's decision alone.
"""

import base64
import json
import os
import signal
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

SPEC = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
PRIVATE = ("voices", "gate", "pids", "dies_if", "mute", "refuses", "dies", "order")
DEFAULT = SPEC.get("order", "")
RATE = 16_000
lock = threading.Lock()


def wav(seconds: float) -> bytes:
    size = int(seconds * RATE) * 2
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16, b"data", size
    )
    return head + bytes(size)


def send(message: dict[str, Any]) -> None:
    with lock:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


def send_first_word(number: int, text: str, params: dict[str, Any]) -> None:
    if params.get("partials"):
        send({"method": "partial", "params": {"id": number, "text": text.split()[0], "stable": True}})


def send_silence(number: int, params: dict[str, Any]) -> None:
    for sequence in range(2 if params.get("stream") else 0):
        piece = {"id": number, "sequence": sequence, "audioBase64": base64.b64encode(bytes(RATE // 2)).decode("ascii")}
        send({"method": "audio", "params": piece | ({} if sequence else {"sampleRate": RATE})})


def wait_for(path: str) -> None:
    for _ in range(3000):
        if Path(path).exists():
            return
        time.sleep(0.01)


def obey(number: int, order: str, given: str, params: dict[str, Any]) -> str | None:
    """The text to answer with; None when the order took care of the answer."""
    verb, _, rest = order.partition(" ")
    if verb == "die" and not (rest and Path(rest).exists()):
        if rest:
            Path(rest).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if verb in ("error", "echo"):
        send({"id": number, "error": {"code": -32000, "message": rest or f"cannot say: {given}"}})
        return None
    if verb == "params":
        send({"id": number, "error": {"code": -32000, "message": json.dumps(params)}})
        return None
    if verb == "busy":
        send({"id": number, "error": {"code": -32001, "message": "full", "data": {"retryAfterMs": 70}}})
        return None
    if verb == "once" and not Path(rest.rpartition(" ")[0]).exists():
        path, _, wait = rest.rpartition(" ")
        Path(path).touch()
        send({"id": number, "error": {"code": -32001, "message": "full", "data": {"retryAfterMs": int(wait)}}})
        return None
    if verb == "pid":
        return str(os.getpid())
    if verb == "nothing":
        send({"id": number, "result": {}})
        return None
    if verb == "gate":
        wait_for(rest)
    return rest if verb == "say" else "hello world"


def annotate(number: int, params: dict[str, Any]) -> None:
    turns = [{"speakerId": "A", "start": 0, "end": 0.5}, {"speakerId": 7}]
    words = [word | {"speakerId": "A"} for word in params.get("words", ())]
    send({"id": number, "result": {"speakers": turns, "words": words, "metrics": {"diarizationMs": 2.5}}})


def echo(number: int, params: dict[str, Any]) -> None:
    send({"id": number, "result": params})


OTHERS = {"annotate": annotate, "echo": echo}


def answer(request: dict[str, Any]) -> None:
    number, method, params = request["id"], request["method"], request.get("params") or {}
    if method in SPEC.get("mute", ()):
        return
    if method in SPEC.get("refuses", ()):
        send({"id": number, "error": {"code": -32601, "message": "no such method"}})
        return
    if method == "models":
        if "pids" in SPEC:
            (Path(SPEC["pids"]) / str(os.getpid())).touch()
        if "gate" in SPEC:
            wait_for(SPEC["gate"])
        if "models" in SPEC:
            send({"id": number, "result": {name: SPEC[name] for name in SPEC if name not in PRIVATE}})
        else:
            send({"id": number, "error": {"code": -32601, "message": "no such method"}})
    elif method in ("install", "preload"):
        told = {"modelId": params["modelId"], "progress": 0.5, "status": "loading"}
        send({"method": "progress", "params": told})
        send({"id": number, "result": {"id": params["modelId"], "installed": True, "preloaded": method == "preload"}})
    elif method == "voices":
        if isinstance(SPEC.get("voices"), list):
            send({"id": number, "result": {"voices": SPEC["voices"]}})
        else:
            send({"id": number, "error": {"code": -32000, "message": "no voices today"}})
    elif method == "transcribe":
        text = obey(number, params.get("prompt") or DEFAULT, params["path"], params)
        if text is not None:
            metrics = {"inferenceMs": 2.5, "totalMs": 3.5, "modelLoadMs": 0, "myOwnMs": 1}
            send_first_word(number, text, params)
            words = [{"word": "hello", "start": 0.0, "end": 0.2, "confidence": 0.5}]
            result = {"modelId": params["modelId"], "text": text, "elapsedMs": 4, "metrics": metrics}
            send({"id": number, "result": {**result, "words": words, "params": params}})
    elif method == "synthesize":
        text = obey(number, params.get("instructions") or DEFAULT, params["input"], params)
        if text is not None:
            send_silence(number, params)
            audio = base64.b64encode(wav(0.5)).decode("ascii")
            result = {"modelId": params["modelId"], "voiceId": params.get("voiceId"), "format": "wav"}
            metrics = {"totalMs": 3.5, "synthesisMs": 2.0}
            send(
                {
                    "id": number,
                    "result": {**result, "contentType": "audio/wav", "audioBase64": audio, "metrics": metrics},
                }
            )
    elif method in OTHERS:
        OTHERS[method](number, params)


if "dies_if" in SPEC and Path(SPEC["dies_if"]).exists():
    sys.exit(3)
hung: set[int] = set()
for line in sys.stdin:
    request = json.loads(line)
    given = request.get("params") or {}
    if request["method"] in SPEC.get("dies", ()):
        os.kill(os.getpid(), signal.SIGKILL)
    order = given.get("prompt") or given.get("instructions") or DEFAULT
    if order == "hang" and request["method"] in ("transcribe", "synthesize"):
        hung.add(request["id"])
    elif request["method"] == "cancel":
        if given["id"] in hung:
            hung.remove(given["id"])
            send({"id": given["id"], "error": {"code": -32800, "message": "cancelled"}})
    else:
        threading.Thread(target=answer, args=(request,), daemon=True).start()
