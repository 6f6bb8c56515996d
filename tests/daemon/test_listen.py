"""The listeners: loopback only, a private unix socket, and no trust in what lies in its place."""

import asyncio
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from vox.daemon.listen import bind_tcp, listen_unix
from vox.errors import ConfigError


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.com", "", "10.0.0.1", "localhost.example"])
def test_only_this_machine(host: str) -> None:
    with pytest.raises(ConfigError, match="loopback"):
        bind_tcp(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.9"])
def test_any_free_port(host: str) -> None:
    with bind_tcp(host, 0) as listener:
        assert listener.getsockname()[1] > 0
        assert listener.getsockname()[0].startswith("127.")


def test_a_bound_port_takes_connections_before_anybody_accepts_them() -> None:
    with bind_tcp("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=5) as client:
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getpeername() == client.getsockname()


def test_a_taken_port_is_named() -> None:
    with bind_tcp("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} .* VOX_PORT"):
            bind_tcp("127.0.0.1", port)


def test_a_port_that_nobody_asked_for_gives_way() -> None:
    with bind_tcp("127.0.0.1", 0) as first, bind_tcp("127.0.0.1", first.getsockname()[1], or_any=True) as second:
        assert second.getsockname()[1] not in (0, first.getsockname()[1])


@pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")
class TestUnix:
    def serve(self, path: Path) -> bytes:
        """What a client of the socket is told."""

        async def run() -> bytes:
            async def hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                writer.write(b"hello")
                writer.close()

            server = await listen_unix(path, hello)
            async with server:
                reader, writer = await asyncio.open_unix_connection(path)
                said = await reader.read()
                writer.close()
                await writer.wait_closed()
                return said

        return asyncio.run(run())

    def test_private(self, tmp_path: Path) -> None:
        path = tmp_path / "run" / "vox.sock"
        assert self.serve(path) == b"hello"
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_a_leftover_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "run" / "vox.sock"
        path.parent.mkdir(mode=0o755)
        with socket.socket(socket.AF_UNIX) as old:
            old.bind(str(path))
        assert self.serve(path) == b"hello"
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_a_link_to_another_folder_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir(mode=0o755)
        (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ConfigError, match="run"):
            self.serve(tmp_path / "run" / "vox.sock")
        assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o755

    @pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root may give a folder away")
    def test_a_folder_of_somebody_else_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "run").mkdir()
        os.chown(tmp_path / "run", 12_345, 0)
        with pytest.raises(ConfigError, match="belongs to another user"):
            self.serve(tmp_path / "run" / "vox.sock")

    def test_a_file_in_the_folders_place_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "run").write_text("", encoding="utf-8")
        with pytest.raises(ConfigError, match="run"):
            self.serve(tmp_path / "run" / "vox.sock")
