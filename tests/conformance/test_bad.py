"""Each way to break the protocol is found by the check that stands for it, with words that help."""

import re
from collections.abc import Callable

import pytest

from tests.conformance.conftest import BAD, QUICK, Checked, failures
from vox.provider.conformance import CHECKS, Times

# mode of bad.py → the check that has to fail, and what its message and its advice have to say
FOUND = {
    "dies_at_start": ("start.models", "exited with status 1 .* cannot find my weights", "error"),
    "dies_midway": ("transcribe.result", "ended by signal 9 .* out of memory, or so", "exactly one answer"),
    "exits_midway": ("transcribe.result", "exited with status 3 .* nothing to stderr", "exactly one answer"),
    "never_answers": ("transcribe.result", "No answer to transcribe .* within 1 s", "exactly one answer"),
    "closes_stdout": ("transcribe.result", "closed its output before it answered", "exactly one answer"),
    "wrong_id": ("stdout.answers", 'Nobody asked for: .*"id": 10', "its own id"),
    "no_text": ("transcribe.result", "no text; it must be a string", '"text": "…"'),
    "bad_audio": ("synthesize.audio", "no WAV file: it begins with b'no wav'", "WAV header"),
    "huge_line": ("transcribe.result", "a line longer than Vox reads", "newline"),
    "error_object": ("transcribe.result", "answered transcribe with an error: .*get it first", "text"),
    "error_string": ("transcribe.result", "answered transcribe with an error: the key is", "text"),
    "silent_but_transcribe": ("start.models", "No answer to models .* within 1 s", "error"),
    "noisy": ("stdout.pure", "No JSON object: Loading weights", "stderr"),
    "ignores_signals": ("end.idle", "still runs 2 s after the end of its input", "end of stdin"),
    "has_children": ("end.children", "Left behind: process [0-9]+", "End child processes"),
    "cancels": ("transcribe.result", "No answer to transcribe", "exactly one answer"),
    "slow_but_many": ("transcribe.result", "No answer to transcribe", "exactly one answer"),
}
GOOD = {"good"}
SPEAKS = {"bad_audio"}  # the others are checked as recognisers, which halves the waits


def modes() -> set[str]:
    text = BAD.read_text(encoding="utf-8")
    groups = " ".join(re.findall(r"HOW in \(([^)]*)\)", text))
    return set(re.findall(r'HOW [!=]= "(\w+)"', text)) | set(re.findall(r'"(\w+)"', groups))


def test_every_mode_is_covered() -> None:
    assert modes() - GOOD == set(FOUND)


@pytest.mark.parametrize("mode", FOUND)
def test_a_bad_provider_fails(bad: Callable[..., Checked], mode: str) -> None:
    name, message, advice = FOUND[mode]
    times = QUICK if name != "start.models" else Times(start=1)
    result = bad(mode, only=("start.serves", name), kind="tts" if mode in SPEAKS else "asr", times=times)[name]
    assert result.outcome == "fail", result
    assert re.search(message, result.message), result.message
    assert advice in result.mend
    assert result.rule


def test_evidence_shows_what_was_sent_and_what_came(bad: Callable[..., Checked]) -> None:
    result = bad("bad_audio", only=("synthesize.audio",), kind="tts")["synthesize.audio"]
    assert '"method":"synthesize"' in result.sent[-1]
    assert "bm8gd2F2" in result.received[-1]


def test_one_that_behaves_fails_nothing(bad: Callable[..., Checked]) -> None:
    results = bad("good")
    assert failures(results) == {}
    assert results["start.serves"].outcome == "pass"
    assert [check.id for check in CHECKS] == list(results)
