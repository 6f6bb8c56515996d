"""Tool calls as they come in pieces. Servers number them, or do not, or give all of them the same number."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import orjson

from vox.llm.chat import ToolCallDelta

__all__ = ["Calls"]


@dataclass(slots=True)
class _Call:
    index: int
    key: int | None
    """The server's number."""
    given: str | None
    """The server's id."""
    id: str
    name: str = ""
    held: str = ""
    """Arguments that came before the name."""
    begun: bool = False


class Calls:
    """Sorts the pieces of tool calls; ids are made where the server gives none."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []

    def __bool__(self) -> bool:
        return bool(self._calls)

    def feed(self, pieces: list[Any]) -> Iterator[ToolCallDelta]:
        """The events of the `tool_calls` of one delta."""
        for piece in pieces:
            if isinstance(piece, dict):
                yield from self._piece(cast("dict[str, Any]", piece))

    def _piece(self, piece: dict[str, Any]) -> Iterator[ToolCallDelta]:
        function: Any = piece.get("function")
        fields = cast("dict[str, Any]", function) if isinstance(function, dict) else {}
        name, given, key = str(fields.get("name") or ""), piece.get("id") or None, piece.get("index")
        arguments = _text_of(fields.get("arguments"))
        call = self._call(key if isinstance(key, int) else None, str(given) if given else None, name)
        call.name = call.name or name
        if not call.name:
            call.held += arguments
        elif arguments or not call.begun:
            yield ToolCallDelta(call.index, call.id, call.name, call.held + arguments)
            call.held, call.begun = "", True

    def _call(self, key: int | None, given: str | None, name: str) -> _Call:
        known = next((call for call in reversed(self._calls) if self._continues(call, key, given, name)), None)
        if known is not None:
            return known
        call = _Call(len(self._calls), key, given, given or f"call_{secrets.token_hex(8)}")
        self._calls.append(call)
        return call

    def _continues(self, call: _Call, key: int | None, given: str | None, name: str) -> bool:
        if given is not None and call.given is not None:
            return given == call.given  # two ids are two calls, though the number be the same
        if key is not None and call.key is not None:
            return key == call.key
        if given is not None or (name and call.name):
            return False  # a whole call, without a number
        return call is self._calls[-1]


def _text_of(arguments: Any) -> str:
    if arguments is None:
        return ""
    return arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
