"""What is repeated of a vendor's words: never the text, never a key, never a page."""

import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox_providers._http import Vendor
from vox_providers._vendor_errors import Refusal, refusal, retry_after_s, safe_words

PROMPT = "The quick brown fox jumps over the lazy dog."
VENDOR = Vendor("OpenAI TTS", "OPENAI_API_KEY", address_name="OPENAI_BASE_URL")


def refused(status: int, body: object, kind: str = "application/json", prompt: str = PROMPT, **headers: str) -> Refusal:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(VENDOR, status, {"content-type": kind, **named}, data, (prompt, "the-very-key"))


@pytest.mark.parametrize(
    "body",
    [
        {"detail": "It is so."},
        {"message": "It is so."},
        {"error": "It is so."},
        {"error": {"message": "It is so.", "code": 7}},
        {"detail": {"status": "odd", "message": "It is so."}},
        {"detail": [{"loc": ["body"], "msg": "It is so."}]},
        [{"error": {"message": "It is so."}}],
    ],
)
def test_the_message_is_found_wherever_vendors_put_it(body: object) -> None:
    assert refusal(refused(400, body)).message == "OpenAI TTS request failed (HTTP 400): It is so."


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html><body>Bad gateway</body></html>", "text/html; charset=utf-8"),
        (b"  <!doctype html><p>no", "text/plain"),
        (b"plain words", "text/html"),
        (b"RIFF....", "audio/wav"),
        (b"", "text/plain"),
        (b"{}", "application/json"),
        (b'{"error": {"code": 5}}', "application/json"),
        (b"[[[[[[[[[]]]]]]]]]", "application/json"),
        (b"[" * 100_000, "application/json"),
        (f"cannot say: {PROMPT[4:15]}".encode(), "text/plain"),
    ],
)
def test_what_may_not_be_repeated_is_left_out(body: bytes, kind: str) -> None:
    assert refusal(refused(502, body, kind)).message == "OpenAI TTS request failed (HTTP 502): request failed"


def test_plain_words_are_repeated() -> None:
    assert refused(500, b"out of\n luck", "text/plain").message == "out of luck"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Wrong key: Bearer abc.def-123", "Wrong key: Bearer [key]"),
        ("Incorrect API key provided: sk-proj-abc***xyz.", "Incorrect API key provided: [key]"),
        ("nvapi-abcdef and gsk_12345, AIzaSyD-9", "[key] and [key], [key]"),
        ("sk_0123456789 is unknown", "[key] is unknown"),
        ("set OPENAI_API_KEY=hunter2 first", "set OPENAI_API_KEY=[key] first"),
        ("the-very-key is not valid", "[key] is not valid"),
        ("a task-force risked asking", "a task-force risked asking"),
        ("one\r\ntwo\tthree\x00four\u2028five", "one two three four five"),
        ("x" * 500, "x" * 239 + "…"),
        (f"Cannot read '{PROMPT}' aloud", "Cannot read '[text]' aloud"),
        (f"Near '{PROMPT[10:25].upper()}': no", "Near '[text]': no"),
        ("", "request failed"),
    ],
)
def test_keys_and_the_text_are_taken_out(words: str, told: str) -> None:
    assert safe_words(words, (PROMPT, "the-very-key")) == told


def test_a_short_text_cannot_be_told_apart_and_takes_the_message_with_it() -> None:
    assert safe_words("You said Hello.", ("hello",)) == "request failed"
    assert safe_words("That was nothing.", ("hello",)) == "That was nothing."


@given(st.text(max_size=300), st.text(min_size=8, max_size=60), st.text(max_size=300))
def test_no_message_quotes_the_text_or_runs_on(before: str, prompt: str, after: str) -> None:
    told = safe_words(before + prompt + after, (prompt,))
    assert len(told) <= 240 and told.isprintable() and told
    plain = " ".join(prompt.split())
    if len(plain) >= 8 and plain.isprintable() and "[text]" not in plain:
        assert plain not in told


@given(st.binary(max_size=2000), st.sampled_from(["", "text/html", "application/json", "text/plain", "nonsense/;;"]))
def test_any_body_becomes_one_line(body: bytes, kind: str) -> None:
    message = refusal(refused(500, body, kind)).message
    assert message.startswith("OpenAI TTS request failed (HTTP 500): ") and "\n" not in message


@pytest.mark.parametrize(
    ("status", "name", "code"),
    [
        (400, None, None),
        (401, None, "unauthorized"),
        (403, None, "unauthorized"),
        (402, None, "payment_required"),
        (404, None, None),
        (404, "model_not_found", "model_not_found"),
        (400, "voice_not_found", "voice_not_found"),
        (400, "string_above_max_length", "text_too_long"),
        (413, None, "text_too_long"),
        (429, None, "rate_limited"),
        (429, "insufficient_quota", "payment_required"),
        (500, None, None),
        (503, None, "provider_unavailable"),
        (504, None, "provider_timeout"),
    ],
)
def test_a_status_and_the_vendors_own_name_make_the_code(status: int, name: str | None, code: str | None) -> None:
    error = refusal(refused(status, {"error": {"message": "No.", "code": name}}))
    assert (error.code, error.data["httpStatus"]) == (code, status)


def test_a_refused_key_and_an_empty_account_come_with_a_remedy() -> None:
    assert refusal(refused(401, {"detail": "No"})).message.endswith("(HTTP 401): No. Check OPENAI_API_KEY.")
    assert "look at its billing page" in refusal(refused(402, {"detail": "No."})).message


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e9"}, 86_400),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_the_time_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers) == seconds


def test_the_time_to_wait_may_be_a_date() -> None:
    assert 28 <= (retry_after_s({"retry-after": formatdate(time.time() + 30, usegmt=True)}) or 0) <= 30


@given(st.text(max_size=40))
def test_any_retry_after_is_read(value: str) -> None:
    seconds = retry_after_s({"retry-after": value})
    assert seconds is None or 0 <= seconds <= 86_400
