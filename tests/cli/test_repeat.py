"""`vox transcribe bench` and `vox speak bench`: a line a run, what they come to, and what is asked for."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from vox.cli.repeat import _text_and_runs
from vox.errors import InvalidRequest

TIME = r"\d+(ms|\.\d\ds)"
SPEED = r"\d+\.\d\dx realtime"
STATS = "avg={0} p50={0} p95={0} min={0} max={0}"


def test_recognising_several_times(run: Callable[..., Result], tone: Path) -> None:
    done = run("transcribe", "bench", "--model", "echo:v1", str(tone), "3")
    lines = done.stdout.splitlines()
    for number, line in enumerate(lines[:3], start=1):
        assert re.fullmatch(rf"run {number}: total={TIME} inference={TIME} audio=3\.00s rtf={SPEED}", line), line
    assert lines[3:5] == ["", "audio duration: 3.00s"]
    for name, form, line in zip(("total", "inference", "speed"), (TIME, TIME, SPEED), lines[5:], strict=True):
        assert re.fullmatch(f"{name}: {STATS.format(form)}", line), line


def test_speaking_several_times(run: Callable[..., Result]) -> None:
    done = run("speak", "bench", "good", "morning")
    lines = done.stdout.splitlines()
    assert len(lines) == 5 + 5 and lines[6].startswith("audio duration: ")
    # a hundredth of a second for each character, 16 bits
    assert re.fullmatch(rf"run 5: total={TIME} synthesis={TIME} audio=120ms rtf=.* bytes=\dKB", lines[4]), lines[4]
    assert lines[8].startswith("synthesis: avg=")


def test_as_json(run: Callable[..., Result], tone: Path) -> None:
    told = json.loads(run("transcribe", "bench", str(tone), "2", "--json").stdout)
    assert [one["audioDurationMs"] for one in told["runs"]] == [3000, 3000]
    assert told["totalMs"]["max"] == max(one["totalMs"] for one in told["runs"])
    assert told["runs"][0].keys() == {"totalMs", "workMs", "audioDurationMs", "realtimeFactor", "speed"}
    spoken = json.loads(run("speak", "bench", "hi", "1", "--json", "--voice", "high").stdout)
    assert spoken["runs"][0]["audioBytes"] > 0


@pytest.mark.parametrize(
    ("words", "text", "runs"),
    [
        (("good", "morning"), "good morning", 5),
        (("good", "morning", "3"), "good morning", 3),
        (("3",), "3", 5),
        (("room", "4", "2"), "room 4", 2),
    ],
)
def test_a_number_at_the_end_says_how_often(words: tuple[str, ...], text: str, runs: int) -> None:
    assert _text_and_runs(words) == (text, runs)


def test_never_is_not_often_enough() -> None:
    with pytest.raises(InvalidRequest):
        _text_and_runs(("hi", "0"))


def test_what_cannot_be_measured(run: Callable[..., Result], tone: Path) -> None:
    assert run("transcribe", "bench", "missing.wav").exit_code == 66
    assert run("transcribe", "bench", str(tone), "0").exit_code == 64
    assert run("transcribe", "bench", str(tone), "--model", "nobody:1").exit_code == 66
    assert run("speak", "bench").exit_code == 64
    assert run("speak", "bench", "hi", "--voice", "nobody").exit_code == 66
