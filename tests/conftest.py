"""What every test shares: properties are judged by what they find, not by how busy the machine is."""

import signal

import pytest
from hypothesis import settings

from tests.pulse import own_sound_server, sound_server

__all__ = ["own_sound_server", "sound_server"]  # fixtures for every area

# Whoever starts the suite in the background may have it ignore Ctrl-C, or below `nohup` the end of the terminal, and
# what it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

settings.register_profile("vox", deadline=None)
settings.load_profile("vox")


@pytest.fixture
def anyio_backend() -> str:
    """The loop that the daemon runs on; its tests need no other."""
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with heavy tests first: of several workers, none shall begin with minutes when the others are done."""
    heavy = {item.path for item in items if item.get_closest_marker("heavy")}
    items.sort(key=lambda item: item.path not in heavy)
