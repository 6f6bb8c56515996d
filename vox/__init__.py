"""Vox, the local voice runtime: one daemon, any speech engine behind it, any voice client in front of it.

The names below load on first use, so that importing one small part (the provider kit, the CLI) costs only that part.
"""

TYPE_CHECKING = False  # as `typing` has it, without its seven milliseconds
if TYPE_CHECKING:
    from vox.client.aio.api import AsyncClient
    from vox.client.api import Client
    from vox.errors import VoxError

__all__ = ["AsyncClient", "Client", "VoxError", "__version__"]

__version__ = "0.1.0"

_HOMES = {"AsyncClient": "vox.client.aio.api", "Client": "vox.client.api", "VoxError": "vox.errors"}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'vox' has no attribute {name!r}")
