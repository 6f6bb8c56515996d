"""The SDK for applications: finds the daemon, starts it if need be, and calls it.

    from vox import Client

    with Client() as vox:
        print(vox.transcribe("talk.mp3").text)

`Client` is blocking, and made of the standard library alone, so that a program that only wants some text does not load
a runtime. `AsyncClient` is for programs with an event loop.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vox.client.aio.api import AsyncClient
    from vox.client.api import Client

__all__ = ["AsyncClient", "Client"]

_HOMES = {"AsyncClient": "vox.client.aio.api", "Client": "vox.client.api"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'vox.client' has no attribute {name!r}")
