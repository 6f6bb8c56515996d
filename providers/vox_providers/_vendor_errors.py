"""What a vendor's refusal means, and what of its words may be repeated.

The words of an API can hold the text it was sent, a part of a key, or a whole page of HTML. So only the message of a
JSON body is taken (`detail`, `message`, `error` or `error.message`) or a plain text; what the caller wanted said, keys
and what looks like one are taken out of it; and it becomes one line of at most 240 characters. Where that is not
possible, it says `request failed`.
"""

from __future__ import annotations

import json
import re
import time
from email.utils import parsedate_to_datetime

from vox.provider import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from vox_providers._http import Vendor

__all__ = ["CODES", "Refusal", "refusal", "retry_after_s", "safe_words"]

_LONGEST = 240  # characters of a vendor's message: one line of a terminal or a log
_FRAGMENT = 8  # characters that a message may share with the text by chance; more are a quotation
_NOTHING = "request failed"
_LONGEST_PAUSE_S = 86_400.0  # a day; more is no advice
_MESSAGES = ("detail", "message", "error", "msg")
_NAMES = ("code", "type", "status")
_MARKED_UP = ("text/html", "text/xml", "application/json", "application/xhtml+xml", "application/xml")
_SECRETS = (
    (re.compile(r"(?i)\bbearer\s+\S+"), "Bearer [key]"),
    (re.compile(r"\b(?:sk[-_]|nvapi-|gsk_|AIza)[^\s\"',;)]*"), "[key]"),
    (re.compile(r"\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\s*=\s*\S+"), r"\1=[key]"),
)

CODES = {
    400: None,
    401: "unauthorized",
    402: "payment_required",
    403: "unauthorized",
    408: "provider_timeout",
    413: "text_too_long",
    429: "rate_limited",
    502: "provider_unavailable",
    503: "provider_unavailable",
    504: "provider_timeout",
}
"""HTTP status → the error code it stands for, unless the vendor's own code says better; others have none."""

_OWN_CODES = {
    "billing_hard_limit_reached": "payment_required",
    "context_length_exceeded": "text_too_long",
    "insufficient_quota": "payment_required",
    "invalid_api_key": "unauthorized",
    "model_not_found": "model_not_found",
    "model_not_exist": "model_not_found",
    "quota_exceeded": "payment_required",
    "rate_limit_exceeded": "rate_limited",
    "string_above_max_length": "text_too_long",
    "text_too_long": "text_too_long",
    "max_character_limit_exceeded": "text_too_long",
    "voice_not_found": "voice_not_found",
}
"""Names that vendors give their errors, in `code`, `type` or `status` of the body → ours."""


class Refusal:
    """An answer that is no success.

    Attributes:
        vendor: Who refused.
        status: The HTTP status.
        headers: As they came.
        body: Its beginning.
        parsed: The body as JSON, an object or a list; None when it is neither.
        message: What may be repeated of its words.
        names: What the body calls the error, as far as it names it.
        retry_after_s: How long to wait, if it tells.
    """

    def __init__(
        self, vendor: Vendor, status: int, headers: Mapping[str, str], body: bytes, hide: tuple[str, ...]
    ) -> None:
        self.vendor = vendor
        self.status = status
        self.headers = headers
        self.body = body
        self.parsed = _parsed(body)
        told = _plain(body, headers, hide) if self.parsed is None else _message(self.parsed)
        self.message = safe_words(told, hide)
        self.names = frozenset(_named(self.parsed))
        self.retry_after_s = retry_after_s(headers)

    def error(self, code: str | None, advice: str = "") -> ProviderError:
        """The error with this code: `<name> request failed (HTTP n): <message>`, and what to do."""
        message = f"{self.vendor.name} request failed (HTTP {self.status}): {self.message}"
        told: dict[str, Any] = {}
        if self.retry_after_s is not None and code in ("rate_limited", "provider_unavailable"):
            told["retryAfterMs"] = round(self.retry_after_s * 1000)
        return ProviderError(f"{_ended(message)} {advice}" if advice else message, code, httpStatus=self.status, **told)


def refusal(refused: Refusal) -> ProviderError:
    """The error for a refusal, by the rules that all vendors share."""
    own = next((_OWN_CODES[name] for name in sorted(refused.names) if name in _OWN_CODES), None)
    code = own or CODES.get(refused.status)
    vendor = refused.vendor
    if 300 <= refused.status < 400:
        where = f" Give the final address in {vendor.address_name}." if vendor.address_name else ""
        return ProviderError(
            f"{vendor.name} request failed (HTTP {refused.status}): the server points to another address, and keys "
            f"are not sent on.{where}",
            httpStatus=refused.status,
        )
    advice = {
        "unauthorized": f"Check {vendor.key_name}.",
        "payment_required": "The account has no credit for this: look at its billing page.",
    }
    return refused.error(code, advice.get(code or "", ""))


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until a new attempt makes sense: `retry-after-ms`, or `Retry-After` in seconds or as a date; None when it
    is not told. Source: RFC 9110, 10.2.3."""
    for name, unit in (("retry-after-ms", 1000), ("retry-after", 1)):
        try:
            seconds = float(headers.get(name, "")) / unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return min(seconds, _LONGEST_PAUSE_S)
    try:
        moment = parsedate_to_datetime(headers.get("retry-after", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(0.0, moment - time.time()), _LONGEST_PAUSE_S)


def safe_words(words: str, hide: tuple[str, ...]) -> str:
    """`words` on one line, without what `hide` holds and without anything that looks like a key."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in words).split())
    for secret in hide[1:]:
        if secret:
            line = line.replace(secret, "[key]")
    for pattern, instead in _SECRETS:
        line = pattern.sub(instead, line)
    prompt = " ".join(hide[0].split()) if hide else ""
    if prompt and len(prompt) < _FRAGMENT and prompt.casefold() in line.casefold():
        return _NOTHING
    line = _without(line, prompt)
    if len(line) > _LONGEST:
        line = line[: _LONGEST - 1].rstrip() + "…"
    return line or _NOTHING


def _without(line: str, prompt: str) -> str:
    """`line` with each run of characters that is a fragment of the prompt replaced."""
    low, plain = line.casefold(), prompt.casefold()
    if len(low) != len(line):  # a letter that folds to two: places would be off
        low, plain = line, prompt
    fragments = {plain[at : at + _FRAGMENT] for at in range(len(plain) - _FRAGMENT + 1)}
    told, at = "", 0
    while at < len(line):
        end = at
        while low[end : end + _FRAGMENT] in fragments:
            end += 1
        told += line[at] if end == at else "[text]"
        at = at + 1 if end == at else end + _FRAGMENT - 1
    return told


def _parsed(body: bytes) -> Any:
    """The body as a JSON object or list; None when it is neither."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _message(found: Any, depth: int = 4) -> str:
    """The message inside a body of errors, wherever vendors put it."""
    if isinstance(found, str) or depth == 0:
        return found if isinstance(found, str) else ""
    inside = [found.get(name) for name in _MESSAGES] if isinstance(found, dict) else found
    if not isinstance(inside, list):
        return ""
    return next((told for item in inside if (told := _message(item, depth - 1))), "")


def _named(found: Any) -> list[str]:
    """What the error is called: in the body itself, or in its `error` or `detail`."""
    if not isinstance(found, dict):
        return []
    places = [found, *(found[name] for name in ("error", "detail") if isinstance(found.get(name), dict))]
    return [place[name] for place in places for name in _NAMES if isinstance(place.get(name), str)]


def _plain(body: bytes, headers: Mapping[str, str], hide: tuple[str, ...]) -> str:
    """A body of plain text, unless it is a page, broken JSON or no text at all, or repeats the prompt."""
    text = body[: 4 * _LONGEST].decode("utf-8", "replace").strip()
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if text.startswith(("<", "{", "[")) or kind in _MARKED_UP:
        return _NOTHING
    if kind.startswith(("audio/", "image/", "video/")) or kind == "application/octet-stream":
        return _NOTHING
    prompt = " ".join(hide[0].split()) if hide else ""
    line = " ".join(text.split())
    return _NOTHING if prompt and _without(line, prompt) != line else text


def _ended(message: str) -> str:
    return message if message.endswith((".", "!", "?", "…")) else f"{message}."
