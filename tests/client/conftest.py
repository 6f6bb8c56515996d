"""A daemon for the tests of the client, homes of their own for those that hurt theirs, and a scripted other side."""

import socket
import threading
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.daemons import make_home, stopped_at_the_end
from vox.client import Client
from vox.paths import Home


@pytest.fixture(autouse=True, scope="session")
def only_the_tests_own_homes() -> Iterator[None]:
    """Daemons that these tests start take any free port."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOX_PORT", "0")
        patch.setenv("VOX_ALIAS_PORTS", "0")
        patch.delenv("XDG_RUNTIME_DIR", raising=False)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, only_the_tests_own_homes: None) -> Iterator[Home]:
    """The home of a daemon that runs for the whole session."""
    home = make_home(tmp_path_factory.mktemp("client") / "home")
    with stopped_at_the_end(home), Client(home) as client:
        client.connect()
        yield home


@pytest.fixture
def client(shared: Home) -> Iterator[Client]:
    with Client(shared, start=False) as client:
        yield client


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A home of the test's own, in which no daemon runs yet."""
    with stopped_at_the_end(make_home(tmp_path / "home")) as home:
        yield home


@pytest.fixture
def other_side(tmp_path: Path) -> Iterator[Callable[[Callable[[socket.socket], None]], str]]:
    """other_side(serve) → path of a unix socket whose first client `serve` gets, in a thread of its own."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen(1)
    listener.settimeout(10)
    threads: list[threading.Thread] = []

    def start(serve: Callable[[socket.socket], None]) -> str:
        def accept() -> None:
            peer, _ = listener.accept()
            with peer:
                serve(peer)

        threads.append(threading.Thread(target=accept))
        threads[-1].start()
        return str(tmp_path / "s")

    yield start
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
    listener.close()


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of sound."""
    path = tmp_path_factory.mktemp("audio") / "second.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\x00\x10\x00\xf0" * 8_000)
    return path
