"""Installing and removing the service: the file, and the manager's commands around it."""

import os
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from vox.daemon.service.manager import Manager, Step, run
from vox.errors import InvalidRequest, ServiceUnavailable

__all__ = ["State", "install", "start", "uninstall"]

_OURS = "vox.daemon"  # in each file that we write, and in nobody else's
_WITHOUT = "Run the daemon without a service: vox daemon start"
_AGAIN_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class State:
    """The service as it is."""

    installed: bool
    current: bool
    """Whether the file says what it would say if it were written now."""
    enabled: bool | None
    running: bool | None
    """None where the manager does not tell."""
    pid: int | None
    detail: str | None

    @classmethod
    def of(cls, manager: Manager) -> "State":
        """Look. A manager that cannot be reached is part of the answer."""
        text = _read(manager)
        try:
            enabled, running, pid, detail = manager.look()
        except ServiceUnavailable as error:
            running, pid, detail = None, None, error.message
            enabled = any(map(os.path.lexists, manager.traces)) if manager.traces else None
        installed = text is not None and _OURS in text
        return cls(installed, text == manager.text(), enabled, running, pid, detail)


def install(manager: Manager, make_way: Callable[[], object]) -> None:
    """Write the file and have the service run from now on. Doing it again does no harm.

    Args:
        make_way: Called before the service is started: ends a daemon that somebody has started by hand.

    Raises:
        InvalidRequest: There is another program's file, or this is sudo.
        ServiceUnavailable: The manager is not there or refuses. Where it is not there, nothing has been written.
    """
    if os.environ.get("SUDO_USER") and os.name == "posix" and os.geteuid() == 0:
        raise InvalidRequest("The service belongs to a user, whose microphone it uses: run this without sudo.")
    manager.reach()
    text = _read(manager)
    if text is not None and _OURS not in text:
        raise InvalidRequest(f"{manager.path} belongs to another program. Remove it first.")
    if text != manager.text():
        _write(manager.path, manager.text().encode(manager.encoding))
    make_way()
    start(manager)


def start(manager: Manager) -> None:
    """Start the installed service anew.

    Raises:
        ServiceUnavailable: The manager refuses.
    """
    _take(manager.install_steps())


def uninstall(manager: Manager) -> tuple[bool, str | None]:
    """Stop the service and remove all that `install` has made. Returns whether there was anything, and why the manager
    could not be asked, if so: the files are removed all the same.

    Raises:
        InvalidRequest: The file is another program's.
        ServiceUnavailable: The manager refuses.
    """
    text = _read(manager)
    if text is not None and _OURS not in text:
        raise InvalidRequest(f"{manager.path} belongs to another program, and stays.")
    unreached = _unreached(manager)
    if unreached is None:
        known = manager.look() if text is None else None
        if text is not None or (known is not None and known.enabled):
            _take(manager.uninstall_steps())
    made = [path for path in (manager.path, *manager.traces) if os.path.lexists(path)]
    for path in made:
        path.unlink()
    if unreached is None and made:
        _take(manager.forget_steps())
    return bool(made), unreached


def _unreached(manager: Manager) -> str | None:
    try:
        manager.reach()
    except ServiceUnavailable as error:
        return error.message
    return None


def _take(steps: Iterable[Step]) -> None:
    for step in steps:
        deadline = time.monotonic() + step.again_s
        while (done := run(step.argv, _WITHOUT)).status and not step.may_fail:
            if time.monotonic() >= deadline:
                raise ServiceUnavailable(
                    f"`{' '.join(step.argv)}` failed with status {done.status}:\n{done.output}\n"
                    "What the daemon said: vox service logs",
                    command=list(step.argv),
                    status=done.status,
                )
            time.sleep(_AGAIN_EVERY_S)


def _read(manager: Manager) -> str | None:
    try:
        return manager.path.read_bytes().decode(manager.encoding, "replace")
    except FileNotFoundError:
        return None


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
