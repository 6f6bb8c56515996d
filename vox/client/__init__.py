"""The SDK for applications: finds the daemon, starts it if need be, and calls it.

    from vox import Client

    with Client() as vox:
        print(vox.transcribe("talk.mp3").text)

Blocking, and made of the standard library alone, so that a program that only wants some text does not load a runtime.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vox.client.api import Client

__all__ = ["Client"]


def __getattr__(name: str) -> Any:
    if name == "Client":
        from vox.client.api import Client

        return Client
    raise AttributeError(f"module 'vox.client' has no attribute {name!r}")
