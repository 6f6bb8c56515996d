"""The method table of the client RPC: each method reads its parameters, makes one call of the runtime, and shapes the
answer."""

from typing import Any

from vox.doors.rpc.groups.annotate import AnnotateMethods
from vox.doors.rpc.groups.catalog import CatalogMethods
from vox.doors.rpc.groups.daemon import Daemon, DaemonMethods
from vox.doors.rpc.groups.discover import DiscoverMethods
from vox.doors.rpc.groups.events import EventMethods
from vox.doors.rpc.groups.history import HistoryMethods
from vox.doors.rpc.groups.live import LiveMethods
from vox.doors.rpc.groups.microphone import MicrophoneMethods
from vox.doors.rpc.groups.models import ModelMethods
from vox.doors.rpc.groups.providers import ProviderMethods
from vox.doors.rpc.groups.recognition import RecognitionMethods
from vox.doors.rpc.groups.speech import SpeechMethods
from vox.doors.rpc.groups.synthesis import SynthesisMethods
from vox.doors.rpc.groups.warmup import WarmupMethods
from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.errors import InvalidRequest
from vox.runtime.runtime import Runtime

__all__ = ["Methods"]


class Methods:
    """The methods over one runtime."""

    def __init__(self, runtime: Runtime, daemon: Daemon) -> None:
        groups = (
            DaemonMethods(daemon),
            ModelMethods(runtime),
            HistoryMethods(runtime),
            CatalogMethods(runtime),
            RecognitionMethods(runtime),
            MicrophoneMethods(runtime),
            LiveMethods(runtime),
            SpeechMethods(runtime),
            SynthesisMethods(runtime),
            AnnotateMethods(runtime),
            ProviderMethods(runtime, daemon.reload),
            EventMethods(runtime),
            WarmupMethods(runtime),
            DiscoverMethods(),
        )
        self._table: dict[str, Handler] = {name: run for group in groups for name, run in group.handlers.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """Every method there is."""
        return tuple(sorted(self._table))

    async def call(
        self, method: str, params: dict[str, Any], access: Access, emit: Emit, *, classic: bool = False
    ) -> dict[str, Any]:
        """Run one method.

        Raises:
            InvalidRequest: There is no such method, or a parameter is missing or of the wrong type.
            VoxError: As the runtime.
        """
        run = self._table.get(method)
        if run is None:
            raise InvalidRequest(f"Unknown method: {method}", known=list(self.names))
        return await run(Params(params, method, classic), access, emit)
