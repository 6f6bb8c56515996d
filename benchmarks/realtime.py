"""How long somebody who speaks waits for the answer, and what an interruption and a crowd do to it.

Speech goes through the daemon's Realtime interface as a microphone gives it, to the embedded engines and to a language
model's server on this machine that answers from a script.

    python -m benchmarks.realtime [--quick] [--json FILE]
"""

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks.daemon import Daemon
from benchmarks.report import Report, Row, figure, main
from vox.bench.sentences import SENTENCES

__all__ = ["measure"]

_ROOT = Path(__file__).parent.parent
_CLIPS = ("librivox-0930.wav", "librivox-0880.wav", "librivox-0890.wav")  # three to five seconds: what one says at once
_SILENCE_MS = 500
_FIRST_TOKEN_MS, _TOKEN_MS = 30, 10
_ANSWER = " ".join(SENTENCES * 5)  # long enough to be interrupted
_HEARD_MS = 3000  # of an answer, before it is cancelled
_SESSIONS, _BETWEEN_S = 8, 0.4
_APPENDS = 2000
_TITLE = "Spoken conversations"

_GOAL_MS, _STOP_MS, _APPEND_MS = 450.0, 100.0, 0.3


@dataclass
class _Turn:
    """What was found about one answer; milliseconds."""

    waited: float
    """From the last sound of the question to the first of the answer, without the silence that ends a turn."""
    recognised: float
    """Of that, until the text of the question was there."""
    stopped: float
    """From `response.cancel` to the end of the response."""
    gap: float
    """The longest silence in the answer for which its listener ran out of sound."""
    heard: tuple[int, int, str]
    """Where the turn began and ended by the daemon's count, and its text."""
    late: float


def measure(quick: bool = False) -> Report:
    """Run everything."""
    if find_spec("moonshine_voice") is None or find_spec("hibari") is None:
        return Report("realtime", _TITLE, "Not measured: it needs the extra `local`.", _unmeasured())
    with _serving() as url:
        figures = asyncio.run(_figures(url, 1 if quick else 5, 2 if quick else _SESSIONS))
    method = (
        f"Speech of three to five seconds in frames of 20 ms, as fast as it is spoken; {_SILENCE_MS} ms of silence end "
        "a turn; moonshine:tiny-en hears, hibari:en speaks, both loaded; a server on the same machine writes the "
        f"answer: its first word after {_FIRST_TOKEN_MS} ms, the next ones {_TOKEN_MS} ms apart. Medians of "
        f"{len(figures.alone)} turns; the last sound is the last 10 ms within 30 dB of the loudest."
    )
    return Report("realtime", _TITLE, method, _rows(figures))


@contextmanager
def _serving() -> Generator[str]:
    """A daemon with a language model; gives the address of its WebSockets."""
    model = [sys.executable, "-m", "tests.llm_server", "--text", _ANSWER]
    model += ["--first-token-ms", str(_FIRST_TOKEN_MS), "--token-ms", str(_TOKEN_MS)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(model, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=_ROOT) as server,
    ):
        assert server.stdout is not None
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        settings = {
            "llm": {"baseUrl": server.stdout.readline().strip(), "model": "test-model"},
            "defaultAsr": "moonshine:tiny-en",
            "defaultTts": "hibari:en",
            "realtime": {"acknowledgement": {"enabled": False}},  # or it might be the first that is heard
        }
        (home / "config.json").write_text(json.dumps(settings), encoding="utf-8")
        (home / "config.json").chmod(0o600)
        try:
            with Daemon(home):
                yield f"ws://127.0.0.1:{json.loads((home / 'runtime.json').read_text(encoding='utf-8'))['port']}"
        finally:
            server.terminate()


@dataclass
class _Figures:
    alone: list[_Turn]
    together: list[_Turn]
    sessions: int
    lost: int
    interrupted: list[tuple[float, float]]
    """From the moment the interruption is noticed, and from its first sound, to the last of the answer."""
    appends: list[float]
    appends_with_detection: list[float]


async def _figures(url: str, rounds: int, sessions: int) -> _Figures:
    from benchmarks.talking import read_speech

    clips = [read_speech(_ROOT / "docs" / "audio" / name) for name in _CLIPS]
    await _turn(url, clips[0])  # loads what is loaded by use
    alone = [await _turn(url, clip) for _ in range(rounds) for clip in clips]
    interrupted = [await _interruption(url, clips[0], clips[1]) for _ in range(rounds)]
    appends = [await _append_ms(url, detect=False) for _ in range(rounds)]
    with_detection = [await _append_ms(url, detect=True) for _ in range(rounds)]
    crowd = (_turn(url, clips[number % len(clips)], number * _BETWEEN_S) for number in range(sessions))
    together = await asyncio.gather(*crowd)
    lost = sum(_lost(alone[number % len(clips)], turn) for number, turn in enumerate(together))
    return _Figures(alone, together, sessions, lost, interrupted, appends, with_detection)


async def _turn(url: str, speech: bytes, delay_s: float = 0) -> _Turn:
    """Ask something, and listen to the answer for a while."""
    from benchmarks.talking import BYTES_PER_MS, Talker

    async with Talker(url) as talker:
        await asyncio.sleep(delay_s)
        async with talker.speaking(speech) as ended:
            _, _, began = await talker.wait("input_audio_buffer.speech_started")
            at, _, over = await talker.wait("input_audio_buffer.speech_stopped")
            _, text_at, text = await talker.wait("conversation.item.input_audio_transcription.completed")
            _, started, _ = await talker.wait("response.output_audio.delta")
            while sum(size for _, size in talker.audio(at)) < _HEARD_MS * BYTES_PER_MS:
                await talker.news()
            cancelled = await talker.send(type="response.cancel")
            _, done, _ = await talker.wait("response.done")
            end = await ended
        return _Turn(
            waited=(started - end) * 1000 - _SILENCE_MS,
            recognised=(text_at - end) * 1000 - _SILENCE_MS,
            stopped=(done - cancelled) * 1000,
            gap=_longest_gap_ms(talker.audio(at)),
            heard=(began["audio_start_ms"], over["audio_end_ms"], text["transcript"]),
            late=talker.late_s * 1000,
        )


def _longest_gap_ms(pieces: list[tuple[float, int]]) -> float:
    """Of sound that is played from its first piece on as it comes."""
    from benchmarks.talking import BYTES_PER_MS

    played_until, longest = pieces[0][0], 0.0
    for when, size in pieces:
        longest = max(longest, when - played_until)
        played_until = max(when, played_until) + size / BYTES_PER_MS / 1000
    return longest * 1000


async def _interruption(url: str, question: bytes, interruption: bytes) -> tuple[float, float]:
    from benchmarks.talking import Talker

    async with Talker(url) as talker:
        async with talker.speaking(question):
            at, _, _ = await talker.wait("response.output_audio.delta")
        async with talker.speaking(interruption):
            begin = time.perf_counter()
            _, noticed, _ = await talker.wait("input_audio_buffer.speech_started", at)
            _, done, response = await talker.wait("response.done", at)
            if response["response"]["status"] != "cancelled":
                raise RuntimeError(f"the answer was over before it was interrupted: {response}")
        last = max(when for when, _ in talker.audio(at))
        return max(0.0, done - noticed) * 1000, (last - begin) * 1000


async def _append_ms(url: str, *, detect: bool) -> float:
    """Of one event of 20 ms, when as many as possible come."""
    from benchmarks.talking import BYTES_PER_MS, FRAME_MS, Talker, append

    async with Talker(url) as talker:
        if not detect:
            await talker.send(
                type="session.update", session={"type": "realtime", "audio": {"input": {"turn_detection": None}}}
            )
            await talker.wait("session.updated")
        frame = append(bytes(FRAME_MS * BYTES_PER_MS))
        begin = time.perf_counter()
        for _ in range(_APPENDS):
            await talker.send_text(frame)
        await talker.send(type="input_audio_buffer.clear")
        _, end, _ = await talker.wait("input_audio_buffer.cleared")
    return (end - begin) * 1000 / _APPENDS


def _lost(alone: _Turn, turn: _Turn) -> int:
    """Frames by which the daemon counted other than it did for the same speech alone; 1 at least if it heard other
    words."""
    from benchmarks.talking import FRAME_MS

    counted = abs(turn.heard[0] - alone.heard[0]) + abs(turn.heard[1] - alone.heard[1])
    return -(-counted // FRAME_MS) or int(turn.heard[2] != alone.heard[2])


def _rows(found: _Figures) -> list[Row]:
    waited, text = _median(found.alone, "waited"), _median(found.alone, "recognised")
    crowd, many = _median(found.together, "waited"), f"{found.sessions} sessions at once"
    noticed, spoken = (statistics.median(times[index] for times in found.interrupted) for index in (0, 1))
    plain, detecting = statistics.median(found.appends), statistics.median(found.appends_with_detection)
    gap = max(turn.gap for turn in found.together)
    question = "last sound to first sound of the answer, less the silence that ends a turn"
    silence = "the silence that ends a turn"
    rows: list[tuple[str, str, float, str, float, float | None]] = [
        (question, "one session", waited, "the limit", _GOAL_MS, 1.0),
        ("of that, until the text is there", "one session", text, "all of it", waited, None),
        (question, many, crowd, "one session", waited, None),
        ("longest silence within an answer", many, gap, "the limit", 50.0, 1.0),
        ("interruption noticed to answer ended", "one session", noticed, "the limit", _STOP_MS, 1.0),
        ("first sound of an interruption to last of the answer", "one session", spoken, silence, _SILENCE_MS, None),
        ("cancelled to answer ended", "one session", _median(found.alone, "stopped"), "the limit", _STOP_MS, 1.0),
        ("an event with 20 ms of sound", "turns by the client", plain, "the limit", _APPEND_MS, 1.0),
        ("an event with 20 ms of sound", "turns detected", detecting, "turns by the client", plain, None),
    ]
    told = [
        Row(what, subject, figure(ours, "ms"), peer, figure(theirs, "ms"), ours / theirs, at_most=goal)
        for what, subject, ours, peer, theirs, goal in rows
    ]
    frames = Row("frames lost", many, str(found.lost), "the limit", "0", float(found.lost), at_most=0.0)
    return [*told[:4], frames, *told[4:]]


def _median(turns: list[_Turn], name: str) -> float:
    return statistics.median(getattr(turn, name) for turn in turns)


def _unmeasured() -> list[Row]:
    what = "last sound to first sound of the answer, less the silence that ends a turn"
    return [Row(what, "one session", "–", "the limit", figure(_GOAL_MS, "ms"), None, at_most=1.0)]


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
