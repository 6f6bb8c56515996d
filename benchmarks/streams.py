"""How soon speech is heard and text is read when they come in parts, against the whole.

python -m benchmarks.streams [--quick] [--json FILE]
"""

import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks.daemon import Daemon
from benchmarks.recognition import speech_file
from benchmarks.report import Compared, Report, Row, compared_ms, main
from benchmarks.timing import interleaved
from vox.client import Client

__all__ = ["SENTENCE", "measure", "streamed_speech_s"]

_SENTENCES = 20
_SECONDS = 60
SENTENCE = "The captain looked at the sky and decided to stay in the harbor for another night."
"""Five seconds of speech."""
_VOICE, _EAR = "hibari:en", "moonshine:tiny-en"


def measure(quick: bool = False) -> Report:
    """Run everything and compare."""
    rounds, count, seconds = (2, 4, 30) if quick else (9, _SENTENCES, _SECONDS)
    title = "Streams"
    if find_spec("moonshine_voice") is None or find_spec("hibari") is None:
        return Report("streams", title, "Not measured: it needs the extra `local`.", _rows({}, count, seconds))
    with tempfile.TemporaryDirectory() as folder, Daemon(Path(folder) / "home") as daemon:
        text = " ".join([SENTENCE] * count)
        recording = speech_file(Path(folder) / "speech.wav", seconds)
        measures = {
            "whole speech": lambda: _whole_speech_s(daemon.client, text),
            "first speech": lambda: streamed_speech_s(daemon.client, text)[0],
            "streamed speech": lambda: streamed_speech_s(daemon.client, text)[1],
            "whole text": lambda: _text_s(daemon.client, recording)[1],
            "first text": lambda: _text_s(daemon.client, recording)[0],
        }
        taken = interleaved(measures, rounds)
    method = (
        f"{count} sentences spoken by {_VOICE}, {seconds} s of read speech recognised by {_EAR}, through the daemon, "
        f"both engines loaded, in turn; medians of {rounds} rounds."
    )
    return Report("streams", title, method, _rows(taken, count, seconds))


def _whole_speech_s(client: Client, text: str) -> float:
    begin = time.perf_counter()
    client.synthesize(text, _VOICE)
    return time.perf_counter() - begin


def streamed_speech_s(client: Client, text: str) -> tuple[float, float]:
    """Seconds to the first chunk, and to the last."""
    begin = time.perf_counter()
    with client.synthesize_stream(text, _VOICE) as stream:
        next(stream)
        first = time.perf_counter() - begin
        for _ in stream:
            pass
    return first, time.perf_counter() - begin


def _text_s(client: Client, recording: Path) -> tuple[float, float]:
    """Seconds to the first partial text, and to the transcript."""
    begin, seen = time.perf_counter(), list[float]()
    client.transcribe(recording, _EAR, on_partial=lambda _: seen.append(time.perf_counter() - begin))
    return seen[0], time.perf_counter() - begin


def _rows(taken: dict[str, list[float]], count: int, seconds: int) -> list[Row]:
    speech, text, whole = f"{count} sentences to speech", f"{seconds} s of speech to text", "the whole at once"
    compared: list[Compared] = [
        (speech, "the first is heard", "first speech", whole, "whole speech", 0.2),
        (speech, "all, as a stream", "streamed speech", whole, "whole speech", 1.1),
        (text, "the first words are read", "first text", whole, "whole text", 0.5),
    ]
    return compared_ms(taken, compared)


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
