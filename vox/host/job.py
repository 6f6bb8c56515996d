"""No orphans: what makes a provider's whole process tree end, also when the daemon itself is killed.

Every provider leads its own process group, so its children can be signalled with it. A watcher, one small shell per
daemon, holds the read end of a pipe whose write end only the daemon has. When the daemon dies, by whatever means, the
pipe closes, and the watcher ends every group it was told of. (A parent-death signal would reach the direct child only,
and is Linux's alone.) On Windows a job object with kill-on-close does the same.
"""

import os
import signal
import subprocess
import sys
from typing import Any, Protocol

__all__ = ["Watcher", "end_group", "end_rest", "make_watcher", "spawn_options"]

_WATCH = """
alive=' '
while read -r sign group; do
  case $sign in
    +) alive="$alive$group " ;;
    -) alive="${alive%% $group *} ${alive#* $group }" ;;
  esac
done
for group in $alive; do kill -s TERM -- "-$group" 2>/dev/null; done
[ "$alive" = ' ' ] || sleep 2
for group in $alive; do kill -s KILL -- "-$group" 2>/dev/null; done
"""
# Two seconds between the signals: long enough for a provider to close its files, short enough that a killed daemon
# leaves nothing behind after five. `-s NAME` with `--`: the one form for a group that every shell understands (dash
# takes the `--` of `kill -TERM -- -1` for a number, and signals nobody).


class Watcher(Protocol):
    """Ends the groups it knows when the daemon is gone."""

    def add(self, process: "subprocess.Popen[bytes]") -> None:
        """A provider was started."""
        ...

    def remove(self, pid: int) -> None:
        """A provider is gone and reaped; its number may belong to somebody else from now on."""
        ...

    def close(self) -> None:
        """The daemon ends by itself; nothing is left to watch."""
        ...


def spawn_options() -> dict[str, Any]:
    """Popen arguments that give a provider a process group of its own."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}


def end_group(process: "subprocess.Popen[bytes]", *, force: bool) -> None:
    """Signal a provider and its children: politely, or finally. Nothing is sent once the provider is reaped: its number
    may be a stranger's from then on, and its children were ended by `end_rest`."""
    if process.returncode is not None:
        return
    if sys.platform == "win32":
        process.kill() if force else process.terminate()
        return
    _signal_group(process, signal.SIGKILL if force else signal.SIGTERM)


def end_rest(process: "subprocess.Popen[bytes]") -> None:
    """End the children that a provider left behind; to be called when it has exited, before anything else starts."""
    if sys.platform != "win32":
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: "subprocess.Popen[bytes]", number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):  # macOS says EPERM for a group of zombies
        return


def make_watcher() -> Watcher:
    """The watcher of this platform, not started before the first provider is."""
    if sys.platform == "win32":
        return _JobObject()
    return _ShellWatcher()


class _ShellWatcher:
    def __init__(self) -> None:
        self._shell: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    def add(self, process: "subprocess.Popen[bytes]") -> None:
        self._groups.add(process.pid)
        self._tell(f"+ {process.pid}\n")

    def remove(self, pid: int) -> None:
        if pid in self._groups:
            self._groups.remove(pid)
            if self._shell is not None:  # after `close` there is nobody to tell
                self._tell(f"- {pid}\n")

    def close(self) -> None:
        shell, self._shell = self._shell, None
        if shell is None or shell.stdin is None:
            return
        shell.kill()  # rather than end of input: the groups it knows were ended in order already
        shell.wait()
        shell.stdin.close()

    def _tell(self, line: str) -> None:
        if self._shell is not None:
            try:
                if self._shell.poll() is None:
                    _write(self._shell, line)
                    return
            except BrokenPipeError:  # killed between the two
                pass
            self.close()
        # The first one, or somebody killed the last: the new one is told of every group.
        self._shell = self._start()
        _write(self._shell, "".join(f"+ {group}\n" for group in sorted(self._groups)))

    def _start(self) -> "subprocess.Popen[bytes]":
        # Its own session: Ctrl-C in the daemon's terminal must not end the watcher before the daemon.
        return subprocess.Popen(
            ["/bin/sh", "-c", _WATCH],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            bufsize=0,
            env={"PATH": os.defpath},
        )


def _write(shell: "subprocess.Popen[bytes]", text: str) -> None:
    assert shell.stdin is not None
    os.write(shell.stdin.fileno(), text.encode("ascii"))


class _JobObject:
    """A Windows job object; closing its last handle, as the system does for a dead process, ends all members."""

    def __init__(self) -> None:
        self._job: Any = None

    def add(self, process: "subprocess.Popen[bytes]") -> None:
        import ctypes

        kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)  # type: ignore[attr-defined]
        if self._job is None:
            self._job = kernel.CreateJobObjectW(None, None)
            limits = (ctypes.c_byte * 144)()  # JOBOBJECT_EXTENDED_LIMIT_INFORMATION, all zero but the flags
            ctypes.c_uint32.from_buffer(limits, 16).value = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
            kernel.SetInformationJobObject(self._job, 9, ctypes.byref(limits), len(limits))
        kernel.AssignProcessToJobObject(self._job, int(process._handle))  # type: ignore[attr-defined]

    def remove(self, pid: int) -> None:
        del pid  # the job forgets ended members by itself

    def close(self) -> None:
        self._job = None
