"""The metrics contract."""

from vox.protocol.metrics import complete


def test_a_missing_required_metric_is_filled_and_flagged() -> None:
    assert complete({"inferenceMs": 5.0, "totalMs": 6.0}, "asr", 9.0) == ({"inferenceMs": 5.0, "totalMs": 6.0}, True)
    assert complete({"totalMs": 6.0}, "asr", 9.0) == ({"inferenceMs": 9.0, "totalMs": 6.0}, False)
    assert complete({}, "tts", 9.0) == ({"totalMs": 9.0}, False)


def test_inference_stands_in_for_synthesis() -> None:
    assert complete({"inferenceMs": 4.0, "totalMs": 6.0}, "tts", 9.0)[0]["synthesisMs"] == 4.0
    assert complete({"inferenceMs": 4.0, "synthesisMs": 3.0, "totalMs": 6.0}, "tts", 9.0)[0]["synthesisMs"] == 3.0
