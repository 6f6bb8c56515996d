"""What OpenAI's audio API costs beside the client's own calls, and how soon its speech is heard.

Both are asked of one daemon, so what differs is the door: a new connection and a form that is uploaded, read and put on
disk, against a call over a kept connection that names the file; speech as the body of an answer, against chunks.

    python -m benchmarks.rest [--quick] [--json FILE]
"""

import http.client
import json
import tempfile
import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

from benchmarks.daemon import Daemon
from benchmarks.report import Compared, Report, Row, compared_ms, main
from benchmarks.streams import SENTENCE, streamed_speech_s
from benchmarks.timing import interleaved
from vox.client import Client

__all__ = ["measure"]

_CLIP = Path(__file__).parent.parent / "docs" / "audio" / "librivox-0880.wav"  # three seconds: what one says at once
_SENTENCES = 20
_VOICE, _EAR = "hibari:en", "moonshine:tiny-en"
_BOUNDARY = "----vox-benchmark"
_LIMIT_S = 60
_TITLE = "OpenAI's audio API"


def measure(quick: bool = False) -> Report:
    """Run everything and compare."""
    rounds, count = (2, 4) if quick else (15, _SENTENCES)
    if find_spec("moonshine_voice") is None or find_spec("hibari") is None:
        return Report("rest", _TITLE, "Not measured: it needs the extra `local`.", _rows({}, count))
    with tempfile.TemporaryDirectory() as folder, Daemon(Path(folder) / "home") as daemon:
        api, text = _Api(daemon.client), " ".join([SENTENCE] * count)
        measures = {
            "called text": lambda: _call_s(daemon.client),
            "text": lambda: api.text_s(_CLIP.read_bytes()),
            "called speech": lambda: streamed_speech_s(daemon.client, text)[1],
            "first wav": lambda: api.speech_s(text, "wav")[0],
            "whole wav": lambda: api.speech_s(text, "wav")[1],
            "first mp3": lambda: api.speech_s(text, "mp3")[0],
            "whole mp3": lambda: api.speech_s(text, "mp3")[1],
        }
        taken = interleaved(measures, rounds)
    method = (
        f"A recording of 3 s recognised by {_EAR}, {count} sentences spoken by {_VOICE}, both engines loaded, in "
        f"turn; medians of {rounds} rounds. Each request has a connection of its own, the client keeps one."
    )
    return Report("rest", _TITLE, method, _rows(taken, count))


class _Api:
    """The HTTP interface, over a connection for each request."""

    def __init__(self, client: Client) -> None:
        self._port: int = client.status()["port"]

    def text_s(self, recording: bytes) -> float:
        """Seconds until a recording is text."""
        field = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\n{_EAR}\r\n'
        file = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        body = f"{field}{file}".encode() + recording + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return self._post_s("transcriptions", body, f"multipart/form-data; boundary={_BOUNDARY}")[1]

    def speech_s(self, text: str, format: str) -> tuple[float, float]:
        """Seconds until the first byte of a speech is there, and the last."""
        body = json.dumps({"model": _VOICE, "input": text, "response_format": format}).encode()
        return self._post_s("speech", body, "application/json")

    def _post_s(self, path: str, body: bytes, kind: str) -> tuple[float, float]:
        """Seconds to the first byte of the answer, and to the last."""
        begin = time.perf_counter()
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=_LIMIT_S)) as connection:
            connection.request("POST", f"/v1/audio/{path}", body, {"Content-Type": kind})
            answer = connection.getresponse()
            start = answer.read(1)
            first = time.perf_counter() - begin
            told = start + answer.read()
            last = time.perf_counter() - begin
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {told.decode()}")
        return first, last


def _call_s(client: Client) -> float:
    begin = time.perf_counter()
    client.transcribe(_CLIP, _EAR)
    return time.perf_counter() - begin


def _rows(taken: dict[str, list[float]], count: int) -> list[Row]:
    speech, whole, stream = f"{count} sentences to speech", "the whole of it", "the client's stream"
    compared: list[Compared] = [
        ("3 s of speech to text", "`/v1/audio/transcriptions`", "text", "the client's call", "called text", 1.1),
        (speech, "the first byte of the WAV", "first wav", whole, "whole wav", 0.2),
        (speech, "the first byte of the MP3", "first mp3", whole, "whole mp3", 0.2),
        (speech, "all of the WAV", "whole wav", stream, "called speech", 1.1),
        (speech, "all of the MP3", "whole mp3", stream, "called speech", None),
    ]
    return compared_ms(taken, compared)


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
