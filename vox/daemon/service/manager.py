"""What Vox asks of a service manager, and how its commands are run."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from vox.errors import ServiceUnavailable

__all__ = ["Done", "Manager", "Seen", "Step", "run", "tail"]

_COMMAND_S = 90.0  # longer than a unit may take to start; a manager that takes longer hangs


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the manager."""

    argv: tuple[str, ...]
    may_fail: bool = False
    """It undoes what need not be there."""
    again_s: float = 0.0
    """Try again for so long: the step before it takes effect later than it returns."""


class Seen(NamedTuple):
    """What the manager says of the service; None where it does not tell."""

    enabled: bool | None
    running: bool | None
    pid: int | None = None
    detail: str | None = None


class Done(NamedTuple):
    """A command that has ended."""

    status: int
    output: str


class Manager(Protocol):
    """A service manager, and the one service it is asked about."""

    name: str
    """Of what it makes, for people."""
    path: Path
    """The file that describes the service."""
    encoding: str
    traces: tuple[Path, ...]
    """Further files that an installed service consists of."""
    hint: str
    """What to know once it is installed."""

    def text(self) -> str:
        """What the file must hold."""
        ...

    def reach(self) -> None:
        """Make sure that the manager answers.

        Raises:
            ServiceUnavailable: It does not, or is not there.
        """
        ...

    def install_steps(self) -> list[Step]:
        """Commands after the file has been written: the service is known, enabled and started anew."""
        ...

    def uninstall_steps(self) -> list[Step]:
        """Commands before the file is removed."""
        ...

    def forget_steps(self) -> list[Step]:
        """Commands after the file has been removed."""
        ...

    def look(self) -> Seen:
        """What there is to know about the service.

        Raises:
            ServiceUnavailable: The manager does not answer.
        """
        ...

    def log(self, lines: int) -> str:
        """What the manager has kept of the service's starts and failures.

        Raises:
            ServiceUnavailable: It cannot be read.
        """
        ...


def run(argv: Sequence[str], instead: str) -> Done:
    """Run a command of the manager, in English, and wait for it.

    Args:
        instead: What to do where there is no such program.

    Raises:
        ServiceUnavailable: It is not there, cannot be run, or does not end.
    """
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_COMMAND_S,
            env={**os.environ, "LC_ALL": "C"},
            check=False,
        )
    except FileNotFoundError:
        raise ServiceUnavailable(f"There is no {argv[0]} here. {instead}", command=list(argv)) from None
    except subprocess.TimeoutExpired:
        told = f"`{' '.join(argv)}` has not ended within {_COMMAND_S:g} s. Try it by hand."
        raise ServiceUnavailable(told, command=list(argv)) from None
    except OSError as error:
        raise ServiceUnavailable(f"{argv[0]} cannot be run: {error.strerror}.", command=list(argv)) from error
    return Done(done.returncode, done.stdout.strip())


def tail(path: Path, lines: int) -> str:
    """The last lines of a log; nothing where there is none yet."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
