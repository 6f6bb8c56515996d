"""How long somebody waits for the text after the last word, spoken into a microphone of a sound server.

python -m benchmarks.live [--quick] [--json FILE]
"""

import statistics
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.daemon import Daemon
from benchmarks.recognition import speech_file
from benchmarks.report import Report, Row, figure, main
from tests import pulse

__all__ = ["measure"]

_SECONDS, _ROUNDS = 20, 5
_EAR = "moonshine:tiny-en"
_GOAL_S, _READY_S = 1.5, 0.5


def measure(quick: bool = False) -> Report:
    """Speak, stop, and wait."""
    seconds, rounds = (6, 1) if quick else (_SECONDS, _ROUNDS)
    missing = _missing()
    if missing:
        return Report("live", "Live sessions", f"Not measured: {missing}", _rows([], [], [], seconds))
    with (
        pulse.started() as sound,
        pytest.MonkeyPatch.context() as patch,
        tempfile.TemporaryDirectory() as folder,
    ):
        sound.here(patch)
        clip = speech_file(Path(folder) / "speech.wav", seconds)
        with Daemon(Path(folder) / "home") as daemon:
            daemon.client.preload(_EAR)
            taken = [_session(daemon, sound, clip) for _ in range(rounds)]
            whole = [_whole_s(daemon, clip) for _ in range(rounds)]
    method = (
        f"{seconds} s of read speech played into a microphone of PulseAudio and recognised by {_EAR}, which is loaded; "
        f"the session is stopped when the last sample was played. Medians of {rounds} rounds."
    )
    opened, waited = ([times[index] for times in taken] for index in (0, 1))
    return Report("live", "Live sessions", method, _rows(opened, waited, whole, seconds))


def _session(daemon: Daemon, sound: pulse.SoundServer, clip: Path) -> tuple[float, float]:
    """Seconds until it records, and from the stop to the text."""
    begin, stopped = time.perf_counter(), list[float]()
    with daemon.client.live(_EAR) as session:
        opened = time.perf_counter() - begin

        def play() -> None:
            sound.play(clip)
            stopped.append(time.perf_counter())
            session.stop()

        player = threading.Thread(target=play)
        player.start()
        final = [time.perf_counter() for event in session if event.name == "final"]
        player.join()
    return opened, final[0] - stopped[0]


def _whole_s(daemon: Daemon, clip: Path) -> float:
    begin = time.perf_counter()
    daemon.client.transcribe(clip, _EAR)
    return time.perf_counter() - begin


def _missing() -> str:
    if find_spec("moonshine_voice") is None:
        return "it needs the extra `local`."
    try:
        with pulse.started():
            return ""
    except pytest.skip.Exception as skipped:
        return f"{skipped}."


def _rows(opened: list[float], waited: list[float], whole: list[float], seconds: int) -> list[Row]:
    told = f"{seconds} s spoken"
    if not waited:
        return [Row(told, "from the stop to the text", "–", "the limit", f"{_GOAL_S} s", None, at_most=1.0)]
    final, once, ready = (statistics.median(times) * 1000 for times in (waited, whole, opened))
    rows = [
        (told, "from the stop to the text", final, "the limit", _GOAL_S * 1000, 1.0),
        (told, "from the stop to the text", final, "the file at once", once, None),
        ("a session begins", "until it records", ready, "the limit", _READY_S * 1000, 1.0),
    ]
    return [
        Row(what, subject, figure(ours, "ms"), peer, figure(theirs, "ms"), ours / theirs, at_most=goal)
        for what, subject, ours, peer, theirs, goal in rows
    ]


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
