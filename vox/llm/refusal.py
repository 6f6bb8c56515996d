"""What a server's refusal means, whether it comes as a status or in the middle of an answer."""

import email.utils
import math
import time
from collections.abc import Mapping
from typing import Any, cast

import orjson

from vox.errors import (
    LlmFailed,
    LlmUnavailable,
    PaymentRequired,
    ProviderUnauthorized,
    RateLimited,
    VoxError,
)
from vox.log import redactor

__all__ = ["error_of", "may_be_repeated", "refusal", "retry_after_s"]

_LONGEST = 300  # characters of a server's words that are passed on
_OVERLOADED = frozenset({502, 503, 504, 529})
_NO_CREDIT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "insufficient_credits"})
_KINDS = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "too_many_requests": 429,
    "overloaded_error": 529,
    "server_overloaded": 529,
    "server_error": 500,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "insufficient_quota": 402,
}
"""Names of failures that come without a status, in the middle of an answer."""


def refusal(server: str, status: int, error: Mapping[str, Any], wait_s: float | None = None) -> VoxError:
    """The error to raise.

    Args:
        server: How messages name the server.
        status: The HTTP status, or 0 for a failure in the middle of an answer.
        error: What the server tells, as `error_of` gives it.
        wait_s: Seconds after which it wants to be asked again.
    """
    status = status or _status_of(error)
    code = str(error.get("code") or error.get("type") or "")
    told = redactor.text(" ".join(str(error.get("message") or "").split()))[:_LONGEST]
    words = f": {told}" if told else "."
    facts: dict[str, Any] = {key: value for key, value in (("status", status), ("upstreamCode", code)) if value}
    facts |= {"retryAfterMs": round(wait_s * 1000)} if wait_s is not None else {}
    if status == 402 or code in _NO_CREDIT:
        return PaymentRequired(f"The account at {server} has no credit for this{words}", **facts)
    if status in (401, 403):
        remedy = "Check llm.apiKey or VOX_LLM_API_KEY."
        return ProviderUnauthorized(f"{server} refuses the key, or wants one{words} {remedy}", **facts)
    if status == 429:
        return RateLimited(f"{server} takes no more requests for now{words}", **facts)
    if status in _OVERLOADED:
        return LlmUnavailable(f"{server} is overloaded or down{words}", **facts)
    if status == 404:
        return LlmFailed(f"{server} knows no such model or page{words} Check llm.model and llm.baseUrl.", **facts)
    return LlmFailed(f"{server} answered with an error{f' ({status})' if status else ''}{words}", **facts)


def may_be_repeated(error: VoxError) -> bool:
    """Whether the same request may succeed when it is made again."""
    return isinstance(error, RateLimited | LlmUnavailable) or int(error.details.get("status", 0)) >= 500


def error_of(body: bytes) -> dict[str, Any]:
    """`{message, type, code}` out of the body of a refusal, whatever its shape."""
    try:
        value: Any = orjson.loads(body)
    except ValueError:
        text = body.decode("utf-8", "replace").strip()
        return {} if text.startswith("<") else {"message": text}  # a proxy's page says nothing that could be read out
    if isinstance(value, list) and value:
        value = cast("list[Any]", value)[0]  # as Google's endpoint wraps it
    if not isinstance(value, dict):
        return {}
    fields = cast("dict[str, Any]", value)
    error = fields.get("error", fields)
    if isinstance(error, dict):
        return cast("dict[str, Any]", error)
    return {"message": str(error)}


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds, out of `retry-after-ms` or `Retry-After` (seconds or a date); None when none can be read."""
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        return seconds / 1000
    told = headers.get("retry-after", "")
    date = email.utils.parsedate_tz(told)
    return _number(told) if date is None else max(0.0, email.utils.mktime_tz(date) - time.time())


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return max(0.0, value) if math.isfinite(value) else None


def _status_of(error: Mapping[str, Any]) -> int:
    for key in ("code", "status", "status_code", "type"):
        value = error.get(key)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and (value.isdecimal() or value in _KINDS):
            return int(value) if value.isdecimal() else _KINDS[value]
    return 0
