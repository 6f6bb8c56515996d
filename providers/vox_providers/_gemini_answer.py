"""Answers of the Gemini API: speech in base64 inside JSON, at once or as events, and the reasons why there is none.

Source: ai.google.dev, "GenerateContentResponse" and "Text-to-speech generation".
"""

from __future__ import annotations

import base64
import binascii
import json

from vox.provider import Call, ProviderError
from vox_providers._vendor_audio import send_pcm, send_wav
from vox_providers._vendor_errors import Refusal, refusal, safe_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from vox_providers._http import Answer, Vendor

__all__ = ["refused", "speak"]

_RATE = 24_000  # of samples whose type names no other
_WAV = ("audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave")
_PCM = ("audio/l16", "audio/pcm")
_EVENTS = "text/event-stream"
_COMPLETE = "STOP"
_TOO_LONG = "MAX_TOKENS"
_BROKEN = ("OTHER", "LANGUAGE", "MALFORMED_RESPONSE", "FINISH_REASON_UNSPECIFIED")
"""Why a speech ends early for which the text is not to blame. What is not here is a refusal of the text."""
_INVALID = -32602


def speak(call: Call, vendor: Vendor, answer: Answer, hide: tuple[str, ...]) -> None:
    """Pass on the audio of an answer, and see that it is all there.

    Args:
        hide: What no message may repeat, as for `Vendor.send`.

    Raises:
        ProviderError: No audio or no end (`provider_misbehaved`), more than the model speaks at once (`text_too_long`),
            or a text it will not speak; `reason` is the vendor's word for it.
    """
    streams = answer.content_type == _EVENTS
    reason = "" if streams else _COMPLETE
    for body in _events(vendor, answer, hide) if streams else [answer.json()]:
        candidate = _object(_list(body, "candidates"))
        for part in _list(candidate.get("content"), "parts"):
            _send(call, vendor, part.get("inlineData") if isinstance(part, dict) else None)
        blocked = _member(_member(body, "promptFeedback"), "blockReason")
        reason = str(blocked or candidate.get("finishReason") or reason)
    _check_end(call, vendor, reason, hide)


def refused(answer: Refusal) -> ProviderError | None:
    """What this vendor tells in a way of its own: a bad key with 400, no such model with 404, the time to wait in the
    body."""
    try:
        details = json.loads(answer.body)["error"]["details"]
        told = {name: value for detail in details for name, value in detail.items() if isinstance(value, str)}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        told = {}
    if told.get("reason") == "API_KEY_INVALID":
        return answer.error("unauthorized", f"Check {answer.vendor.key_name}.")
    if answer.status == 404:
        return answer.error("model_not_found")
    delay = told.get("retryDelay", "").removesuffix("s")
    if answer.retry_after_s is None and delay.replace(".", "", 1).isdecimal() and delay.isascii():
        answer.retry_after_s = float(delay)
    return None


def _events(vendor: Vendor, answer: Answer, hide: tuple[str, ...]) -> Iterator[Any]:
    """The JSON of each event; an error among them ends the call as a refusal does."""
    for line in _lines(answer):
        if not line.startswith(b"data:"):
            continue
        try:
            event = json.loads(line[5:])
        except (ValueError, RecursionError):
            raise vendor.failure("sent an event that is not JSON", "provider_misbehaved") from None
        error = _member(event, "error")
        if isinstance(error, dict):
            status = error.get("code")
            told = Refusal(vendor, status if isinstance(status, int) else 500, {}, line[5:], hide)
            raise refused(told) or refusal(told)
        yield event


def _lines(answer: Answer) -> Iterator[bytes]:
    waiting, looked = bytearray(), 0
    for chunk in answer.chunks():
        waiting += chunk
        while (end := waiting.find(b"\n", looked)) >= 0:
            yield bytes(waiting[:end]).strip()
            del waiting[: end + 1]
            looked = 0
        looked = len(waiting)
    yield bytes(waiting).strip()


def _send(call: Call, vendor: Vendor, inline: Any) -> None:
    """Pass on one piece of audio; a part that is none is passed over."""
    if not isinstance(inline, dict):
        return
    kind, *parameters = (part.strip().lower() for part in str(inline.get("mimeType", "")).split(";"))
    told = dict(part.split("=", 1) for part in parameters if "=" in part)
    data = inline.get("data")
    try:
        audio = base64.b64decode(data if isinstance(data, str) else "", validate=True)
        rate, channels = int(told.get("rate", _RATE)), int(told.get("channels", 1))
    except (binascii.Error, ValueError):
        raise vendor.failure("sent audio that cannot be decoded", "provider_misbehaved") from None
    if call.sent_bytes and kind in _PCM and rate != call.sample_rate:
        raise vendor.failure("changed the sample rate within a speech", "provider_misbehaved")
    if kind in _WAV and not call.sent_bytes:
        send_wav(call, [audio], vendor.name)
    elif kind in _PCM:  # little-endian, other than RFC 2586 has it for L16
        send_pcm(call, audio, rate, channels, vendor.name)
    else:
        told_kind = kind[:40] if kind.isprintable() and kind else "something"
        raise vendor.failure(f"sent {told_kind} instead of samples or a WAV", "provider_misbehaved")


def _check_end(call: Call, vendor: Vendor, reason: str, hide: tuple[str, ...]) -> None:
    told = safe_words(reason, hide) if reason else "no end"
    if reason == _COMPLETE:
        if not call.sent_bytes:
            raise vendor.failure("answered without audio", "provider_misbehaved")
    elif reason == _TOO_LONG:
        message = f"{vendor.name} request failed: it is the longest speech made at once: send the text in parts."
        raise ProviderError(message, code="text_too_long", reason=told)
    elif not reason or reason in _BROKEN:
        raise vendor.failure(f"ended the speech early ({told}); try again, or a shorter text", "provider_misbehaved")
    else:
        raise ProviderError(f"{vendor.name} refused to speak this text ({told}).", rpc_code=_INVALID, reason=told)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _list(value: Any, name: str) -> list[Any]:
    found = _member(value, name)
    return found if isinstance(found, list) else []


def _object(found: list[Any]) -> dict[str, Any]:
    return found[0] if found and isinstance(found[0], dict) else {}
