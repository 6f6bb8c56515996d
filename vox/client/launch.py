"""Starting the daemon when a client needs one: detached, in a session of its own, and waited for within bounds."""

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from vox.client.channel import Channel, open_channel
from vox.client.discovery import find
from vox.errors import DaemonUnavailable
from vox.paths import Home

if TYPE_CHECKING:
    from subprocess import Popen

__all__ = ["GREETING", "START_S", "connect", "launch", "silent", "startup_log"]

START_S = 10.0
"""Seconds a daemon may take from its start to its first connection; half a second is usual."""

GREETING = b'{"jsonrpc":"2.0","id":0,"method":"health"}'
"""What a new connection begins with; only its answer proves that a daemon works."""

_ANSWER_S = 10.0  # a daemon answers this in less than a millisecond, and in seconds on a machine out of breath
_LOOK_EVERY_S = 0.01
_AGAIN_EVERY_S = 0.25  # between starts, while an old daemon is still ending
_ANOTHER_DAEMON = "already runs"  # what a daemon says that finds the home's lock taken
_LOG_MAX_BYTES = 1 << 20  # of the log of starts; older starts are dropped past it
_TAIL_BYTES = 2_000
_OF_A_SERVICE = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")  # ours to answer, when a service asks for a daemon


def connect(home: Home) -> Channel | None:
    """A channel to the daemon that runs for `home`, on which it has answered; None when there is none.

    Without that answer a client would take one that is just ending, or being killed, for one that works: until the
    system has taken it down, connections to it still succeed.

    Raises:
        DaemonUnavailable: It runs, but does not answer; details carry its pid.
    """
    address = find(home)
    if address is None:
        return None
    try:
        channel = open_channel(address)
    except OSError:
        return None
    try:
        channel.send(GREETING)
        answer = channel.receive(_ANSWER_S)
    except OSError:
        channel.close()
        return None
    if answer is None:
        channel.close()
        raise silent(home, address.pid, _ANSWER_S)
    return channel


def silent(home: Home, pid: int, after_s: float) -> DaemonUnavailable:
    """What a caller is told of a daemon that takes connections and says nothing."""
    return DaemonUnavailable(
        f"The Vox daemon, process {pid}, takes connections but has not answered for {after_s:g} s. "
        f"Look at {home.daemon_log}, and end it if it hangs: kill -9 {pid}",
        pid=pid,
    )


def launch(home: Home, timeout_s: float = START_S) -> Channel:
    """Start the daemon of `home`, or wait for the one that somebody else is starting.

    Raises:
        DaemonUnavailable: It ended at once, or did not answer in time; the message tells what it said.
    """
    running = connect(home)
    if running is not None:
        return running
    deadline = time.monotonic() + timeout_s
    start = _Start(home)
    while True:
        channel = connect(home)
        if channel is not None:
            start.give_way()
            return channel
        if start.ended() and not start.retry():
            raise DaemonUnavailable(f"The Vox daemon ended as soon as it was started. {start.report()}")
        if time.monotonic() > deadline:
            start.detach()
            raise DaemonUnavailable(f"The Vox daemon did not answer within {timeout_s:g} s. {start.report()}")
        time.sleep(_LOOK_EVERY_S)


def startup_log(home: Home) -> Path:
    """What daemons that were started by a client have printed; their events are in `Home.daemon_log`."""
    return home.logs / "voxd.stderr.log"


class _Start:
    """One daemon process being started, and what it has printed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._log = startup_log(home)
        self._begin()

    def _begin(self) -> None:
        try:
            self._home.ensure()
            self._offset = _make_room(self._log)
            self._process = _spawn(self._home, self._log)
        except OSError as error:
            raise DaemonUnavailable(
                f"The Vox daemon cannot be started: {error}. Is {self._home.root} yours?"
            ) from error
        self._ended_at: float | None = None

    def ended(self) -> bool:
        """Whether the process has ended, which a daemon does only when it cannot work."""
        return self._process.poll() is not None

    def retry(self) -> bool:
        """Whether waiting still makes sense: another daemon holds the home, and is either starting or ending."""
        if _ANOTHER_DAEMON not in self._said():
            return False
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        elif now - self._ended_at > _AGAIN_EVERY_S:
            self._begin()
        return True

    def give_way(self) -> None:
        """There is a daemon now. If somebody else has started it, ours ends before it becomes a second one later.

        It could not be one beside the other, but it would take over if that is stopped while ours still loads.
        """
        address = find(self._home)
        if os.name == "posix" and address is not None and address.pid != self._process.pid:
            self._process.terminate()
        self.detach()

    def detach(self) -> None:
        """Leave the process to itself; it is still reaped if it ends before this program does."""
        threading.Thread(target=self._process.wait, name="vox-daemon-reaper", daemon=True).start()

    def report(self) -> str:
        """What it said, and where to read on."""
        said = self._said().strip()
        return (f"It said:\n{said}\n" if said else "It said nothing. ") + f"More in {self._home.daemon_log}"

    def _said(self) -> str:
        try:
            with self._log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(self._offset, size - _TAIL_BYTES))
                return file.read().decode("utf-8", "replace")
        except OSError:
            return ""


def _make_room(log: Path) -> int:
    """Keep the log of starts small. Returns its size."""
    try:
        size = log.stat().st_size
        if size > _LOG_MAX_BYTES:
            os.truncate(log, 0)
            return 0
    except FileNotFoundError:
        return 0
    return size


def _spawn(home: Home, log: Path) -> "Popen[bytes]":
    import subprocess

    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_SERVICE}
    environment = {**kept, "VOX_HOME": str(home.root), "VOX_RUNTIME_PATH": str(home.runtime_json)}
    apart = 0
    if sys.platform == "win32":
        apart = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "vox.daemon"],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=home.root,  # a daemon must not keep the folder busy in which somebody typed a command
            env=environment,
            start_new_session=True,
            creationflags=apart,
        )
    finally:
        os.close(descriptor)
