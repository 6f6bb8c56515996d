"""A provider made of the standard library alone, whose answers follow from what it was given.

asr: `echo:v1` answers one word for each second of audio, "second1 second2 …", and nothing for silence.
slow: `slow:v1` works until it is told to cancel, or for a minute.
doomed: `doomed:v1` ends its process instead of answering.
tts: `tone:v1` answers a tone of a hundredth of a second for each character, so that the text can be counted.
"""

import array
import base64
import json
import math
import os
import select
import sys
import time
import wave
from io import BytesIO, FileIO

RATE = 16_000
MODELS = {"asr": ["echo:v1", "echo:absent"], "slow": ["slow:v1"], "doomed": ["doomed:v1"], "tts": ["tone:v1"]}
INPUT = FileIO(0, closefd=False)  # a buffer would hold lines that `select` does not see
INSTALLED = {"echo:v1", "slow:v1", "doomed:v1", "tone:v1"}


class Refused(Exception):
    def __init__(self, message, code=None, rpc_code=-32000):
        super().__init__(message)
        self.body = {"code": rpc_code, "message": message, "data": {"code": code}}


def send(message):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def models(params):
    found = [{"id": name, "name": name, "installed": name in INSTALLED} for name in MODELS[sys.argv[1]]]
    return {"models": found, "features": ["cancel"]}


def install(params):
    for tenth in range(11):
        progress = {"modelId": params["modelId"], "progress": tenth / 10, "status": "loading"}
        send({"method": "progress", "params": progress})
    INSTALLED.add(params["modelId"])
    return {"model": {"id": params["modelId"], "installed": True, "preloaded": True}}


def transcribe(params):
    if params["modelId"] == "doomed:v1":
        os._exit(3)
    if params["modelId"] == "slow:v1":
        work_long()
    with wave.open(params["path"], "rb") as file:
        samples = array.array("h", file.readframes(file.getnframes()))
    seconds = len(samples) / RATE
    if seconds < 0.1:
        raise Refused("this is too short for any engine", "unsupported_audio")
    spoken = [f"second{number}" for number in range(1, round(seconds) + 1)] if any(samples) else []
    answer = {"modelId": params["modelId"], "text": " ".join(spoken), "elapsedMs": 1}
    answer |= {"metrics": {"inferenceMs": 1.5, "totalMs": 2}, "language": params.get("language", "en")}
    if params.get("words"):
        times = [(float(index), min(seconds, index + 0.9)) for index in range(len(spoken))]
        answer["words"] = [{"word": word, "start": a, "end": b} for word, (a, b) in zip(spoken, times, strict=True)]
    return answer


def work_long():
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([INPUT], [], [], deadline - time.monotonic())
        if ready and b"cancel" in INPUT.readline():
            raise Refused("cancelled", rpc_code=-32800)
    raise Refused("nobody wanted me to stop")


def voices(params):
    low = {"id": "low", "name": "Low", "language": "en-GB", "default": True}
    return {"voices": [low, {"id": "high", "name": "High", "language": "de"}]}


def synthesize(params):
    if "fail" in params["input"]:
        raise Refused("this engine cannot say \x1b[31mthat")
    frames = round(RATE * len(params["input"]) / 100 / params.get("speed", 1))
    pitch = 880 if params.get("voiceId") == "high" else 220
    second = array.array("h", (int(8000 * math.sin(2 * math.pi * pitch * index / RATE)) for index in range(RATE)))
    tone = (second * (frames // RATE + 1))[:frames]
    target = BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(tone.tobytes())
    return {
        "modelId": params["modelId"],
        "voiceId": params.get("voiceId", "low"),
        "format": "wav",
        "contentType": "audio/wav",
        "audioBase64": base64.b64encode(target.getvalue()).decode("ascii"),
        "elapsedMs": 1,
        "metrics": {"synthesisMs": 1, "totalMs": 1},
    }


METHODS = {"models": models, "install": install, "preload": install}
METHODS |= {"voices": voices, "synthesize": synthesize} if sys.argv[1] == "tts" else {"transcribe": transcribe}


def answer(request):
    method = METHODS.get(request["method"])
    if method is None:
        return {"error": {"code": -32601, "message": f"no method {request['method']}"}}
    try:
        return {"result": method(request.get("params") or {})}
    except Refused as refused:
        return {"error": refused.body}


print("echo provider \x1b[32mready", file=sys.stderr, flush=True)
while line := INPUT.readline():
    request = json.loads(line)
    if "id" in request:
        send({"id": request["id"], **answer(request)})
