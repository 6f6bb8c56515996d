"""What MiniMax answers: sound in hexadecimal digits, and refusals that come with HTTP 200.

Source: MiniMax's API reference of POST /v1/t2a_v2 and its page of error codes; 2054 and 2056 are not on it, but are
what the API says for a voice it does not know and for a plan that is used up.
"""

from __future__ import annotations

import json

from vox.provider import ProviderError
from vox_providers._vendor_errors import safe_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

__all__ = ["NAME", "check", "events", "is_last", "metrics", "misbehaved", "refused_with", "sound_of"]

NAME = "MiniMax"

_LONGEST_EVENT = 64 << 20  # bytes of one event: half of them digits of sound
_CODES: dict[int, tuple[str | None, str]] = {
    1001: ("provider_timeout", "Try again later."),
    1002: ("rate_limited", "Try again in a minute."),
    1004: ("unauthorized", "Check MINIMAX_API_KEY, and that MINIMAX_BASE_URL is of the same country as the account."),
    1008: ("payment_required", "The account has no credit for this: look at its billing page."),
    1039: ("rate_limited", "Try again in a minute."),
    1041: ("rate_limited", "Too many calls at once."),
    2042: ("voice_not_found", "The account may not use this voice."),
    2045: ("rate_limited", "Try again in a minute."),
    2049: ("unauthorized", "Check MINIMAX_API_KEY."),
    2054: ("voice_not_found", "`vox voices` lists some that every account has."),
    2056: ("payment_required", "The plan of the account is used up, or does not include this model."),
    20132: ("voice_not_found", "`vox voices` lists some that every account has."),
}
_BAD_PARAMS = 2013
_DONE = 2  # of `data.status`; 1 while there is more


def check(answer: Any, hide: tuple[str, ...]) -> None:
    """Whether `base_resp` says that it went well.

    Raises:
        ProviderError: It was refused, or it does not say.
    """
    error = refused_with(answer, hide)
    if error is not None:
        raise error
    if not isinstance(answer, dict) or not isinstance(answer.get("base_resp", {}), dict):
        raise misbehaved("answered with JSON of another kind")


def refused_with(answer: Any, hide: tuple[str, ...], status: int = 200) -> ProviderError | None:
    """The error that `base_resp` tells; None if it tells none.

    Args:
        hide: What no message may repeat: the text first, keys after it.
        status: Of the HTTP answer it came with.
    """
    told = answer.get("base_resp") if isinstance(answer, dict) else None
    number = told.get("status_code") if isinstance(told, dict) else None
    if not isinstance(told, dict) or not isinstance(number, int) or number == 0:
        return None
    words = told.get("status_msg")
    said = safe_words(words if isinstance(words, str) else "", hide)
    code, advice = _CODES.get(number, (None, ""))
    if number == _BAD_PARAMS and "voice" in said.lower():
        code, advice = "voice_not_found", "`vox voices` lists some that every account has."
    message = f"{NAME} request failed (HTTP {status}, code {number}): {said}".rstrip(".") + f". {advice}".rstrip(" ")
    return ProviderError(message, code=code, httpStatus=status, vendorCode=number)


def sound_of(answer: Any) -> bytes:
    """The bytes of `data.audio`; none where there is none.

    Raises:
        ProviderError: They are no hexadecimal digits (`provider_misbehaved`).
    """
    data = answer.get("data")
    digits = data.get("audio") if isinstance(data, dict) else None
    try:
        return bytes.fromhex(digits) if isinstance(digits, str) else b""
    except ValueError:
        raise misbehaved("sent sound that is not written in hexadecimal digits") from None


def is_last(event: Any) -> bool:
    """Whether the event is the summary at the end of a stream."""
    data = event.get("data")
    return isinstance(data, dict) and data.get("status") == _DONE


def metrics(answer: Any) -> dict[str, float]:
    """What `extra_info` tells, as metrics: the characters that are billed, and the length of the speech."""
    told = answer.get("extra_info")
    named = {"billedCharacters": "usage_characters", "vendorAudioMs": "audio_length"}
    found: dict[str, Any] = {ours: told.get(theirs) for ours, theirs in named.items()} if isinstance(told, dict) else {}
    return {name: float(value) for name, value in found.items() if _is_number(value)}


def events(chunks: Iterable[bytes]) -> Iterator[Any]:
    """The JSON of each `data:` line of an event stream.

    A stream that is refused is one JSON object and no stream; it is an event as well.

    Raises:
        ProviderError: A line is longer than any event, or no JSON (`provider_misbehaved`).
    """
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        if len(rest) > _LONGEST_EVENT:
            raise misbehaved(f"sent an event of more than {_LONGEST_EVENT} bytes")
        if b"\n" in chunk:
            *lines, rest[:] = rest.split(b"\n")
            for line in lines:
                yield from _event(bytes(line))
    yield from _event(bytes(rest))


def misbehaved(problem: str) -> ProviderError:
    """The error for an answer that is not what the API promises."""
    return ProviderError(f"{NAME} request failed: the server {problem}.", code="provider_misbehaved")


def _event(line: bytes) -> Iterator[Any]:
    text = line.strip()
    data = text.removeprefix(b"data:").strip() if text.startswith(b"data:") else text if text[:1] == b"{" else b""
    if not data or data == b"[DONE]":
        return
    try:
        yield json.loads(data)
    except (ValueError, RecursionError):
        raise misbehaved("sent an event that is not JSON") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
