"""Frames of the client RPC, in two dialects on one socket, chosen by the form of the request.

The *classic* dialect is what existing Vox clients speak: string ids, no `jsonrpc`, an `error` that is a plain string
beginning with the code, its facts beside it in `errorInfo`, events as `{id, event, data}`. The *strict* dialect is
JSON-RPC 2.0, with events as notifications.
"""

from dataclasses import dataclass
from typing import Any, cast

from vox.errors import VoxError
from vox.protocol.jsonrpc import INVALID_REQUEST, PARSE_ERROR, MalformedError, encode, parse

__all__ = ["Call", "read", "write_error", "write_event", "write_push", "write_push_json", "write_result"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it came in. `id` is None for a notification; `token` was taken out of the frame, wherever it was."""

    id: Any
    method: str
    params: dict[str, Any]
    strict: bool
    token: str | None = None


def read(frame: bytes) -> tuple[list[Call], list[bytes]]:
    """The requests of a frame, one or several in a batch; beside them the reply lines to what is none."""
    try:
        message = parse(frame)
    except MalformedError:
        return [], [encode({"error": "Invalid JSON", "code": PARSE_ERROR})]
    items = cast("list[Any]", message) if isinstance(message, list) and message else [message]
    read_items = [_read_one(item) for item in items]
    calls = [item for item in read_items if isinstance(item, Call)]
    return calls, [item for item in read_items if isinstance(item, bytes)]


def write_result(call: Call, result: dict[str, Any]) -> bytes:
    """The answer line."""
    head: dict[str, Any] = {"jsonrpc": "2.0"} if call.strict else {}
    return encode({**head, "id": call.id, "result": result})


def write_error(call: Call, error: VoxError) -> bytes:
    """The error line. The classic client turns whatever is in `error` into a string, so a string it is."""
    info = error.info()
    if call.strict:
        body = {"code": error.rpc_code, "message": error.message, "data": info}
        return encode({"jsonrpc": "2.0", "id": call.id, "error": body})
    return encode({"id": call.id, "error": _as_string(error), "errorInfo": info})


def write_event(call: Call, event: str, data: dict[str, Any]) -> bytes:
    """An event that belongs to a call still running."""
    if call.strict:
        params = {"id": call.id, "event": event, "data": data}
        return encode({"jsonrpc": "2.0", "method": "event", "params": params})
    return encode({"id": call.id, "event": event, "data": data})


def write_push(call: Call, event: str, data: dict[str, Any]) -> bytes:
    """An event that belongs to no call, in the dialect of the one that asked for such events."""
    told = {"event": event, "data": data}
    return encode({"jsonrpc": "2.0", "method": "event", "params": told} if call.strict else told)


def write_push_json(call: Call, event: str, data: bytes) -> bytes:
    """As `write_push`, of data that is JSON already. The event is a name of ours, which needs no escaping."""
    told = b'{"event":"' + event.encode("ascii") + b'","data":' + data + b"}"
    return b'{"jsonrpc":"2.0","method":"event","params":' + told + b"}\n" if call.strict else told + b"\n"


# Clients match these sentences whole: "Missing path", "Unknown method: x", "No active live session".
_UNPREFIXED = {"invalid_request", "live_session_not_found"}


def _as_string(error: VoxError) -> str:
    if error.code in _UNPREFIXED or error.message == "Unauthorized":
        return error.message
    if error.code == "session_cancelled" and "reason" in error.details:
        return f"{error.code}:{error.details['reason']}"  # clients match "session_cancelled:starting_timeout" whole
    return f"{error.code}: {error.message}"


def _read_one(message: Any) -> Call | bytes:
    """The request, or the line that says that it is none."""
    if not isinstance(message, dict):
        return encode({"error": "Invalid JSON", "code": INVALID_REQUEST})
    frame = cast("dict[str, Any]", message)
    strict = frame.get("jsonrpc") == "2.0"
    method, params = frame.get("method"), frame.get("params")
    if not isinstance(method, str) or not method:
        return _missing_method(frame.get("id"), strict)
    named = cast("dict[str, Any]", params) if isinstance(params, dict) else {}
    return Call(frame.get("id"), method, named, strict, _take_token(frame, named))


def _missing_method(number: Any, strict: bool) -> bytes:
    if strict:
        error = {"code": INVALID_REQUEST, "message": "Missing method"}
        return encode({"jsonrpc": "2.0", "id": number, "error": error})
    return encode({"id": number, "error": "Missing method"})


def _take_token(frame: dict[str, Any], params: dict[str, Any]) -> str | None:
    """The token of a request, which no method shall see. One that is no string is a wrong one."""
    given = [frame.get(name) for name in ("authToken", "token")]
    given += [params.pop(name, None) for name in ("authToken", "_authToken", "token")]
    found = next((token for token in given if token is not None), None)
    return found if found is None or isinstance(found, str) else ""
