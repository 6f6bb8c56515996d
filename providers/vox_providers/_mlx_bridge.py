"""The other half of the provider `mlx-audio`: a script that runs under the Python that has mlx-audio.

It needs nothing but mlx-audio and Python 3.9, and none of Vox. Lines of JSON-RPC come in on standard input and go out
on standard output, one request at a time: `load`, `transcribe`, `synthesize`; `cancel` is heard between the pieces of a
speech. End of input ends it at once. Source: mlx-audio's `stt.utils.load_model` and `tts.utils.load_model` and the
`generate` of their models, of which each kind has its own parameters.
"""

import base64
import importlib
import inspect
import json
import os
import queue
import sys
import threading
from array import array
from typing import Any, Callable, Dict, List  # noqa: UP035 - for Python 3.9

_DEFAULT_RATE = 24_000  # Hz, of Kokoro and most others; newer versions tell it
_LAST_WORDS = 300  # characters of a complaint that an error quotes


class Failure(Exception):
    """An error with the code Vox knows it by."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class Bridge:
    """The models in memory and what is done with them.

    Args:
        send: Takes a message to write.
    """

    def __init__(self, send: Callable[[Dict[str, Any]], None]) -> None:  # noqa: UP006
        self._send = send
        self._models: Dict[str, Any] = {}  # noqa: UP006
        self.cancelled: Any = None
        """Number of the request that nobody wants any more."""

    def answer(self, request: Dict[str, Any]) -> None:  # noqa: UP006
        """Do what a request asks for, and tell what came of it."""
        number, params = request.get("id"), request.get("params") or {}
        work = {"load": self._load, "transcribe": self._transcribe, "synthesize": self._synthesize}
        try:
            result = work[request["method"]](number, params)
        except Exception as error:  # whatever a model raises is an answer, never the end of the process
            words = " ".join(str(error).split())[:_LAST_WORDS]
            told = words if isinstance(error, Failure) else f"{type(error).__name__}: {words}"
            code = {"data": {"code": error.code}} if isinstance(error, Failure) and error.code else {}
            self._send({"id": number, "error": {"code": -32000, "message": told, **code}})
        else:
            self._send({"id": number, "result": result})

    def _load(self, number: Any, params: Dict[str, Any]) -> Dict[str, Any]:  # noqa: UP006
        self._model(params)
        return {}

    def _model(self, params: Dict[str, Any]) -> Any:  # noqa: UP006
        name, part = params["modelId"], {"asr": "stt", "tts": "tts"}[params["kind"]]
        if name not in self._models:
            try:
                utils = importlib.import_module(f"mlx_audio.{part}.utils")
            except ImportError as error:
                raise Failure(
                    f"mlx-audio does not load ({error}): {sys.executable} -m pip install --upgrade mlx-audio",
                    "model_not_installed",
                ) from error
            self._models[name] = utils.load_model(name)
        return self._models[name]

    def _transcribe(self, number: Any, params: Dict[str, Any]) -> Dict[str, Any]:  # noqa: UP006
        model = self._model(params)
        found = model.generate(params["path"], **_accepted(model.generate, params["options"]))
        pieces = getattr(found, "segments", None) or getattr(found, "sentences", None) or []
        language = getattr(found, "language", None)
        return {
            "text": str(getattr(found, "text", "")).strip(),
            "segments": [piece for piece in map(_segment, pieces) if piece],
            "language": language if isinstance(language, str) else None,
        }

    def _synthesize(self, number: Any, params: Dict[str, Any]) -> Dict[str, Any]:  # noqa: UP006
        model = self._model(params)
        sequence = 0
        for piece in model.generate(text=params["text"], **_accepted(model.generate, params["options"])):
            if self.cancelled == number:
                raise Failure("The call was cancelled.")
            rate = getattr(piece, "sample_rate", None) or getattr(model, "sample_rate", None) or _DEFAULT_RATE
            sound = base64.b64encode(_pcm(piece.audio)).decode("ascii")
            told = {"id": number, "sequence": sequence, "sampleRate": int(rate), "audioBase64": sound}
            self._send({"method": "audio", "params": told})
            sequence += 1
        return {"pieces": sequence}


def _accepted(generate: Callable[..., Any], options: Dict[str, Any]) -> Dict[str, Any]:  # noqa: UP006
    """The options this model has parameters for; one that collects unknown ones gets all."""
    known = inspect.signature(generate).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        return options
    return {name: value for name, value in options.items() if name in known}


def _segment(piece: Any) -> Any:
    """Whisper's segments are dicts, Parakeet's sentences are objects."""
    read = piece.get if isinstance(piece, dict) else lambda name: getattr(piece, name, None)
    start, end, text = read("start"), read("end"), read("text")
    if not isinstance(text, str) or start is None or end is None or not text.strip():
        return None
    return {"start": float(start), "end": float(end), "text": text.strip()}


def _pcm(audio: Any) -> bytes:
    """Floats from -1 to 1, in whatever array, as 16-bit little-endian samples."""
    samples: List[Any] = audio.tolist() if hasattr(audio, "tolist") else list(audio)  # noqa: UP006
    while samples and isinstance(samples[0], list):  # one channel, in an array of channels
        samples = samples[0]
    found = array("h", (int(max(-1.0, min(1.0, sample)) * 32767) for sample in samples))
    if sys.byteorder == "big":
        found.byteswap()
    return found.tobytes()


def main() -> None:
    """Answer until standard input ends."""
    lines = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what models print belongs in the log
    requests: "queue.Queue[Dict[str, Any]]" = queue.Queue(8)  # noqa: UP006, UP037

    def send(message: Dict[str, Any]) -> None:  # noqa: UP006
        answers.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        answers.flush()

    bridge = Bridge(send)

    def read() -> None:
        for line in lines:
            request = json.loads(line)
            if request.get("method") == "cancel":
                bridge.cancelled = request["params"]["id"]
            else:
                requests.put(request)
        os._exit(0)  # nobody is left to read an answer, whatever a model is busy with

    threading.Thread(target=read, daemon=True).start()
    while True:
        bridge.answer(requests.get())


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    # Python put this folder first, and programs in it are called like packages that models import.
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != here]
    main()
