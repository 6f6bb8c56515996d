"""How clients find the daemon: a whole file or none, private, and removed only by its writer. One daemon a home."""

import json
import multiprocessing
import os
import stat
import threading
from pathlib import Path

import pytest

from vox.daemon.discovery import make_token, only_daemon, publish, withdraw
from vox.errors import ConfigError
from vox.paths import Home


def test_published_privately(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "runtime.json"
    publish(path, {"port": 1})
    assert json.loads(path.read_text(encoding="utf-8")) == {"port": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["runtime.json"]


def test_a_world_readable_leftover_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    path.write_text("{}", encoding="utf-8")
    path.chmod(0o644)
    publish(path, {"token": "secret"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_reader_never_sees_half_of_it(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    publish(path, {"number": 0, "fill": "x" * 100_000})
    done = threading.Event()

    def write() -> None:
        for number in range(200):
            publish(path, {"number": number, "fill": "x" * 100_000})
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    reads = 0
    while not done.is_set():
        assert len(json.loads(path.read_text(encoding="utf-8"))["fill"]) == 100_000
        reads += 1
    writer.join()
    assert reads


def test_a_file_that_cannot_be_published_leaves_no_scrap(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    with pytest.raises(TypeError):
        publish(path, {"odd": object()})
    assert list(tmp_path.iterdir()) == []
    path.mkdir()
    with pytest.raises(OSError):
        publish(path, {"port": 1})
    assert list(tmp_path.iterdir()) == [path]


def test_only_its_writer_removes_it(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    publish(path, {"pid": os.getpid() + 1})
    withdraw(path)
    assert path.exists()
    publish(path, {"pid": os.getpid()})
    withdraw(path)
    assert not path.exists()


@pytest.mark.parametrize("content", [None, b"", b"[]", b"7", b"\xff", b'{"pid": null}', b"[" * 100_000])
def test_what_is_no_discovery_file_is_left_alone(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "runtime.json"
    if content is not None:
        path.write_bytes(content)
    withdraw(path)
    assert path.exists() is (content is not None)


def test_tokens_are_long_and_never_the_same() -> None:
    tokens = {make_token() for _ in range(100)}
    assert len(tokens) == 100 and min(map(len, tokens)) >= 43


def test_one_daemon_a_home(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with only_daemon(home):
        with pytest.raises(ConfigError, match="already runs") as caught, only_daemon(home):
            pass
        assert str(tmp_path) in caught.value.message and "vox daemon stop" in caught.value.message
        with only_daemon(_other_home(tmp_path)):
            pass
    with only_daemon(home):
        pass


def test_the_lock_ends_with_its_holder_however_that_ends(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, ready), daemon=True)
    holder.start()
    assert ready.wait(20)
    with pytest.raises(ConfigError), only_daemon(Home(tmp_path)):
        pass
    holder.kill()
    holder.join(5)
    with only_daemon(Home(tmp_path)):
        pass
    holder.close()


def _hold(root: Path, ready: threading.Event) -> None:
    with only_daemon(Home(root)):
        ready.set()
        threading.Event().wait(30)


def _other_home(root: Path) -> Home:
    other = Home(root / "other")
    other.ensure()
    return other
