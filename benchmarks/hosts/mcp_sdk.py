"""The peer: the MCP Python SDK's stdio client, the usual way to talk JSON-RPC to a child from Python."""

import base64
from collections.abc import Sequence
from contextlib import AsyncExitStack

from benchmarks.hosts.base import PATH, Host

__all__ = ["McpSdk"]


class McpSdk(Host):
    """A session over `stdio_client`; each call is a call of a tool."""

    async def open(self, command: Sequence[str]) -> None:
        from mcp import ClientSession, StdioServerParameters  # pyright: ignore[reportMissingImports]
        from mcp.client.stdio import stdio_client  # pyright: ignore[reportMissingImports]

        self._stack = AsyncExitStack()
        server = StdioServerParameters(command=command[0], args=list(command[1:]))
        streams = await self._stack.enter_async_context(stdio_client(server))
        self._session = await self._stack.enter_async_context(ClientSession(*streams))
        await self._session.initialize()
        await self._session.list_tools()  # else the first call asks for them

    async def small(self) -> str:
        result = await self._session.call_tool("transcribe", {"path": PATH})
        return result.content[0].text  # type: ignore[union-attr]

    async def large(self, size: int) -> bytes:
        result = await self._session.call_tool("synthesize", {"input": str(size)})
        return base64.b64decode(result.content[0].data)  # type: ignore[union-attr]

    async def close(self) -> None:
        await self._stack.aclose()
