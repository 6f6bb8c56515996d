"""How a client asks to be let in: the key it brings, the shapes it speaks, and the subprotocol it is answered with.

A browser can set no headers, so OpenAI's clients write all three into the subprotocols they offer; one of those must be
chosen, or the browser closes the connection at once, and it must not be the one that holds the key.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.types import Scope

__all__ = ["Knock", "read_knock"]

_REALTIME = "realtime"
_BETA = "openai-beta.realtime-v1"
_KEY = "openai-insecure-api-key."
_AGENTS = "openai-agents-sdk"  # the Agents SDK writes its version behind it
_WORDS = (_REALTIME, "openai-insecure-api-key", "openai-beta.", "openai-organization.", "openai-project.", _AGENTS)
"""What an offered subprotocol begins with that is no bare key."""


@dataclass(frozen=True, slots=True)
class Knock:
    """What the handshake of a WebSocket says."""

    key: str | None
    """The key, wherever it was written; None when there is none."""
    beta: bool
    """The shapes of the beta are asked for."""
    subprotocol: str | None
    """The one to answer with; None when none of the offered can be."""
    model: str | None
    transcription: bool
    """`intent=transcription`: nothing is to be answered, only written down."""


def read_knock(scope: Scope, query_key: bool = False) -> Knock:
    """Read a handshake; nothing in it is refused here.

    Args:
        query_key: Look for the key in the address too.
    """
    offered = [str(name) for name in scope.get("subprotocols", [])]
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    in_query = _first(query, "api_key") if query_key else None
    return Knock(
        key=_bearer(scope) or _offered_key(offered) or in_query,
        beta=_BETA in offered or _header(scope, b"openai-beta").strip() == "realtime=v1",
        subprotocol=next((name for name in (_REALTIME, _BETA) if name in offered), None)
        or next((name for name in offered if name.startswith(_AGENTS)), None),
        model=_first(query, "model"),
        transcription=_first(query, "intent") == "transcription",
    )


def _offered_key(offered: list[str]) -> str | None:
    """The key behind OpenAI's prefix, or a member that is nothing but a key, as vowel's clients send it."""
    for name in offered:
        if name.startswith(_KEY):
            return name.removeprefix(_KEY) or None
    return next((name for name in offered if not name.startswith(_WORDS)), None)


def _bearer(scope: Scope) -> str | None:
    kind, _, token = _header(scope, b"authorization").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def _header(scope: Scope, name: bytes) -> str:
    headers: list[Any] = scope["headers"]
    return next((value.decode("latin-1") for key, value in headers if key == name), "")


def _first(query: dict[str, list[str]], name: str) -> str | None:
    return query.get(name, [""])[0].strip() or None
