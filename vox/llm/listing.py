"""Which models a server has, for whoever wants to know whether it works; nothing is written and nothing is paid for."""

import asyncio
from typing import TYPE_CHECKING, Any, cast

import orjson

from vox.config.llm import LlmTimeouts
from vox.errors import LlmFailed, LlmTimeout
from vox.llm.connection import Connection
from vox.llm.presets import Server

if TYPE_CHECKING:
    import httpx

__all__ = ["list_models"]

_MOST_BYTES = 16 << 20  # the longest list, of a broker of hundreds of models, has one


async def list_models(server: Server, bound_s: float) -> tuple[str, ...] | None:
    """The names of the server's models; None when it answers but tells none.

    Raises:
        LlmUnavailable: The server cannot be reached.
        LlmTimeout: It takes longer than `bound_s` seconds.
        VoxError: It refuses the key.
    """
    connection = Connection(LlmTimeouts(connect_ms=max(1, round(bound_s * 1000))))
    try:
        async with asyncio.timeout(bound_s), connection.open(server, "models", None) as response:
            body = await _read(response, server)
    except TimeoutError:
        raise LlmTimeout(f"{server.host} takes too long to list its models.") from None
    except LlmFailed:
        return None  # not every server has such a list
    finally:
        await connection.aclose()
    return _names(body)


async def _read(response: "httpx.Response", server: Server) -> bytes:
    import httpx

    body = bytearray()
    try:
        async for data in response.aiter_bytes():
            body += data
            if len(body) > _MOST_BYTES:
                raise LlmFailed(f"{server.host} lists more models than can be looked through.")
    except httpx.HTTPError:
        raise LlmFailed(f"{server.host} broke off in the middle of its list of models.") from None
    return bytes(body)


def _names(body: bytes) -> tuple[str, ...] | None:
    try:
        value: Any = orjson.loads(body)
    except ValueError:
        return None
    listed: Any = cast("dict[str, Any]", value).get("data") if isinstance(value, dict) else value
    if not isinstance(listed, list):
        return None
    models = [cast("dict[str, Any]", model) for model in cast("list[Any]", listed) if isinstance(model, dict)]
    return tuple(str(model["id"]) for model in models if "id" in model)
