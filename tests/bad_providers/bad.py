"""A provider that misbehaves in the way its first argument names; without one it behaves.

It serves transcribe and synthesize and speaks the protocol by hand, so that nothing of Vox's own kit hides a fault.
"""

import base64
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

HOW = sys.argv[1] if len(sys.argv) > 1 else "good"
WAV = b"RIFF" + struct.pack("<I", 36 + 3200) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
WAV += b"data" + struct.pack("<I", 3200) + bytes(3200)
MODEL = {"id": "bad:1", "name": "Bad", "backend": "bad", "installed": True, "preloaded": False, "available": True}

lock = threading.Lock()


def send(message: Any) -> None:
    with lock:
        sys.stdout.write((message if isinstance(message, str) else json.dumps(message)) + "\n")
        sys.stdout.flush()


def result_of(request: dict[str, Any]) -> Any:
    method, params = request["method"], request.get("params") or {}
    if method == "models":
        models = {"models": [MODEL]}
        return (
            {**models, "features": ["cancel"], "maxConcurrency": 8} if HOW in ("cancels", "slow_but_many") else models
        )
    if method in ("install", "preload"):
        for form in range(3):
            told = {"modelId": params["modelId"], "progress": form / 2, "status": "loading"}
            data = {"method": "notification", "params": {"event": "progress", "data": told}}
            send({"jsonrpc": "2.0", **(data if form == 1 else {"method": "progress", "params": told})})
        return {"model": {**MODEL, "preloaded": True}}
    if method == "transcribe":
        size = Path(params["path"]).stat().st_size
        metrics = {"inferenceMs": 1.5, "totalMs": 2.5}
        return {"modelId": params["modelId"], "text": f"{size} bytes", "elapsedMs": 3, "metrics": metrics}
    if method == "synthesize":
        audio = base64.b64encode(WAV).decode()
        return {
            "modelId": params["modelId"],
            "audioBase64": audio,
            "contentType": "audio/wav",
            "metrics": {"totalMs": 1},
        }
    if method == "environment":
        return dict(os.environ)
    if method == "echo":
        return params
    return None


def misbehave(request: dict[str, Any]) -> bool:
    """Do the bad thing; True when there is no answer to come."""
    number = request.get("id")
    if HOW == "noisy":
        send("Loading weights …")
        send('{"half": ')
        send([1])
        send({"jsonrpc": "2.0", "method": "log", "params": {"text": "hello"}})
        send({"jsonrpc": "2.0", "id": 4711, "result": {}})
    elif HOW == "wrong_id":
        send({"jsonrpc": "2.0", "id": number + 1000, "result": {"text": "not yours"}})
        return True
    elif HOW == "never_answers":
        return True
    elif HOW == "dies_midway":
        sys.stderr.write("out of memory, or so\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    elif HOW == "exits_midway":
        sys.exit(3)
    elif HOW == "closes_stdout":
        os.close(1)
        signal.pause()
    elif HOW == "no_text":
        send({"jsonrpc": "2.0", "id": number, "result": {"words": []}})
        return True
    elif HOW == "bad_audio":
        send({"jsonrpc": "2.0", "id": number, "result": {"audioBase64": base64.b64encode(b"no wav").decode()}})
        return True
    elif HOW == "huge_line":
        for _ in range(400):
            os.write(1, b"x" * (1 << 20))
        return True
    elif HOW == "error_object":
        data = {"code": "model_not_installed", "secret": "x"}
        send({"jsonrpc": "2.0", "id": number, "error": {"code": -32000, "message": "get it first", "data": data}})
        return True
    elif HOW == "error_string":
        send({"id": number, "error": "the key is sk-verysecret12345"})
        return True
    return False


def main() -> None:
    if HOW == "dies_at_start":
        sys.exit("cannot find my weights")
    if HOW == "ignores_signals":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if HOW in ("has_children", "ignores_signals"):
        # A grandchild that inherits the pipes and would outlive a careless host.
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    waiting: dict[Any, bool] = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request.get("method") == "cancel":
            number = request["params"]["id"]
            if waiting.pop(number, False):
                send({"jsonrpc": "2.0", "id": number, "error": {"code": -32800, "message": "cancelled"}})
            continue
        if request["method"] in ("transcribe", "synthesize"):
            if HOW in ("cancels", "slow_but_many"):
                waiting[request["id"]] = True
                continue
            if misbehave(request):
                continue
        if HOW == "silent_but_transcribe" and request["method"] != "transcribe":
            continue
        if "id" not in request:
            continue
        try:
            result = result_of(request)
        except OSError as error:
            send({"jsonrpc": "2.0", "id": request["id"], "error": {"code": -32000, "message": str(error)}})
            continue
        if result is not None:
            send({"jsonrpc": "2.0", "id": request["id"], "result": result})
    if HOW == "ignores_signals":
        while True:
            signal.pause()


main()
