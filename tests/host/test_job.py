"""Nothing outlives the daemon, whoever dies first, and nobody else is signalled."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.processes import group_alive, marked
from vox.host.job import Watcher, end_group, end_rest, make_watcher, spawn_options

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="process groups")

STUBBORN = "trap '' TERM HUP INT; (trap '' TERM HUP INT; sleep 60) & echo up; while :; do sleep 1; done"

# A daemon in miniature: it starts what it is told, says so, and waits to be killed.
DAEMON = """
import subprocess, sys
from vox.host.job import make_watcher, spawn_options

watcher, children = make_watcher(), []
for _ in range(int(sys.argv[1])):
    child = subprocess.Popen(["/bin/sh", "-c", sys.argv[2]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             **spawn_options())
    watcher.add(child)
    child.stdout.readline()
    children.append(child)
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def stubborn() -> "Iterator[subprocess.Popen[bytes]]":
    """A process that ignores every polite signal, with a child that does so too."""
    with subprocess.Popen(["/bin/sh", "-c", STUBBORN], stdout=subprocess.PIPE, **spawn_options()) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == b"up\n"
            yield process
        finally:
            end_rest(process)


def until(condition: Callable[[], bool], seconds: float = 8) -> None:
    """Wait, within bounds, for what another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def _shell_of(watcher: Watcher) -> "subprocess.Popen[bytes]":
    return watcher._shell  # type: ignore[attr-defined]


def test_a_group_is_ended_with_its_leader() -> None:
    with stubborn() as process:
        end_group(process, force=False)
        assert group_alive(process.pid)
        end_group(process, force=True)
        process.wait()
        until(lambda: not group_alive(process.pid))


def test_the_rest_of_a_group_is_ended_before_its_leader_is_reaped() -> None:
    with stubborn() as process:
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        end_rest(process)
        process.wait()
        until(lambda: not group_alive(process.pid))


def test_a_reaped_process_is_signalled_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    process = subprocess.Popen(["/bin/true"], **spawn_options())
    process.wait()
    signalled: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, number: signalled.append(group))
    end_group(process, force=False)
    end_group(process, force=True)
    assert signalled == []


@pytest.mark.parametrize("how", ["killed", "killed and not noticed"])
def test_a_watcher_that_was_killed_is_replaced_and_told_of_every_group(
    how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher = make_watcher()
    with stubborn() as first, stubborn() as second:
        watcher.add(first)
        shell = _shell_of(watcher)
        shell.kill()
        os.waitid(os.P_PID, shell.pid, os.WEXITED | os.WNOWAIT)
        if how != "killed":  # it dies between the look at it and the write
            monkeypatch.setattr(shell, "poll", lambda: None)
        watcher.add(second)
        replaced = _shell_of(watcher)
        assert replaced is not shell and shell.returncode is not None
        # What happens when the daemon dies: the pipe closes, and both groups end.
        assert replaced.stdin is not None
        replaced.stdin.close()
        until(lambda: replaced.poll() is not None)
        first.wait()
        second.wait()
        until(lambda: not group_alive(first.pid) and not group_alive(second.pid))


def test_a_watcher_ends_only_what_is_still_there() -> None:
    watcher = make_watcher()
    with stubborn() as stays, stubborn() as leaves:
        watcher.add(stays)
        watcher.add(leaves)
        watcher.remove(leaves.pid)
        watcher.remove(leaves.pid)  # nobody minds
        shell = _shell_of(watcher)
        assert shell.stdin is not None
        shell.stdin.close()
        until(lambda: shell.poll() is not None)
        stays.wait()
        assert group_alive(leaves.pid)


def test_a_closed_watcher_ends_nothing_and_starts_nothing() -> None:
    watcher = make_watcher()
    with stubborn() as process:
        watcher.add(process)
        watcher.close()
        watcher.remove(process.pid)
        assert _shell_of(watcher) is None and group_alive(process.pid)


def test_a_killed_daemon_takes_eight_stubborn_groups_with_it(tmp_path: Path) -> None:
    environment = {**os.environ, "VOX_MARK": str(tmp_path)}
    daemon = subprocess.Popen(
        [sys.executable, "-c", DAEMON, "8", STUBBORN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    with daemon:
        assert daemon.stdout is not None and daemon.stdout.readline() == b"ready\n"
        assert len(marked(tmp_path)) >= 17  # itself, and two of each group at least
        daemon.kill()
        daemon.wait()
        until(lambda: not marked(tmp_path), 5)
