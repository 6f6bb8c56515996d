"""Each method's result: what is forgiven, and what a caller could not use."""

import base64
import math
from typing import Any

import pytest

from vox import errors
from vox.protocol import provider
from vox.protocol.jsonrpc import ErrorObject


def test_a_model_needs_only_its_id() -> None:
    (shape,) = provider.read_models({"models": [{"id": "m:1", "unknown": 1}], "maxConcurrency": 3}).models
    assert (shape.id, shape.installed, shape.available, shape.preloaded) == ("m:1", True, True, False)


@pytest.mark.parametrize("result", [{"model": {"id": "m"}}, {"id": "m"}])
def test_install_answers_bare_or_wrapped(result: dict[str, object]) -> None:
    assert provider.read_model(result).id == "m"


@pytest.mark.parametrize(
    "result", [None, [], {}, {"models": {}}, {"models": [{"name": "x"}]}, {"models": [{"id": ""}]}]
)
def test_models_without_ids_are_misbehaviour(result: object) -> None:
    with pytest.raises(errors.ProviderMisbehaved):
        provider.read_models(result)


def test_a_malformed_word_costs_that_word_only() -> None:
    words = [
        {"word": "a", "start": 0, "end": 1, "confidence": 0.5},
        {"word": "b"},
        7,
        {"word": "c", "start": 1, "end": 2},
    ]
    result = provider.read_transcript({"text": "a b c", "words": words, "metrics": {"totalMs": 1.5, "x": "y"}})
    assert [word.word for word in result.words or []] == ["a", "c"]
    assert result.metrics == {"totalMs": 1.5}


def test_only_numbers_from_zero_are_metrics() -> None:
    given = {"a": 1, "b": 2.5, "c": -1, "d": "3", "e": True, "f": math.inf, "g": None, "h": 0}
    assert provider.read_transcript({"text": "a", "metrics": given}).metrics == {"a": 1, "b": 2.5, "h": 0}


def test_malformed_words_are_counted() -> None:
    good = {"word": "a", "start": 0, "end": 1}
    assert provider.read_transcript({"text": "a", "words": [good, 7, {}], "droppedWords": 9}).dropped_words == 2
    assert provider.read_transcript({"text": "a", "words": [good], "droppedWords": 9}).dropped_words == 0


@pytest.mark.parametrize(
    "odd",
    [
        {"language": ["en"]},
        {"confidence": "high", "modelId": 5},
        {"metrics": 5, "elapsedMs": "soon"},
        {"words": "none", "segments": {}},
    ],
)
def test_what_is_not_needed_may_be_of_any_type(odd: dict[str, object]) -> None:
    result = provider.read_transcript({"text": "a", **odd})
    assert (result.text, result.language, result.confidence, result.metrics) == ("a", None, None, {})


def test_a_model_with_odd_fields_is_a_model() -> None:
    odd = {"maxConcurrency": 0, "sampleRate": "x", "installed": None, "languages": "en", "name": 7}
    answer = provider.read_models({"models": [{"id": "m", **odd}, {"id": "n"}], "maxConcurrency": "many"})
    first, second = answer.models
    assert (first.id, first.max_concurrency, first.sample_rate, first.installed) == ("m", None, None, True)
    assert second.id == "n" and answer.max_concurrency is None


@pytest.mark.parametrize("result", [None, {}, {"text": 5}, {"text": None}, "hello", {"text": 5, "language": 5}])
def test_a_transcript_needs_text(result: object) -> None:
    with pytest.raises(errors.ProviderMisbehaved):
        provider.read_transcript(result)


def test_audio_is_decoded_wherever_it_comes_from() -> None:
    coded = base64.b64encode(b"RIFF").decode()
    assert provider.read_synthesis({"audioBase64": coded}, None).audio == b"RIFF"
    assert provider.read_synthesis({}, b"RIFF").audio == b"RIFF"


@pytest.mark.parametrize(
    "result", [None, {}, {"audioBase64": ""}, {"audioBase64": 3}, {"audioBase64": "@@@"}, {"audioBase64": "AAA"}]
)
def test_speech_needs_audio(result: object) -> None:
    with pytest.raises(errors.ProviderMisbehaved):
        provider.read_synthesis(result, None)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("progress", {"modelId": "m", "progress": 0.5, "status": "loading"}),
        ("notification", {"event": "progress", "data": {"modelId": "m", "progress": 0.5, "status": "loading"}}),
    ],
)
def test_both_published_forms_of_progress(method: str, params: dict[str, object]) -> None:
    notice = provider.read_progress(method, params)
    assert notice is not None
    assert (notice.model_id, notice.progress, notice.status) == ("m", 0.5, "loading")


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("log", {}),
        ("notification", {"event": "other"}),
        ("notification", {"event": "progress", "data": 3}),
        ("progress", {"progress": "x"}),
    ],
)
def test_what_is_no_progress(method: str, params: dict[str, object]) -> None:
    assert provider.read_progress(method, params) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ErrorObject(-32001, "busy", {"retryAfterMs": 40}), errors.ProviderBusy),
        (ErrorObject(-32000, "busy", {"code": "provider_busy"}), errors.ProviderBusy),
        (ErrorObject(-32000, "no", {"code": "model_not_found"}), errors.ModelNotFound),
        (ErrorObject(-32000, "no", {"code": "model_not_installed"}), errors.ModelNotInstalled),
        (ErrorObject(-32000, "no", {"code": "voice_not_found"}), errors.VoiceNotFound),
        (ErrorObject(-32000, "no", {"code": "unsupported_audio"}), errors.UnsupportedAudio),
        (ErrorObject(-32000, "no", {"code": "text_too_long"}), errors.TextTooLong),
        (ErrorObject(-32000, "no", {"code": "unauthorized"}), errors.ProviderUnauthorized),
        (ErrorObject(-32602, "no such speed", {}), errors.InvalidRequest),
        (ErrorObject(-32602, "no", {"code": "voice_not_found"}), errors.VoiceNotFound),
        (ErrorObject(-32800, "gone", {}), errors.Cancelled),
        (ErrorObject(-32601, "what", {}), errors.ProviderFailed),
        (ErrorObject(-32000, "no", {"code": "unsupported_format"}), errors.InvalidRequest),
        (ErrorObject(7, "slow down", {"code": "rate_limited", "retryAfterMs": 40}), errors.RateLimited),
        (ErrorObject(-32000, "no credit", {"code": "payment_required"}), errors.PaymentRequired),
        (ErrorObject(-32000, "late", {"code": "provider_timeout"}), errors.ProviderTimeout),
        (ErrorObject(-32000, "no network", {"code": "provider_unavailable"}), errors.ProviderUnavailable),
        (ErrorObject(-32000, "a page", {"code": "provider_misbehaved"}), errors.ProviderMisbehaved),
        (ErrorObject(-32000, "an hour", {"code": "audio_too_large"}), errors.AudioTooLarge),
        (ErrorObject(7, "other", {"code": "of_their_own"}), errors.ProviderFailed),
    ],
)
def test_error_answers_become_typed(error: ErrorObject, kind: type[errors.VoxError]) -> None:
    typed = provider.to_error(error, "p")
    assert type(typed) is kind
    assert typed.details["provider"] == "p" and typed.details["providerCode"] == error.code
    if "retryAfterMs" in error.data:
        assert typed.details["retryAfterMs"] == 40


def test_what_a_vendor_said_is_passed_on_within_bounds_and_without_secrets() -> None:
    data = {"code": "own", "httpStatus": 422, "vendorCode": 2013, "reason": "no hunter2 " + 500 * "x", "other": "kept"}
    typed = provider.to_error(
        ErrorObject(-32000, "no hunter2", data), "p", lambda text: text.replace("hunter2", "[redacted]")
    )
    assert typed.message == "Provider p answered with an error: no [redacted]"
    told = {name: typed.details.get(name) for name in ("httpStatus", "vendorCode", "reason", "other")}
    assert told == {
        "httpStatus": 422,
        "vendorCode": 2013,
        "reason": ("no [redacted] " + 500 * "x")[:200],
        "other": None,
    }


@pytest.mark.parametrize(
    "data", [{"httpStatus": "500"}, {"httpStatus": True}, {"vendorCode": [1]}, {"vendorCode": 10**30}, {"reason": {}}]
)
def test_facts_of_another_type_are_not_passed_on(data: dict[str, Any]) -> None:
    typed = provider.to_error(ErrorObject(-32000, "no", data), "p")
    assert typed.details == {"provider": "p", "providerCode": -32000}
