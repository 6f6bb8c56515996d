"""What the daemon adds to recognition, and how good and how fast the embedded recogniser is.

The same provider code hears the same minute of speech twice: called as a function in a Python process of its own, and
through the daemon, client included. The two take turns.

    python -m benchmarks.recognition [--quick] [--json FILE]
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from benchmarks.daemon import Daemon
from benchmarks.report import Report, Row, figure, main, median_ratio
from vox.bench.recordings import read_recordings
from vox.bench.words import NO_ERRORS, word_errors

__all__ = ["measure", "speech_file"]

_CLIPS = Path(__file__).parent.parent / "docs" / "audio"
_MODEL = "moonshine:tiny-en"
_SECONDS = 60
_PAUSE_S = 0.5  # of silence between two clips, as between two sentences

_DIRECT = """\
import json, sys, time
from vox_providers.moonshine import transcribe
from vox.provider import Call

for line in sys.stdin:
    path = json.loads(line)
    begin = time.perf_counter()
    text = transcribe(Call("transcribe", {"modelId": "moonshine:tiny-en", "path": path}))["text"]
    print(json.dumps([time.perf_counter() - begin, text]), flush=True)
"""


def measure(quick: bool = False) -> Report:
    """Run everything and compare."""
    title = "Recognition"
    if find_spec("moonshine_voice") is None:
        return Report("recognition", title, "Not measured: it needs the extra `local`.", _unmeasured())
    rounds = 1 if quick else 5
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        speech = speech_file(Path(folder) / "speech.wav", 10 if quick else _SECONDS)
        direct = stack.enter_context(_Direct())
        daemon = stack.enter_context(_Daemon(Path(folder) / "home"))
        for hear in (direct.hear, daemon.hear):
            hear(speech)  # loads the model
        times: dict[str, list[float]] = {"direct": [], "daemon": []}
        for _ in range(rounds):
            for name, hear in (("direct", direct.hear), ("daemon", daemon.hear)):
                took, _ = hear(speech)
                times[name].append(took)
        wer = _word_error_rate(daemon, 2 if quick else None)
        seconds = _duration_s(speech)
    method = (
        f"{_MODEL} on {seconds:.0f} s of read speech, after a warm-up, in turn, medians of {rounds} rounds; word "
        "errors over the LibriVox recordings in docs/audio."
    )
    return Report("recognition", title, method, _rows(times, seconds, wer))


class _Direct:
    """The provider's function in a process of its own, without protocol, host or daemon."""

    def __enter__(self) -> "_Direct":
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _DIRECT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def hear(self, path: Path) -> tuple[float, str]:
        """Seconds the call took, and the text."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(str(path)).encode("utf-8") + b"\n")
        self._process.stdin.flush()
        took, text = json.loads(self._process.stdout.readline())
        return took, text


class _Daemon(Daemon):
    def hear(self, path: Path) -> tuple[float, str]:
        """Seconds the call took, and the text."""
        begin = time.perf_counter()
        text = self.client.transcribe(path, model=_MODEL).text
        return time.perf_counter() - begin, text


def speech_file(path: Path, seconds: int) -> Path:
    """A recording of so many seconds, made of the clips one after another."""
    import numpy
    import soundfile

    clips = [soundfile.read(clip, dtype="int16") for clip in sorted(_CLIPS.glob("*.wav"))]
    rate = clips[0][1]
    pause = numpy.zeros(round(rate * _PAUSE_S), dtype="int16")
    pieces = [part for samples, _ in clips for part in (samples, pause)]
    once = numpy.concatenate(pieces)
    times = -(-seconds * rate // len(once))
    soundfile.write(path, numpy.tile(once, times)[: seconds * rate], rate, subtype="PCM_16")
    return path


def _duration_s(path: Path) -> float:
    import soundfile

    return soundfile.info(path).duration


def _word_error_rate(daemon: _Daemon, most: int | None) -> float:
    clips = [one for one in read_recordings(_CLIPS)[0] if one.name.startswith("librivox")]
    errors = NO_ERRORS
    for clip in clips[:most]:
        errors = errors.plus(word_errors(clip.transcript, daemon.hear(clip.path)[1]))
    return errors.wrong / errors.said


def _rows(times: dict[str, list[float]], seconds: float, wer: float) -> list[Row]:
    direct, daemon = (statistics.median(times[name]) for name in ("direct", "daemon"))
    rtf, ratio = daemon / seconds, median_ratio(times["daemon"], times["direct"])
    what = f"{seconds:.0f} s of speech to text"
    return [
        Row(
            what,
            "through the daemon",
            figure(daemon, "s"),
            "the same code in one process",
            figure(direct, "s"),
            ratio,
            at_most=1.05,
        ),
        Row(what, "real-time factor", f"{rtf:.3f}", "the limit", "0.1", rtf / 0.1, at_most=1),
        Row("word errors", _MODEL, f"{wer:.1%}", "the limit", "4 %", wer / 0.04, at_most=1),
    ]


def _unmeasured() -> list[Row]:
    return [Row("speech to text", "through the daemon", "–", "the same code in one process", "–", None, at_most=1.05)]


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
