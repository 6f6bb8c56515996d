"""A provider that offers everything the protocol has, and breaks one rule: the one its first argument names.

Written against the protocol alone, without the kit, so that neither hides a fault of the other.
"""

import base64
import json
import os
import subprocess
import sys
import threading
import time
import wave
from io import BytesIO
from pathlib import Path
from queue import Queue
from typing import Any

HOW = sys.argv[1] if len(sys.argv) > 1 else ""
RATE = 16_000
ASR, TTS = "all:asr", "all:tts"
FEATURES = [
    "cancel", "synthesize.stream", "transcribe.partials", "transcribe.stream", "audio.path",
    "models.import", "models.remove",
]  # fmt: skip
cancelled: set[Any] = set()
streams: dict[str, bytearray] = {}
lock = threading.Lock()
requests: "Queue[dict[str, Any] | None]" = Queue()


class Refused(Exception):
    def __init__(self, code: int, name: str | None = None) -> None:
        super().__init__(name or str(code))
        self.body = {"code": code, "message": "refused", **({"data": {"code": name}} if name else {})}


def send(message: dict[str, Any]) -> None:
    line = json.dumps({"jsonrpc": "2.0", **message})
    with lock:
        try:
            os.write(1, line.encode() + b"\n")
        except OSError:
            if HOW == "outlives":
                time.sleep(60)
            raise


def notify(method: str, **params: Any) -> None:
    send({"method": method, "params": params})


# ---- models


def models(params: dict[str, Any]) -> dict[str, Any]:
    if HOW == "strict_params" and params:
        raise Refused(-32602)
    asr: dict[str, Any] = {"id": ASR, "name": "All", "kind": "asr", "words": True, "installed": True}
    tts: dict[str, Any] = {"id": TTS, "name": "All", "kind": "tts", "sampleRate": RATE, "maxConcurrency": 2}
    listed: Any = [asr, tts]
    changes: dict[str, Any] = {
        "no_list": None,
        "empty_list": [],
        "id_is_number": [{"id": 5}, tts],
        "same_id": [asr, tts, asr],
        "text_for_boolean": [{**asr, "installed": "yes"}, tts],
        "strange_rate": [{**asr, "sampleRate": 4}, tts],
        "strange_kind": [{**asr, "kind": "stt"}, tts],
        "not_installed": [{**asr, "installed": False}, {**tts, "installed": False}],
        "other_model_streams": [asr, tts, {**tts, "id": "other", "features": ["synthesize.stream"]}],
        "forgets_models": [asr] if Path(os.environ.get("MARKER", "/nonexistent")).exists() else [asr, tts],
    }
    listed = changes.get(HOW, listed)
    features: Any = {
        "features_no_list": "cancel",
        "unknown_feature": ["telepathy"],
        "other_model_streams": ["cancel"],
    }.get(HOW, FEATURES)
    limit = {"limit_zero": 0, "limit_text": "4"}.get(HOW, 3)
    return {"models": listed, "maxConcurrency": limit, "features": features}


def get(params: dict[str, Any], method: str) -> dict[str, Any]:
    model = params["modelId"]
    fractions = {"progress_percent": [0, 50, 100], "progress_falls": [0.8, 0.2]}.get(HOW, [0, 0.5, 1])
    for fraction in fractions:
        told: dict[str, Any] = {"modelId": model, "progress": fraction, "status": "loading"}
        if HOW == "progress_without_model":
            del told["modelId"]
        if method == "preload":
            notify("progress", **told)
        else:
            notify("notification", event="progress", data=told)
    if HOW == "wrong_model_info":
        return {"id": "another"}
    if HOW == "no_model_info":
        return {"done": True}
    if HOW == "not_preloaded":
        return {"id": model, "preloaded": False, "installed": False}
    return {"model": {"id": model, "installed": True, "preloaded": True}}


def keep(method: str, params: dict[str, Any]) -> dict[str, Any]:
    if method == "remove":
        if HOW == "removes_anything":
            return {"id": params["modelId"], "installed": False}
        raise Refused(-32000, None if HOW == "nameless_errors" else "model_not_found")
    if "modelId" not in params:
        return {"no_fits": {}, "fits_anything": {"fits": [ASR]}}.get(HOW, {"fits": []})
    if HOW == "takes_anything":
        return {"id": params["modelId"]}
    raise Refused(-32602)


# ---- recognition


def transcribe(params: dict[str, Any], number: Any) -> dict[str, Any]:
    if params["modelId"] != ASR and HOW != "any_model":
        raise Refused(-32000, None if HOW == "nameless_errors" else "model_not_found")
    if HOW == "strict_params" and set(params) - {"modelId", "path"}:
        raise Refused(-32602)
    path = Path(params["path"])
    if HOW == "ascii_paths" and not path.as_posix().isascii():
        os._exit(3)
    try:
        with wave.open(str(path)) as file:
            samples = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error):
        if HOW == "dies_of_missing" or (HOW == "dies_of_text" and path.exists()):
            os._exit(4)
        if HOW != "invents_text":
            raise Refused(-32000, "unsupported_audio") from None
        samples = b""
    if HOW == "removes_file":
        path.unlink()
    if HOW == "writes_beside":
        path.with_suffix(".tmp").write_text("x", encoding="utf-8")
    if HOW == "dies_of_short" and len(samples) < 1000:
        os._exit(5)
    if HOW == "silence_is_null" and not any(samples):
        return {"modelId": ASR, "text": None, "elapsedMs": 1, "metrics": {"inferenceMs": 1, "totalMs": 1}}
    return heard(params, samples, number)


def heard(params: dict[str, Any], samples: bytes, number: Any) -> dict[str, Any]:
    seconds = len(samples) / 2 / RATE
    words = [f"word{n}" for n in range(int(seconds))]
    if HOW == "mixed_up" and not requests.empty():  # the recordings of the suite have one and two whole seconds
        words = ["word0"] if len(words) > 1 else ["word0", "word1"]
    for count in range(1, len(words)):
        work(number)
        if params.get("partials") or HOW == "partials_unasked":
            text = " ".join(words[:count])
            stable = {"unstable": len(text) + (3 if count == 2 else 0)}.get(HOW, len(text))
            told: dict[str, Any] = {"id": number, "text": text if HOW != "unstable" else text[::-1], "stable": stable}
            told |= {"partial_without_text": {"text": None}, "partial_of_another": {"id": 1}}.get(HOW, {})
            if HOW != "no_partials":
                notify("partial", **told)
    result: dict[str, Any] = {"modelId": ASR, "text": " ".join(words), "elapsedMs": 1}
    timed = [{"word": word, "start": float(n), "end": n + 0.9} for n, word in enumerate(words)]
    result["words"] = timed
    result["segments"] = [{"id": 0, "start": 0.0, "end": seconds, "text": result["text"]}]
    result["metrics"] = {"inferenceMs": 1, "totalMs": 2.5, "audioDurationMs": seconds * 1000}
    changes: dict[str, dict[str, Any]] = {
        "model_of_another": {"modelId": TTS},
        "no_model_id": {"modelId": None},
        "elapsed_text": {"elapsedMs": "1"},
        "no_metrics": {"metrics": None},
        "metrics_incomplete": {"metrics": {"totalMs": 1}},
        "metrics_negative": {"metrics": {"inferenceMs": -1, "totalMs": 1}},
        "metrics_nan": {"metrics": {"inferenceMs": float("nan"), "totalMs": 1}},
        "metrics_text": {"metrics": {"inferenceMs": "1", "totalMs": 1}},
        "part_over_whole": {"metrics": {"inferenceMs": 50, "totalMs": 1}},
        "words_promised": {"words": []},
        "words_reversed": {"words": timed[::-1]},
        "words_in_ms": {"words": [{**word, "end": word["end"] * 1000} for word in timed]},
        "words_of_text": {"words": result["text"].split()},
        "segments_backwards": {"segments": [{"start": 2.0, "end": 1.0, "text": "a"}]},
    }
    return {**result, **changes.get(HOW, {})}


# ---- speech


def voices(params: dict[str, Any]) -> dict[str, Any]:
    low: dict[str, Any] = {"id": "low", "modelId": TTS, "default": True}
    high: dict[str, Any] = {"id": "high", "modelId": TTS, "default": HOW == "two_defaults"}
    if HOW == "no_voices":
        raise Refused(-32601)
    if HOW == "voices_need_model" and "modelId" not in params:
        raise Refused(-32602)
    listed: Any = {"voice_twice": [low, low], "voice_without_id": [{"name": "x"}], "voices_no_list": None}
    return {"voices": listed.get(HOW, [low, high])}


def synthesize(params: dict[str, Any], number: Any) -> dict[str, Any]:
    if params["modelId"] != TTS and HOW != "any_model":
        raise Refused(-32000, None if HOW == "nameless_errors" else "model_not_found")
    voice, text = params.get("voiceId", "low"), params["input"]
    if voice not in ("low", "high") and HOW != "any_voice":
        raise Refused(-32000, "voice_not_found")
    if HOW == "strict_params" and set(params) - {"modelId", "input", "voiceId", "format"}:
        raise Refused(-32602)
    if (HOW == "dies_of_nothing" and not text.strip()) or (HOW == "dies_of_unicode" and not text.isascii()):
        os._exit(6)
    if HOW == "too_long_without_name" and len(text) > 1000:
        raise Refused(-32000)
    if HOW == "short_texts" and len(text) > 200:
        raise Refused(-32000, "text_too_long")
    samples = speak(text, bool(params.get("stream")), number)
    if HOW == "mixed_up":
        samples = b"\1\2" * (RATE if len(text) < 9 else RATE // 2)
    return spoken(params, voice, samples)


def speak(text: str, stream: bool, number: Any) -> bytes:
    piece = b"\x00\x10\x00\xf0" * (RATE // 200)  # a hundredth of a second
    whole = b""
    for sequence, start in enumerate(range(0, len(text), 20)):
        work(number)
        samples = piece * 5 * len(text[start : start + 20])
        if HOW == "odd_bytes":
            samples = samples[1:] if sequence == 0 else samples
        whole += samples
        if (stream and HOW != "one_piece") or HOW == "stream_unasked":
            told: dict[str, Any] = {
                "id": number,
                "sequence": sequence,
                "audioBase64": base64.b64encode(samples).decode(),
            }
            told |= {"sampleRate": RATE} if sequence == 0 and HOW != "no_rate" else {}
            told |= {"out_of_order": {"sequence": sequence + 1}, "another_stream": {"id": 1}}.get(HOW, {})
            told |= {"piece_no_base64": {"audioBase64": "!"}}.get(HOW, {})
            if HOW != "no_pieces" and not (HOW == "half_a_stream" and sequence):
                notify("audio", **told)
    if stream and HOW == "one_piece":
        notify("audio", id=number, sequence=0, sampleRate=RATE, audioBase64=base64.b64encode(whole).decode())
    return whole[: len(whole) // 2 * 2]


def spoken(params: dict[str, Any], voice: str, samples: bytes) -> dict[str, Any]:
    audio = wav(samples)
    result: dict[str, Any] = {"modelId": TTS, "voiceId": voice, "format": "wav", "contentType": "audio/wav"}
    result |= {"elapsedMs": 1, "metrics": {"synthesisMs": 1, "totalMs": 2}}
    changes: dict[str, dict[str, Any]] = {
        "content_type_lies": {"contentType": "audio/flac"},
        "content_type_unknown": {"contentType": "audio/tape"},
        "voice_of_another": {"voiceId": "low"},
        "duration_off": {"metrics": {"totalMs": 1, "audioDurationMs": 99_999}},
        "no_total": {"metrics": {"synthesisMs": 1}},
    }
    result |= changes.get(HOW, {})
    if "outDir" in params and HOW != "ignores_folder":
        folder = Path(params["outDir"])
        path = (folder if HOW != "outside_folder" else folder.parent) / "speech.wav"
        path.write_bytes(b"" if HOW == "empty_file" else audio)
        return {**result, "audioPath": str(path)}
    audio = {"cut_off": audio[:-500], "no_samples": wav(b""), "silent": wav(bytes(len(samples)))}.get(HOW, audio)
    text = base64.b64encode(audio).decode()
    text = {"no_audio": "", "line_ends": text[:76] + "\n" + text[76:]}.get(HOW, text)
    return {**result, "audioBase64": text}


def wav(samples: bytes) -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(samples)
    return file.getvalue()


# ---- live audio


def live(method: str, params: dict[str, Any], number: Any) -> dict[str, Any]:
    if method == "stream.start":
        name = f"s{len(streams)}"
        streams[name] = bytearray()
        return {"streamId": None if HOW == "no_stream_id" else name}
    samples = bytes(streams.pop(params["streamId"]))
    notify("partial", streamId="x" if HOW == "live_partial_of_another" else params["streamId"], text="word0")
    result = heard({}, samples, number)
    return {"words": []} if HOW == "live_without_text" else result


def notified(method: str, params: dict[str, Any]) -> None:
    if method == "cancel" and HOW != "ignores_cancel":
        if HOW == "dies_of_unknown_cancel" and params.get("id") == 4711:
            os._exit(7)
        cancelled.add(params.get("id"))
    elif method == "stream.audio" and (params["streamId"] in streams or HOW == "dies_of_late_audio"):
        streams[params["streamId"]] += base64.b64decode(params["audioBase64"])
    elif method == "stream.cancel":
        streams.pop(params["streamId"], None)


def work(number: Any) -> None:
    """A piece of work, which a cancellation ends."""
    time.sleep(0.04 if HOW in ("ignores_cancel", "outlives") else 0.002)
    if number in cancelled:
        raise Refused(-32000 if HOW == "cancels_by_another_name" else -32800)


# ---- lines


def answer(request: dict[str, Any]) -> None:
    number, method = request.get("id"), request.get("method")
    params = request.get("params") or {}
    try:
        if method in ("transcribe", "synthesize"):
            result = (transcribe if method == "transcribe" else synthesize)(params, number)
        elif method in ("stream.start", "stream.finish"):
            result = live(method, params, number)
        elif method == "models":
            result = models(params)
        elif method == "voices":
            result = voices(params)
        elif method in ("install", "preload"):
            result = get(params, method)
        elif method in ("import", "remove"):
            result = keep(method, params)
        elif HOW == "knows_everything":
            result = {}
        else:
            raise Refused(-32603 if HOW == "other_code" else -32601)
        reply = {"id": number, "result": result}
    except Refused as refused:
        reply = {"id": number, "error": "no" if HOW == "error_is_text" else refused.body}
    told(reply)


def told(reply: dict[str, Any]) -> None:
    if HOW == "id_as_text":
        reply["id"] = str(reply["id"])
    if HOW == "no_version":
        os.write(1, json.dumps(reply).encode() + b"\n")
        return
    if HOW == "asks_back":
        send({"id": 1, "method": "what time is it?"})
    if HOW == "chatty":
        sys.stderr.write("x" * (1 << 18))
        sys.stderr.flush()
    send(reply)
    if HOW == "answers_twice":
        send(reply)


def take(line: str) -> None:
    try:
        message = json.loads(line)
    except ValueError:
        if HOW == "dies_of_malformed":
            os._exit(8)
        return
    if isinstance(message, list) and HOW == "dies_of_batch":
        os._exit(9)
    for item in message if isinstance(message, list) else [message]:
        if not isinstance(item, dict):
            continue
        if "id" in item and "method" in item:
            requests.put(item)
        elif HOW == "answers_notifications" and item.get("method") == "models":
            send({"result": {}})
        elif "method" in item:
            notified(item["method"], item.get("params") or {})


def read() -> None:
    for line in sys.stdin.buffer:
        if HOW == "compact_only" and b": " in line:
            continue
        take(line.decode("utf-8", "replace"))
    requests.put(None)


def main() -> None:
    threading.Thread(target=read, daemon=True).start()
    if HOW == "leaves_child":
        nothing = subprocess.DEVNULL
        subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)"],
            stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True,
        )  # fmt: skip
    while (request := requests.get()) is not None:
        if marker := os.environ.get("MARKER"):
            Path(marker).touch() if request.get("method") == "transcribe" else None
        following = None if requests.empty() or HOW != "swaps_ids" else requests.get()
        if following is not None:
            request["id"], following["id"] = following["id"], request["id"]
            answer(following)
        answer(request)
    if HOW == "exits_with_1":
        sys.exit("something is wrong at the end")
    if HOW == "exits_slowly":
        time.sleep(3)


main()
