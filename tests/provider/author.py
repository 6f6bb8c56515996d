"""A provider as an author might write it, with every way to go wrong: what `test_serve` talks to."""

import os
import pathlib
import subprocess
import sys
import threading

from vox.provider import Call, Provider, ProviderError, serve

provider = Provider("author", kind="both", max_concurrency=2, streams=True)
WAV = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00"


@provider.models
def models() -> list[dict[str, object]]:
    return [{"id": "a"}]


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    return [{"id": "v"}]


@provider.preload
def preload(call: Call) -> dict[str, object]:
    for step in range(3):
        call.progress(step / 2, f"step {step}", bytes_done=step, bytes_total=2)
    return {"id": call.model_id, "preloaded": True}


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    action = call.path
    if action == "wait":
        waiting = threading.Event()
        while not waiting.wait(0.01):
            call.raise_if_cancelled()
    if action == "print":
        print("a stray line")
        os.write(1, b"a stray line of a C library\n")
        subprocess.run([sys.executable, "-c", "print('a stray line of a child')"], check=True)
        print(input() if os.isatty(0) else "standard input is empty")
    if action == "exit":
        raise SystemExit(3)
    if action == "fail":
        raise ValueError("the handler is broken")
    if action == "refuse":
        raise ProviderError("Not today.", "rate_limited", retryAfterMs=250)
    if action == "nan":
        return {"text": "x", "confidence": float("nan"), "words": [{"word": "x", "start": float("inf")}]}
    if action == "numpy":
        import numpy

        call.metrics["inferenceMs"] = numpy.float32(1.5)  # type: ignore[assignment]
        return {"text": "x", "confidence": numpy.float32(0.5), "list": numpy.arange(3)}
    if action == "object":
        return {"text": object()}
    if action == "surrogate":
        return {"text": "a\ud800b"}
    if action == "wrong":
        return "text"  # type: ignore[return-value]
    if action == "partials":
        call.send_partial("one", stable=True)
        call.send_partial("one two", stable=3)
        return {"text": "one two"}
    with call.timer("audioLoadMs"):
        return {"text": action, "language": call.language}


@provider.synthesize
async def synthesize(call: Call) -> dict[str, object]:
    if call.text == "pieces":
        for piece in (b"ab", b"", b"cd"):
            call.send_audio(piece, 16_000)
        return {"voiceId": "v"}
    if call.text == "twice":
        call.send_audio(b"ab", 16_000)
    if call.text == "endless":
        while True:
            call.send_audio(bytes(3200), 16_000)
    if call.text == "file" and call.out_dir:
        path = os.path.join(call.out_dir, "a.wav")
        pathlib.Path(path).write_bytes(WAV + b"data" + (4).to_bytes(4, "little") + b"abcd")  # noqa: ASYNC240
        return {"audioPath": path}
    if not call.text.isdigit():
        return {"audio": WAV + b"data" + (4).to_bytes(4, "little") + b"wxyz"}
    samples = bytes(int(call.text))
    return {"audio": WAV + b"data" + len(samples).to_bytes(4, "little") + samples, "voiceId": call.voice_id or "v"}


serve(provider)
