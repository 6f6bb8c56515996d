"""Lines of JSON-RPC: reading requests and writing answers that any JSON parser accepts."""

from __future__ import annotations

from binascii import b2a_base64

from vox.provider.cjson import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["answer", "encode", "failure", "notification", "speech_answer"]


def encode(message: dict[str, Any]) -> bytes:
    """One line. NaN and infinities become null, lone surrogates a question mark: neither is legal JSON.

    Raises:
        TypeError: The message holds something that JSON cannot say.
    """
    try:
        text = dumps(message, _plain)
    except ValueError:
        text = dumps(_finite(message), _plain)
    return text.encode("utf-8", "replace") + b"\n"


def notification(method: str, params: dict[str, Any]) -> bytes:
    """The line of a notification."""
    return encode({"jsonrpc": "2.0", "method": method, "params": params})


def answer(request: Any, result: Any) -> bytes:
    """The line of a result."""
    return encode({"jsonrpc": "2.0", "id": request, "result": result})


def failure(request: Any, error: dict[str, Any]) -> bytes:
    """The line of an error."""
    return encode({"jsonrpc": "2.0", "id": request, "error": error})


def speech_answer(request: Any, result: dict[str, Any], audio: bytes) -> tuple[bytes, bytes, bytes]:
    """The line of a synthesize result, in three pieces: megabytes of base64 need no pass through a JSON encoder."""
    rest = encode(result)[:-1]  # never empty: the kit adds modelId and metrics
    head = encode({"jsonrpc": "2.0", "id": request})[:-2] + b',"result":{"audioBase64":"'
    return head, b2a_base64(audio, newline=False), b'",' + rest[1:] + b"}\n"


def _plain(value: Any) -> Any:
    """Numbers and arrays of the numeric libraries, and paths, as plain values."""
    for method in ("item", "tolist", "__fspath__"):
        convert = getattr(value, method, None)
        if convert is not None and (method != "item" or getattr(value, "ndim", 0) == 0):
            return convert()
    raise TypeError(f"a result cannot hold a value of type {type(value).__name__}")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return _finite(_plain(value)) if hasattr(value, "item") else value
