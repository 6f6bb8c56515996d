"""How clients find the daemon, and how a second daemon finds out that there is one already."""

import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout

from vox.errors import ConfigError
from vox.paths import Home

__all__ = ["make_token", "only_daemon", "publish", "withdraw"]

_TOKEN_BYTES = 32


@contextlib.contextmanager
def only_daemon(home: Home) -> Generator[None]:
    """Hold the home's lock. The system frees it with the process, however that ends; a pid file would lie.

    Raises:
        ConfigError: Another daemon has it.
    """
    lock = FileLock(home.lock, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigError(
            f"A Vox daemon already runs for {home.root}. Use it, or stop it with: vox daemon stop"
        ) from None
    try:
        yield
    finally:
        lock.release()


def make_token() -> str:
    """A fresh secret for the clients of this run."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def publish(path: Path, facts: dict[str, Any]) -> None:
    """Write runtime.json: whole or not at all, readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".runtime-")  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(facts, file)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def withdraw(path: Path) -> None:
    """Remove runtime.json, if it is ours."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        facts: Any = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(facts, dict) and cast("dict[str, Any]", facts).get("pid") == os.getpid():
            path.unlink()
