"""A whole provider in one file of plain Python: it tells how long a recording is, and hums instead of speaking.

Copy it, and put your engine where `transcribe` and `synthesize` are. (With `pip install voxhost`, the kit
`vox.provider` writes all the rest of this file for you.)
"""

import base64
import io
import json
import math
import sys
import time
import wave


def models() -> dict:
    return {
        "models": [
            {"id": "minimal-py:v1", "name": "Minimal listener", "backend": "minimal-py"},
            {"id": "minimal-py-tts:v1", "name": "Minimal speaker", "backend": "minimal-py"},
        ]
    }


def transcribe(params: dict) -> dict:
    started = time.perf_counter()
    with wave.open(params["path"], "rb") as recording:
        seconds = recording.getnframes() / recording.getframerate()
    spent = (time.perf_counter() - started) * 1000
    return {
        "modelId": params["modelId"],
        "text": f"A recording of {seconds:.1f} seconds.",
        "elapsedMs": spent,
        "metrics": {"inferenceMs": spent, "totalMs": spent, "audioDurationMs": seconds * 1000},
    }


def voices(params: dict) -> dict:
    return {"voices": [{"id": "hum", "name": "Hum", "modelId": "minimal-py-tts:v1", "default": True}]}


def synthesize(params: dict) -> dict:
    started = time.perf_counter()
    text, rate = params["input"], 16_000
    samples = bytearray()
    for n in range(len(text) * rate // 20):  # a twentieth of a second for each character
        samples += int(8000 * math.sin(2 * math.pi * 220 * n / rate)).to_bytes(2, "little", signed=True)
    file = io.BytesIO()
    with wave.open(file, "wb") as speech:
        speech.setnchannels(1)
        speech.setsampwidth(2)
        speech.setframerate(rate)
        speech.writeframes(bytes(samples))
    spent = (time.perf_counter() - started) * 1000
    return {
        "modelId": params["modelId"],
        "voiceId": params.get("voiceId") or "hum",
        "format": "wav",
        "contentType": "audio/wav",
        "audioBase64": base64.b64encode(file.getvalue()).decode(),
        "elapsedMs": spent,
        "metrics": {"synthesisMs": spent, "totalMs": spent, "characterCount": len(text)},
    }


METHODS = {"transcribe": transcribe, "voices": voices, "synthesize": synthesize}

for line in sys.stdin:
    request = json.loads(line)
    answer = {"jsonrpc": "2.0", "id": request.get("id")}
    try:
        if request["method"] == "models":
            answer["result"] = models()
        elif request["method"] in METHODS:
            answer["result"] = METHODS[request["method"]](request.get("params") or {})
        else:
            answer["error"] = {"code": -32601, "message": f"no method {request['method']}"}
    except Exception as error:  # one bad request must not end the provider
        answer["error"] = {"code": -32000, "message": f"{type(error).__name__}: {error}"}
    if answer["id"] is not None:  # a request without an id is a notification, which wants no answer
        print(json.dumps(answer), flush=True)
