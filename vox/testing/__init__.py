"""What the tests of providers and applications stand on.

FakeProvider     recognises and speaks as a test tells it to; also busy, slow, failing, crashing
daemon           a real daemon with such providers, and a client of it
MemoryTransport  requests to a provider made with `vox.provider`, in the test's own process
FakeMicrophone   hears a recording, by a clock that the test moves
speech, tones, silence, wav   recordings
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vox.provider.conformance.sound import silence, speech, tones, wav
    from vox.testing.daemon import running_daemon
    from vox.testing.fake_provider import FakeProvider
    from vox.testing.memory import MemoryTransport
    from vox.testing.microphone import FakeMicrophone

__all__ = ["FakeMicrophone", "FakeProvider", "MemoryTransport", "running_daemon", "silence", "speech", "tones", "wav"]

_HOMES = {
    "FakeMicrophone": "vox.testing.microphone",
    "FakeProvider": "vox.testing.fake_provider",
    "MemoryTransport": "vox.testing.memory",
    "running_daemon": "vox.testing.daemon",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'vox.testing' has no attribute {name!r}")
    from importlib import import_module  # a test of a provider needs neither numpy nor a daemon's modules

    return getattr(import_module(_HOMES.get(name, "vox.provider.conformance.sound")), name)
