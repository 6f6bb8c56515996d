"""A request as the author's function sees it."""

from typing import Any

import pytest

from vox.provider import Call, Provider, ProviderError


def test_what_a_request_names() -> None:
    call = Call("synthesize", {"modelId": "m", "input": "hi", "voiceId": "", "speed": 2, "language": "fr"})
    assert (call.model_id, call.text, call.voice_id, call.speed, call.language) == ("m", "hi", None, 2.0, "fr")


def test_what_a_request_does_not_name() -> None:
    call = Call("transcribe", {"modelId": 7})
    assert (call.voice_id, call.speed, call.language, call.cancelled) == (None, 1.0, None, False)
    for missing in ("model_id", "path", "text"):
        with pytest.raises(ProviderError, match="transcribe needs") as caught:
            getattr(call, missing)
        assert caught.value.rpc_code == -32602


def test_lent_keys() -> None:
    call = Call("synthesize", {"credentials": {"OPENAI_API_KEY": "k", "GROQ_API_KEY": 7}})
    assert call.credentials == {"OPENAI_API_KEY": "k"}
    assert Call("synthesize", {"credentials": ["k"]}).credentials == Call("synthesize", {}).credentials == {}


@pytest.mark.parametrize("speed", [0, -1, "fast", True, float("nan")])
def test_a_speed_that_is_none(speed: Any) -> None:
    with pytest.raises(ProviderError, match="speed must be"):
        _ = Call("synthesize", {"speed": speed}).speed


def test_a_timer_adds_up() -> None:
    call = Call("transcribe", {})
    call.metrics["inferenceMs"] = 1000.0
    with call.timer("inferenceMs"), call.timer("other"):
        pass
    assert call.metrics["inferenceMs"] > 1000
    assert 0 <= call.metrics["other"] < 1000


def test_progress_is_thinned_out_but_its_end_is_sent() -> None:
    sent: list[dict[str, Any]] = []
    call = Call("install", {"modelId": "m"}, lambda method, params: sent.append(params))
    for step in range(1000):
        call.progress(step / 1000)
    call.progress(7)
    assert sent[0] == {"modelId": "m", "progress": 0.0}
    assert sent[-1]["progress"] == 1.0
    assert len(sent) < 100


def test_a_cancelled_call_ends_where_it_looks() -> None:
    call = Call("transcribe", {})
    call.raise_if_cancelled()
    call.cancel()
    with pytest.raises(ProviderError) as caught:
        call.raise_if_cancelled()
    assert caught.value.rpc_code == -32800


@pytest.mark.parametrize("wrong", [{"kind": "stt"}, {"max_concurrency": 0}])
def test_a_provider_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Provider("x", **wrong)
