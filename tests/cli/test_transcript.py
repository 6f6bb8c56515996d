"""A transcript as a document, whatever the model knew of its times."""

import json

import pytest

from vox.cli.transcript import FORMATS, metrics_lines, render

ANSWER = {
    "modelId": "m",
    "text": "Hello <b>you</b>.",
    "elapsedMs": 500,
    "durationMs": 2500,
    "metrics": {"traceId": "t", "inferenceMs": 400.0, "queueMs": 1},
    "words": None,
    "segments": None,
    "language": "en",
    "traceId": "t",
}
WORDS = [{"word": "Hello", "start": 0.5, "end": 1, "confidence": 0.9}, {"word": "you.", "start": 1, "end": 2.0}]
SEGMENTS = [{"id": 7, "start": 0.25, "end": 1.0, "text": "Hello"}, {"id": 9, "start": 1.0, "end": 2.0, "text": "you."}]


def test_text():
    assert render(ANSWER, "text") == "Hello <b>you</b>.\n"
    assert render({**ANSWER, "words": WORDS}, "text", words=True).splitlines()[1:] == [
        "    0.500     1.000  Hello",
        "    1.000     2.000  you.",
    ]
    assert render(ANSWER, "text", words=True) == "Hello <b>you</b>.\n"


def test_cues_are_the_segments_else_the_words_else_everything():
    assert "00:00:00,250 --> 00:00:01,000\nHello\n" in render({**ANSWER, "segments": SEGMENTS, "words": WORDS}, "srt")
    assert render({**ANSWER, "words": WORDS}, "srt") == "1\n00:00:00,500 --> 00:00:02,000\nHello you.\n\n"
    assert render(ANSWER, "vtt") == "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\nHello &lt;b&gt;you&lt;/b&gt;.\n\n"


def test_verbose_json_numbers_its_segments():
    verbose = json.loads(render({**ANSWER, "segments": SEGMENTS}, "verbose_json"))
    assert [segment["id"] for segment in verbose["segments"]] == [0, 1]
    assert (verbose["language"], verbose["duration"], verbose["words"]) == ("en", 2.5, None)


@pytest.mark.parametrize(
    ("form", "expected"), [("text", ""), ("srt", ""), ("vtt", "WEBVTT\n\n"), ("json", '{\n  "text": ""\n}\n')]
)
def test_nothing_said_is_an_empty_document(form, expected):
    assert render({**ANSWER, "text": ""}, form) == expected
    assert form in FORMATS


def test_metrics_for_a_reader():
    lines = metrics_lines(ANSWER, 120_000)
    assert lines[2] == "audio: 2.5s (120KB)"
    assert lines[3] == "stages: queue=1.0ms inference=400.0ms"
    assert lines[4] == "total: 0.50s (5.00x realtime)"
