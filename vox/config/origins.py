"""Which web pages may use the daemon: `allowedOrigins` of config.json, `origins.json`, and the files of `origins.d/`.

An installer of a web application drops a file, the user edits a list; both work without a restart, because the files
are looked at again when they have changed. A file holds `{"origins": […]}`, `{"origin": "…"}` or a bare list.

An origin is scheme, host and port, compared exactly as browsers write it. Only this machine's own names may have any
port: `http://localhost:*`.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias, cast

from vox.config.access import may_be_written_by_others
from vox.errors import InvalidRequest
from vox.log import get_logger

__all__ = ["Origins", "check_origin", "normal_origin"]

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\[[0-9a-f:.]+\]|[^\s/:@\[\]*?#]+)(?::(\d{1,5}|\*))?/?")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ANY_PORT_HOSTS = {"localhost", "127.0.0.1", "[::1]"}

_Seen: TypeAlias = dict[Path, tuple[int, int]]

_log = get_logger()


class Origins:
    """The allow-list in force.

    Args:
        root: The home; its `origins.json` and `origins.d` are read.
        configured: Origins from the settings.
    """

    def __init__(self, root: Path, configured: Iterable[str] = ()) -> None:
        self._file, self._folder = root / "origins.json", root / "origins.d"
        self._configured = frozenset(_usable(configured, "config.json"))
        self._seen: _Seen | None = None
        self._allowed: frozenset[str] = frozenset()

    def configure(self, configured: Iterable[str]) -> None:
        """Take over changed settings."""
        self._configured = frozenset(_usable(configured, "config.json"))
        self._seen = None

    def allows(self, origin: str) -> bool:
        """Whether a page of that origin, as its browser names it, may use the daemon."""
        self._refresh()
        wanted = normal_origin(origin)
        if wanted is None:
            return False
        return wanted in self._allowed or _any_port(wanted) in self._allowed

    def listed(self) -> list[str]:
        """All that may."""
        self._refresh()
        return sorted(self._allowed)

    def _refresh(self) -> None:
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            self._allowed = self._configured | {origin for path in seen for origin in _read(path)}

    def _look(self) -> _Seen:
        """The files there are, each with what changes when it is written."""
        paths = [self._file, *sorted(self._folder.glob("*"))]
        seen: _Seen = {}
        for path in paths:
            try:
                status = path.stat()
            except OSError:
                continue
            if path.is_file():
                seen[path] = (status.st_mtime_ns, status.st_size)
        return seen


def normal_origin(text: str) -> str | None:
    """An origin as browsers write it: lower case, no default port, no slash; None for what is no origin."""
    match = _ORIGIN.fullmatch(text.strip().lower())
    if match is None:
        return None
    scheme, host, port = match.groups()
    if port == "*" and host not in _ANY_PORT_HOSTS:
        return None
    return f"{scheme}://{host}" if port in (None, _DEFAULT_PORTS.get(scheme)) else f"{scheme}://{host}:{port}"


def check_origin(text: str) -> str:
    """The origin as browsers write it.

    Raises:
        InvalidRequest: It is none.
    """
    origin = normal_origin(text)
    if origin is None:
        raise InvalidRequest(
            f"{text!r} is no origin. Write scheme and host as the browser shows them, and the port if there is one:"
            " https://example.com, http://localhost:3000 or http://localhost:*."
        )
    return origin


def _any_port(origin: str) -> str:
    scheme, _, rest = origin.partition("://")
    host = rest if rest.endswith("]") else re.sub(r":\d+$", "", rest)
    return f"{scheme}://{host}:*"


def _read(path: Path) -> Iterable[str]:
    try:
        if may_be_written_by_others(path):
            _log.warning("origins.refused", file=str(path), why=f"other users may write it; run: chmod go-w {path}")
            return ()
        document: Any = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("origins.unreadable", file=str(path), why=str(error))
        return ()
    if isinstance(document, dict):
        fields = cast("dict[str, Any]", document)
        document = fields.get("origins", [fields["origin"]] if "origin" in fields else None)
    if not isinstance(document, list):
        _log.warning("origins.unreadable", file=str(path), why='write {"origins": ["https://example.com"]}')
        return ()
    return _usable(cast("list[Any]", document), str(path))


def _usable(listed: Iterable[Any], file: str) -> list[str]:
    usable: list[str] = []
    for text in listed:
        origin = normal_origin(text) if isinstance(text, str) else None
        if origin is None:
            _log.warning(
                "origins.ignored", file=file, origin=str(text), why="write scheme://host or scheme://host:port"
            )
        else:
            usable.append(origin)
    return usable
