"""Whom the user spoke to last, kept over a restart of the daemon."""

import os
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any, cast

import anyio
import orjson
from anyio.to_thread import run_sync

from vox.log import get_logger

__all__ = ["KEEP_S", "LastSession"]

KEEP_S = 3600.0
"""Seconds after which a session is forgotten."""

_REFRESH_S = 600.0  # a daemon that is killed was alive until a moment ago, as far as `KEEP_S` is concerned
_PAUSE_S = 1.0  # between two writes: agents may come and go by the thousand

_log = get_logger()


class LastSession:
    """One small file.

    Args:
        path: The file.
        now: Seconds since 1970.
    """

    def __init__(self, path: Path, now: Callable[[], float] = time) -> None:
        self._path, self._now = path, now
        self._agent: str | None = None
        self._news = anyio.Event()
        self._warned = False

    def read(self) -> str | None:
        """The agent of the last session, unless that is too long ago. A file that cannot be read counts as none."""
        try:
            kept: Any = orjson.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return None
        fields = cast("dict[str, Any]", kept) if isinstance(kept, dict) else {}
        agent, at = fields.get("current"), fields.get("at")
        if not isinstance(agent, str) or not isinstance(at, int | float):
            return None
        return agent if 0 <= self._now() - at <= KEEP_S else None

    def note(self, agent: str | None) -> None:
        """This one is spoken to now. None changes nothing: the last one may come back."""
        if agent is not None and agent != self._agent:
            self._agent = agent
            self._news.set()

    async def run(self) -> None:
        """Write what is noted, until cancelled, and a last time then."""
        try:
            while True:
                with anyio.move_on_after(_REFRESH_S):
                    await self._news.wait()
                self._news = anyio.Event()
                await run_sync(self._write)
                await anyio.sleep(_PAUSE_S)
        finally:
            self._write()

    def _write(self) -> None:
        if self._agent is None:
            return
        part = self._path.with_suffix(f".{os.getpid()}.part")
        try:
            part.write_bytes(orjson.dumps({"current": self._agent, "at": self._now()}))
            part.replace(self._path)
        except OSError as error:
            if not self._warned:
                _log.warning("agents.not_kept", path=str(self._path), why=str(error))
            self._warned = True
