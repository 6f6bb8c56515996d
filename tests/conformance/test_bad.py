"""Each way to break the protocol is found by the check that stands for it, with words that help."""

import re
import sys
from collections.abc import Callable

import pytest

from tests.conformance.conftest import BAD, QUICK, Checked, failures
from vox.provider.conformance import CHECKS, Result, Times

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
# program → the check that has to fail, and what its message and its advice have to say
PROGRAMS = {
    "answers_after_cancel": ("transcribe.result", "No answer to transcribe .* within 1 s", "exactly one answer"),
    "bad_base64": ("synthesize.result", "audioBase64 is not valid base64: Only base64 data", "RFC 4648"),
    "batches": ("stdout.answers", 'Nobody asked for: .*"id": 4711', "its own id"),
    "busy_answers": ("transcribe.result", "with an error: .*not now", "text"),
    "chatters": ("stdout.shapes", 'may not send requests: .*"method": "sampling"', "send a notification"),
    "closes_stdin": ("transcribe.result", "No answer to transcribe .* within 1 s", "exactly one answer"),
    "deep_nesting": ("stdout.pure", "nested too deeply to be read", "stderr"),
    "double_answer": ("stdout.answers", "Answered for the second time: .*another", "its own id"),
    "endless_line": ("transcribe.result", "a line longer than Vox reads", "newline"),
    "exits_silently": ("transcribe.result", "exited with status 0 before .* nothing to stderr", "exactly one answer"),
    "fork_bomb_child": ("end.children", "Left behind: process [0-9]+", "End child processes"),
    "garbage_between": ("stdout.answers", 'Nobody asked for: {"id":true', "its own id"),
    "nan_metrics": (
        "transcribe.metrics",
        "numbers of 0 or more: inferenceMs = None.* a = -1.* e = 999",
        "milliseconds",
    ),
    "odd_fields": ("models.members", "name of model 'bad:1' is 7; it must be a string", "Correct the member"),
    "one_shot": ("transcribe.metrics", "exited with status 0 before it answered", "exactly one answer"),
    "stops_itself": ("transcribe.result", "No answer to transcribe .* within 1 s", "exactly one answer"),
    "wrong_content_type": ("synthesize.audio", "no WAV file: it begins with b'this is no a'", "WAV header"),
    "wrong_shapes": ("transcribe.result", "The result of transcribe is absent; it must be an object", "text"),
}
# program → the checks that warn, where Vox copes with everything it does, but others may not
IMPOLITE = {
    "stderr_flood": {"stderr.amount"},  # a full disk sooner, and diagnostics that nobody can read
    "string_ids": {"stdout.answers", "stdout.shapes"},  # JSON-RPC wants the id as it was sent, and a version
}
# Within the protocol, whatever it costs: nothing is even warned about.
ODD_BUT_RIGHT = {
    "bom_and_crlf",  # white space and the mark that editors of Windows leave; JSON readers pass over both
    "partial_lines",  # a line is whole when its end has come
    "slow_reader",  # Vox does not wait for a program to read
}
NO_PROGRAMS = {"bad", "manners"}  # many in one, above; what all share

GOOD = {"good"}
SPEAKS = {
    "bad_audio",
    "bad_base64",
    "wrong_content_type",
}  # the others are checked as recognisers, which halves the waits


def modes() -> set[str]:
    text = BAD.read_text(encoding="utf-8")
    groups = " ".join(re.findall(r"HOW in \(([^)]*)\)", text))
    return set(re.findall(r'HOW [!=]= "(\w+)"', text)) | set(re.findall(r'"(\w+)"', groups))


def test_every_mode_is_covered() -> None:
    assert modes() - GOOD == set(FOUND)


def test_every_program_is_covered() -> None:
    files = {file.stem for file in BAD.parent.glob("*.py")} - NO_PROGRAMS
    assert sorted([*PROGRAMS, *IMPOLITE, *ODD_BUT_RIGHT]) == sorted(files)


@pytest.mark.parametrize("mode", FOUND)
def test_a_bad_provider_fails(bad: Callable[..., Checked], mode: str) -> None:
    name, *told = FOUND[mode]
    times = QUICK if name != "start.models" else Times(start=1)
    results = bad(mode, only=("start.serves", name), kind="tts" if mode in SPEAKS else "asr", times=times)
    fails_usefully(results[name], *told)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_bad_program_fails(check: Callable[..., Checked], program: str) -> None:
    name, *told = PROGRAMS[program]
    works = ("start.serves", "transcribe.result", "transcribe.metrics")
    kind = "tts" if program in SPEAKS else "asr"
    fails_usefully(check(run(program), only=(*works, name), kind=kind)[name], *told)


@pytest.mark.parametrize("program", sorted([*IMPOLITE, *ODD_BUT_RIGHT]))
def test_an_impolite_program_is_warned(check: Callable[..., Checked], program: str) -> None:
    results = check(run(program), kind="asr")
    assert failures(results) == {}
    warned = [result for result in results.values() if result.outcome == "warning"]
    assert {result.id for result in warned} == IMPOLITE.get(program, set())
    assert all(result.message and result.mend for result in warned)
    assert results["transcribe.result"].outcome == "pass"


def fails_usefully(result: Result, message: str, advice: str) -> None:
    """It says what is wrong, what the rule is, and what to do about it."""
    assert result.outcome == "fail", result
    assert re.search(message, result.message), result.message
    assert advice in result.mend
    assert result.rule


def run(program: str) -> list[str]:
    return [sys.executable, str(BAD.with_name(f"{program}.py"))]


def test_evidence_shows_what_was_sent_and_what_came(bad: Callable[..., Checked]) -> None:
    result = bad("bad_audio", only=("synthesize.audio",), kind="tts")["synthesize.audio"]
    assert '"method":"synthesize"' in result.sent[-1]
    assert "bm8gd2F2" in result.received[-1]


def test_the_last_words_are_waited_for(check: Callable[..., Checked]) -> None:
    late = "(sleep 0.1; echo the disk is full >&2) > /dev/null < /dev/null & exit 1"
    result = check(["sh", "-c", late], only=("start.models",))["start.models"]
    assert "exited with status 1" in result.message and "the disk is full" in result.message


def test_one_that_behaves_fails_nothing(bad: Callable[..., Checked]) -> None:
    results = bad("good")
    assert failures(results) == {}
    assert results["start.serves"].outcome == "pass"
    assert [check.id for check in CHECKS] == list(results)
