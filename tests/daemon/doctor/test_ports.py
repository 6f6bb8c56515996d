"""The holder of a port is named, where the system tells."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vox.config.settings import Settings
from vox.daemon.doctor import ports as module
from vox.daemon.doctor.ports import Holder, holder_of, ports

LISTEN = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
)


@pytest.fixture
def taken() -> Iterator[tuple[int, int]]:
    """A port that another process listens at, and that process."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen([sys.executable, "-c", LISTEN], **pipes) as process:  # type: ignore[call-overload]
        yield int(process.stdout.readline()), process.pid
        process.kill()


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def settings(**given: object) -> Settings:
    return Settings.model_validate({"aliasPorts": False, **given})


def test_a_free_port(free: int) -> None:
    assert holder_of(free) is None
    (check,) = ports(settings(port=free), None)
    assert (check.name, check.status, check.detail) == (f"port {free}", "ok", "for clients: free")


@pytest.mark.skipif(sys.platform != "linux", reason="the list is Linux's")
def test_a_port_that_another_program_has(taken: tuple[int, int]) -> None:
    port, pid = taken
    holder = holder_of(port)
    assert holder is not None and holder.pid == pid and "python" in (holder.name or "")
    (check,) = ports(settings(port=port), None)
    assert check.status == "error" and f"process {pid}" in check.detail and "VOX_PORT" in check.remedy[1]  # type: ignore[index]
    (check,) = ports(settings(port=port), os.getpid())
    assert check.status == "warning", "the daemon runs, if at another port"


@pytest.mark.skipif(sys.platform != "linux", reason="the list is Linux's")
def test_our_own_ports(free: int) -> None:
    with socket.create_server(("127.0.0.1", free)), socket.create_server(("::1", 0), family=socket.AF_INET6) as six:
        wanted = settings(port=free, aliasPorts=True, bridgePort=0, openvipPort=0)
        found = {check.name: check for check in ports(wanted, os.getpid())}
        assert found.keys() == {f"port {free}"} and found[f"port {free}"].detail == "for clients: Vox listens"
        assert holder_of(six.getsockname()[1]) == holder_of(free)


@pytest.mark.parametrize(("door", "port"), [("companion", "bridge"), ("openvip", "openvip")])
def test_an_alias_that_is_taken_is_a_warning(taken: tuple[int, int], door: str, port: str) -> None:
    wanted = settings(port=0, aliasPorts=True, **{"bridgePort": 0, "openvipPort": 0, f"{port}Port": taken[0]})
    (check,) = ports(wanted, os.getpid())
    assert check.status == "warning" and f"the {door} door: taken by" in check.detail
    assert check.remedy is not None and f"VOX_{port.upper()}_PORT" in check.remedy[1]


def test_any_port_is_no_question() -> None:
    assert list(ports(settings(port=0), None)) == []


def test_another_daemon_is_called_one(tmp_path: Path) -> None:
    (tmp_path / "cmdline").write_bytes(b"/usr/bin/python\0-P\0-m\0vox.daemon\0")
    assert module._name(tmp_path) == "another Vox daemon"
    (tmp_path / "cmdline").write_bytes(b"/usr/bin/other\0")
    (tmp_path / "comm").write_text("other\n", encoding="utf-8")
    assert module._name(tmp_path) == "other"


@pytest.mark.skipif(os.name != "posix", reason="lsof is a program of POSIX systems")
def test_where_only_lsof_tells(taken: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert holder_of(taken[0]) == Holder(None, None)
    lsof = tmp_path / "lsof"
    lsof.write_text("#!/bin/sh\nprintf 'p4711\\ncdictare\\nf7\\np4712\\ncother\\n'\n", encoding="utf-8")
    lsof.chmod(0o755)
    assert holder_of(taken[0]) == Holder(4711, "dictare")
    assert str(Holder(4711, "dictare")) == "dictare (process 4711)"


def test_a_holder_that_the_system_does_not_tell() -> None:
    assert "another" in str(Holder(None, None))
