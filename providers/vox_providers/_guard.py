"""What ends the programs of a provider when the provider itself is killed.

A small shell has the read end of a pipe whose write end only the provider has. When the provider is gone, by whatever
means, the pipe closes, and the shell ends every process group it was told of.
"""

import os
import subprocess
from _thread import allocate_lock  # as the kit does: threading is slow to import

__all__ = ["Guard"]

_GUARD = """
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) groups="${groups%% $group *} ${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
"""


class Guard:
    """Ends groups when this process is gone: its pipe closes then, by whatever means it went."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._shell: subprocess.Popen[bytes] | None = None
        self._groups: set[int] = set()

    def tell(self, sign: str, group: int) -> None:
        """`+` for a group that was started, `-` for one that is gone: its number may be a stranger's from then on."""
        with self._lock:
            if sign == "+":
                self._groups.add(group)
            elif group not in self._groups:
                return
            else:
                self._groups.remove(group)
            if self._shell is not None and self._shell.poll() is None and self._write(f"{sign} {group}\n"):
                return
            self._start()

    def _start(self) -> None:
        """The first one, or somebody killed the last: the new one is told of every group."""
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,  # what ends this process's group must not end it
            env={"PATH": os.defpath},
        )
        self._write("".join(f"+ {group}\n" for group in sorted(self._groups)))

    def _write(self, line: str) -> bool:
        assert self._shell is not None and self._shell.stdin is not None
        try:
            self._shell.stdin.write(line.encode("ascii"))
        except BrokenPipeError:
            return False
        return True
