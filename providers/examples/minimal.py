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

LISTENER, SPEAKER = "minimal-py:v1", "minimal-py-tts:v1"
VOICES = ["hum"]
RATE = 16_000


class Refused(Exception):
    """What is wrong, and a code by which Vox can tell its client."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def models(params: dict) -> dict:
    return {
        "models": [
            {"id": LISTENER, "name": "Minimal listener", "kind": "asr"},
            {"id": SPEAKER, "name": "Minimal speaker", "kind": "tts", "sampleRate": RATE},
        ]
    }


def transcribe(params: dict) -> dict:
    if params["modelId"] != LISTENER:
        raise Refused(f"There is no model {params['modelId']} here.", "model_not_found")
    started = time.perf_counter()
    with wave.open(params["path"], "rb") as recording:
        seconds = recording.getnframes() / recording.getframerate()
    spent = (time.perf_counter() - started) * 1000
    return {
        "modelId": LISTENER,
        "text": f"A recording of {seconds:.1f} seconds.",
        "elapsedMs": spent,
        "metrics": {"inferenceMs": spent, "totalMs": spent, "audioDurationMs": seconds * 1000},
    }


def voices(params: dict) -> dict:
    return {"voices": [{"id": voice, "modelId": SPEAKER, "default": voice == VOICES[0]} for voice in VOICES]}


def synthesize(params: dict) -> dict:
    if params["modelId"] != SPEAKER:
        raise Refused(f"There is no model {params['modelId']} here.", "model_not_found")
    voice, text = params.get("voiceId") or VOICES[0], params["input"]
    if voice not in VOICES:
        raise Refused(f"There is no voice {voice} here.", "voice_not_found")
    started = time.perf_counter()
    samples = bytearray()
    for n in range(len(text) * RATE // 20):  # a twentieth of a second for each character
        samples += int(8000 * math.sin(2 * math.pi * 220 * n / RATE)).to_bytes(2, "little", signed=True)
    file = io.BytesIO()
    with wave.open(file, "wb") as speech:
        speech.setnchannels(1)
        speech.setsampwidth(2)
        speech.setframerate(RATE)
        speech.writeframes(bytes(samples))
    spent = (time.perf_counter() - started) * 1000
    return {
        "modelId": SPEAKER,
        "voiceId": voice,
        "format": "wav",
        "contentType": "audio/wav",
        "audioBase64": base64.b64encode(file.getvalue()).decode(),
        "elapsedMs": spent,
        "metrics": {"synthesisMs": spent, "totalMs": spent, "characterCount": len(text)},
    }


METHODS = {"models": models, "transcribe": transcribe, "voices": voices, "synthesize": synthesize}

for line in sys.stdin:
    try:
        request = json.loads(line)
    except ValueError:
        continue  # not for us
    if not isinstance(request, dict) or request.get("id") is None:
        continue  # a notification wants no answer
    answer = {"jsonrpc": "2.0", "id": request["id"]}
    try:
        if request.get("method") in METHODS:
            answer["result"] = METHODS[request["method"]](request.get("params") or {})
        else:
            answer["error"] = {"code": -32601, "message": f"no method {request.get('method')}"}
    except Refused as error:
        answer["error"] = {"code": -32000, "message": str(error), "data": {"code": error.code}}
    except Exception as error:  # one bad request must not end the provider
        answer["error"] = {"code": -32000, "message": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
