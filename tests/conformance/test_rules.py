"""Every check can fail: a provider that breaks exactly its rule is told so, in words that name what is wrong."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conformance.conftest import ROOT, Checked
from vox.provider.conformance import CHECKS, Times
from vox.provider.conformance.checks.models import FEATURES

REFERENCE = str(Path(__file__).with_name("reference.py"))

# check → ways of `reference.py` to break it: (way, outcome, what the message says)
BROKEN: dict[str, list[tuple[str, str, str]]] = {
    "models.list": [
        ("no_list", "fail", 'no list "models"'),
        ("empty_list", "fail", "empty"),
        ("id_is_number", "fail", "a string as its id"),
    ],
    "models.unique": [("same_id", "fail", "all:asr")],
    "models.members": [
        ("text_for_boolean", "fail", "installed of model 'all:asr' is 'yes'; it must be a boolean"),
        ("strange_rate", "fail", "sampleRate of model 'all:asr' is 4"),
        ("strange_kind", "fail", "'stt'"),
    ],
    "models.limit": [("limit_zero", "fail", "maxConcurrency is 0"), ("limit_text", "fail", "maxConcurrency is '4'")],
    "models.features": [("features_no_list", "fail", "'cancel'"), ("unknown_feature", "warning", "'telepathy'")],
    "models.again": [("strict_params", "fail", "-32602")],
    "start.serves": [("not_installed", "fail", "None of its models is installed")],
    "transcribe.result": [
        ("model_of_another", "fail", "modelId is 'all:tts'; asked for was 'all:asr'"),
        ("no_model_id", "warning", "no modelId"),
        ("elapsed_text", "fail", "elapsedMs is '1'"),
    ],
    "transcribe.metrics": [
        ("no_metrics", "fail", "no object metrics"),
        ("metrics_incomplete", "fail", "lacks inferenceMs"),
        ("metrics_negative", "fail", "inferenceMs = -1"),
        ("metrics_nan", "fail", "inferenceMs"),
        ("metrics_text", "fail", "inferenceMs = '1'"),
        ("part_over_whole", "warning", "inferenceMs is 50"),
    ],
    "transcribe.words": [
        ("words_promised", "fail", "lists words: true"),
        ("words_reversed", "fail", "out of order"),
        ("words_in_ms", "fail", "Are the times seconds?"),
        ("words_of_text", "fail", "'word0' must have word"),
    ],
    "transcribe.segments": [("segments_backwards", "fail", "out of order")],
    "transcribe.silence": [("silence_is_null", "fail", "text is None")],
    "transcribe.short": [("dies_of_short", "fail", "exited with status 5")],
    "transcribe.missing-file": [
        ("dies_of_missing", "fail", "exited with status 4"),
        ("invents_text", "fail", "a result for a file that is not there"),
    ],
    "transcribe.not-audio": [("dies_of_text", "fail", "exited with status 4")],
    "transcribe.path": [("ascii_paths", "fail", "exited with status 3")],
    "transcribe.keeps-file": [("removes_file", "fail", "removed"), ("writes_beside", "fail", "kept.tmp")],
    "transcribe.params": [("strict_params", "fail", "-32602")],
    "transcribe.unknown-model": [
        ("any_model", "warning", "a result for a model it does not list"),
        ("nameless_errors", "warning", "no data.code"),
    ],
    "synthesize.result": [
        ("no_audio", "fail", "audioBase64 is empty"),
        ("line_ends", "fail", "not valid base64"),
        ("model_of_another", "pass", ""),
    ],
    "synthesize.audio": [
        ("cut_off", "fail", "announces"),
        ("no_samples", "fail", "0.000 s long"),
        ("silent", "warning", "silent"),
        ("content_type_lies", "fail", "says audio/flac, but the audio begins with b'RIFF'"),
        ("content_type_unknown", "fail", "contentType is 'audio/tape'"),
    ],
    "synthesize.metrics": [("no_total", "fail", "lacks totalMs"), ("duration_off", "warning", "99999")],
    "synthesize.empty": [("dies_of_nothing", "fail", "exited with status 6")],
    "synthesize.unicode": [("dies_of_unicode", "fail", "exited with status 6")],
    "synthesize.large": [("too_long_without_name", "warning", "a long text has no data.code")],
    "synthesize.params": [("strict_params", "fail", "-32602")],
    "synthesize.unknown-model": [("any_model", "warning", "a result for a model it does not list")],
    "voices.list": [
        ("voices_no_list", "fail", 'no list "voices"'),
        ("voice_twice", "fail", "low"),
        ("two_defaults", "fail", "low, high"),
        ("voice_without_id", "fail", "a string as its id"),
        ("no_voices", "warning", "no method voices"),
    ],
    "voices.all": [("voices_need_model", "warning", "Without modelId")],
    "voices.speak": [("voice_of_another", "fail", "Asked to speak with 'high', it says it spoke with 'low'")],
    "voices.unknown": [("any_voice", "warning", "a result for a voice it does not list")],
    "transcribe.concurrent": [("mixed_up", "fail", "mixed up")],
    "lines.interleaved": [("swaps_ids", "fail", "has no")],
    "end.abandoned": [("outlives", "fail", "still runs 1 s later")],
    "synthesize.concurrent": [("mixed_up", "fail", "mixed up")],
    "preload.result": [
        ("wrong_model_info", "fail", "it answered with 'another'"),
        ("no_model_info", "fail", "no ModelInfo"),
        ("not_preloaded", "warning", "preloaded is false"),
    ],
    "install.result": [("not_preloaded", "warning", "installed is false")],
    "progress.shape": [
        ("progress_percent", "fail", "progress is 50"),
        ("progress_without_model", "fail", "must have modelId"),
        ("progress_falls", "warning", "falls from 0.8 to 0.2"),
    ],
    "import.refuses": [
        ("no_fits", "fail", "no list fits"),
        ("fits_anything", "fail", "an empty folder for the files of all:asr"),
        ("takes_anything", "fail", "imported 'all:asr' from an empty folder"),
    ],
    "remove.unknown": [
        ("removes_anything", "fail", "does not exist"),
        ("nameless_errors", "warning", "no data.code"),
    ],
    "cancel.work": [
        ("ignores_cancel", "warning", "with a result all the same"),
        ("cancels_by_another_name", "fail", "-32000"),
    ],
    "cancel.unknown": [("dies_of_unknown_cancel", "fail", "exited with status 7")],
    "stream.audio": [
        ("no_pieces", "fail", "No audio came"),
        ("no_rate", "fail", "sampleRate of the first piece is None"),
        ("out_of_order", "fail", "sequence of piece 0 is 1"),
        ("another_stream", "fail", "The id of audio is 1"),
        ("odd_bytes", "fail", "no whole number of 16-bit samples"),
        ("piece_no_base64", "fail", "not valid base64"),
        ("half_a_stream", "fail", "the same text at once"),
        ("one_piece", "warning", "one piece"),
    ],
    "stream.unasked": [("stream_unasked", "fail", "nobody asked")],
    "partials.text": [
        ("partial_without_text", "fail", "text is None"),
        ("partial_of_another", "fail", "The id of partial is 1"),
        ("unstable", "warning", "was called stable"),
        ("no_partials", "warning", "No partial text"),
    ],
    "partials.unasked": [("partials_unasked", "fail", "nobody asked")],
    "path.result": [
        ("outside_folder", "fail", "it must be a file in"),
        ("empty_file", "fail", "cannot be used"),
        ("ignores_folder", "pass", ""),
    ],
    "live.result": [
        ("no_stream_id", "fail", "streamId is None"),
        ("live_without_text", "fail", "no text"),
        ("live_partial_of_another", "fail", "streamId of a partial is 'x'"),
    ],
    "live.cancel": [("dies_of_late_audio", "fail", "No answer to stream.start")],
    "lines.unknown-method": [("knows_everything", "warning", "a result"), ("other_code", "warning", "-32603")],
    "lines.notification": [("answers_notifications", "warning", "It answered a notification")],
    "lines.malformed": [("dies_of_malformed", "warning", "exited with status 8")],
    "lines.batch": [("dies_of_batch", "warning", "exited with status 9")],
    "lines.byte-order": [("compact_only", "warning", "No answer to models")],
    "end.idle": [("exits_with_1", "fail", "exited with status 1. Its last words: something is wrong at the end")],
    "end.busy": [("exits_slowly", "not run", "It builds on end.idle")],
    "end.children": [("leaves_child", "fail", "Left behind: process")],
    "start.again": [("forgets_models", "fail", "after a crash ['all:asr']")],
    "stdout.strict": [("metrics_nan", "fail", "NaN or Infinity in")],
    "stdout.answers": [("answers_twice", "fail", "for the second time"), ("id_as_text", "warning", "is a string")],
    "stdout.shapes": [
        ("asks_back", "fail", "may not send requests"),
        ("no_version", "warning", "Without"),
        ("error_is_text", "warning", "object with code and message"),
    ],
    "stderr.amount": [("chatty", "warning", "MiB in one run")],
}
ELSEWHERE = {"start.models", "stdout.pure"}
"""Broken in test_bad.py."""

QUIET = {"dies_of_late_audio", "outlives"}
"""Ways that end in silence."""

RULES = [(name, *way) for name, ways in BROKEN.items() for way in ways]
TIMES = Times(start=10, ask=5, work=5, silence=0.5)


def test_every_feature_of_the_protocol_is_known() -> None:
    page = (ROOT / "docs" / "providers" / "protocol.md").read_text(encoding="utf-8")
    section = page.partition("\n## Features\n")[2].partition("\n### ")[0]
    told = re.findall(r"^\| `([\w.]+)`", section, re.M)
    assert sorted([*told, "transcribe.stream"]) == sorted(FEATURES)  # which is reserved


def test_every_check_is_broken_somewhere() -> None:
    assert set(BROKEN) | ELSEWHERE == {check.id for check in CHECKS}


def test_the_reference_passes_every_check(check: Callable[..., Checked]) -> None:
    results = check([sys.executable, REFERENCE], times=TIMES, install=True)
    assert {name: result for name, result in results.items() if result.outcome != "pass"} == {}


@pytest.mark.parametrize(("name", "way", "outcome", "message"), RULES, ids=lambda value: str(value)[:24])
def test_a_broken_rule_is_told(
    check: Callable[..., Checked],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    way: str,
    outcome: str,
    message: str,
) -> None:
    if way == "forgets_models":
        monkeypatch.setenv("MARKER", str(tmp_path / "marker"))
    looked_at = ("models.again", "transcribe.unknown-model") if name.startswith("std") else ()
    times = Times(start=10, ask=5, work=1 if way in QUIET else 5, silence=0.5)
    only = ("start.serves", name, *looked_at)
    result = check([sys.executable, REFERENCE, way], only=only, times=times, install=True)[name]
    assert (result.outcome, result.message) == (outcome, result.message), result.message
    assert message in result.message
    assert result.mend or outcome not in ("fail", "warning")


@pytest.mark.parametrize(
    ("name", "way", "outcome"),
    [("cancel.work", "short_texts", "pass"), ("stream.audio", "other_model_streams", "not offered")],
)
def test_what_is_no_fault(check: Callable[..., Checked], name: str, way: str, outcome: str) -> None:
    result = check([sys.executable, REFERENCE, way], only=("start.serves", name), times=TIMES)[name]
    assert result.outcome == outcome, result.message
