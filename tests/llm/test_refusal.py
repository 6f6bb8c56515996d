"""What refusals mean."""

import email.utils
import time
from typing import Any

import pytest

from vox import errors
from vox.llm.refusal import error_of, may_be_repeated, refusal, retry_after_s
from vox.log import redactor


@pytest.mark.parametrize(
    ("status", "error", "kind", "again"),
    [
        (400, {"message": "bad"}, errors.LlmFailed, False),
        (401, {}, errors.ProviderUnauthorized, False),
        (403, {}, errors.ProviderUnauthorized, False),
        (402, {}, errors.PaymentRequired, False),
        (404, {}, errors.LlmFailed, False),
        (413, {}, errors.LlmFailed, False),
        (429, {}, errors.RateLimited, True),
        (429, {"code": "insufficient_quota"}, errors.PaymentRequired, False),
        (500, {}, errors.LlmFailed, True),
        (502, {}, errors.LlmUnavailable, True),
        (503, {}, errors.LlmUnavailable, True),
        (529, {}, errors.LlmUnavailable, True),
        (0, {}, errors.LlmFailed, False),
        (0, {"code": "503"}, errors.LlmUnavailable, True),
        (0, {"code": True, "type": "server_error"}, errors.LlmFailed, True),
        (0, {"code": "invalid_api_key"}, errors.ProviderUnauthorized, False),
    ],
)
def test_each_is_an_error_somebody_can_do_something_about(
    status: int, error: dict[str, Any], kind: type[errors.VoxError], again: bool
) -> None:
    made = refusal("example.com", status, error)
    assert type(made) is kind and "example.com" in made.message
    assert may_be_repeated(made) is again


def test_the_servers_words_are_passed_on_short_and_without_secrets() -> None:
    redactor.learn_value("key-of-this-test")
    made = refusal("example.com", 400, {"message": "no\n\nkey-of-this-test " + "x" * 1000, "code": "bad_thing"})
    assert "key-of-this-test" not in made.message and "no [redacted] xxx" in made.message
    assert len(made.message) < 400
    assert made.details == {"status": 400, "upstreamCode": "bad_thing"}


def test_when_to_come_again_is_a_fact_of_the_error() -> None:
    assert refusal("example.com", 429, {}, 2.5).details["retryAfterMs"] == 2500


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error":{"message":"m","code":1}}', {"message": "m", "code": 1}),
        (b'{"error":"m"}', {"message": "m"}),
        (b'{"message":"m"}', {"message": "m"}),
        (b'[{"error":{"message":"m"}}]', {"message": "m"}),
        (b"m\n", {"message": "m"}),
        (b"<html>m</html>", {}),
        (b"7", {}),
        (b"", {"message": ""}),
    ],
)
def test_bodies_of_every_shape(body: bytes, error: dict[str, Any]) -> None:
    assert error_of(body) == error


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_a_date_to_wait_for() -> None:
    told = {"retry-after": email.utils.formatdate(time.time() + 60, usegmt=True)}
    seconds = retry_after_s(told)
    assert seconds is not None and 50 < seconds <= 60
