"""Methods about the providers: how they are, and what only the owner may do to them."""

from collections.abc import Callable
from typing import Any

from vox.doors.rpc.handler import Access, Emit, Handler, require_owner
from vox.doors.rpc.params import Params
from vox.doors.rpc.shapes import progress_emitter
from vox.errors import InvalidRequest
from vox.runtime.registry import Provider
from vox.runtime.runtime import Runtime
from vox.runtime.status import disabled_status, provider_status

__all__ = ["ProviderMethods"]


class ProviderMethods:
    """`providers.status`, `providers.call`, `providers.restart`, `providers.reload`.

    Args:
        reload: Reads the configuration again, and tells what has changed.
    """

    def __init__(self, runtime: Runtime, reload: Callable[[], dict[str, Any]]) -> None:
        self._runtime, self._reload = runtime, reload
        self.handlers: dict[str, Handler] = {
            "providers.status": self._providers_status,
            "providers.call": self._providers_call,
            "providers.restart": self._providers_restart,
            "providers.reload": self._providers_reload,
        }

    async def _providers_status(self, _: Params, __: Access, ___: Emit) -> dict[str, Any]:
        self._runtime.registry.freshen()
        configuration = self._runtime.configuration
        problems = configuration.problems
        shown = [provider_status(provider) for provider in self._runtime.registry.providers]
        return {
            "providers": shown + [disabled_status(entry) for entry in configuration.disabled],
            "problems": [
                {"file": p.file, "line": p.line, "path": p.path, "message": p.message, "fix": p.fix} for p in problems
            ],
        }

    async def _providers_call(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        """One raw request, for the provider's author: the answer comes back as it is."""
        require_owner(access)
        method = params.text("method", key="method")
        if not method:
            raise InvalidRequest("Missing method")
        provider = self._named(params)[0]
        result = await self._runtime.raw_call(provider, method, params.object("params"), progress_emitter(emit))
        return {"result": result}

    async def _providers_restart(self, params: Params, access: Access, _: Emit) -> dict[str, Any]:
        require_owner(access)
        found = self._named(params)
        for provider in found:
            await self._runtime.restart(provider, now=params.flag("now") or False)
        return {"restarted": [{"id": provider.id, "kind": provider.kind} for provider in found]}

    async def _providers_reload(self, _: Params, access: Access, __: Emit) -> dict[str, Any]:
        """Files are read, never written: which programs run is decided by who can write those, not by who can call."""
        require_owner(access)
        return self._reload()

    def _named(self, params: Params) -> list[Provider]:
        """The providers a request names, at least one: of one id there may be two kinds."""
        name, kind = params.text("id"), params.text("kind")
        if kind not in (None, "asr", "tts"):
            raise InvalidRequest(f"kind is {kind!r}; it must be asr or tts.")
        self._runtime.registry.freshen()
        providers = self._runtime.registry.providers
        found = [provider for provider in providers if provider.id == name and kind in (None, provider.kind)]
        if not found:
            known = ", ".join(dict.fromkeys(provider.id for provider in providers)) or "none"
            raise InvalidRequest(f"There is no provider {name!r}. Known: {known}.")
        return found
