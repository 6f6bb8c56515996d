"""What pages have running, so that a later request of the same page can end it. HTTP has no connection that would say
which client asks again; the page's origin, which its browser vouches for, does.
"""

from dataclasses import dataclass, field

import anyio

from vox.doors.rpc.handler import Access

__all__ = ["Lives", "Speaking"]


@dataclass(slots=True)
class _Live:
    access: Access
    session: str | None = None


class Lives:
    """The live sessions that were begun over HTTP."""

    def __init__(self) -> None:
        self._lives: list[_Live] = []

    def begin(self, access: Access) -> _Live:
        """One more, whose session id is not known yet."""
        live = _Live(access)
        self._lives.append(live)
        return live

    def end(self, live: _Live) -> None:
        """It is over."""
        self._lives.remove(live)

    def acting_for(self, access: Access, session: str | None) -> Access:
        """In whose name a request about a session acts: in that of the one who began it, if that was the same page (or
        no page, like this one); otherwise in its own."""
        mine = [live for live in self._lives if live.access.origin == access.origin]
        named = [live for live in mine if session in (None, live.session)]
        return named[-1].access if named else access


@dataclass(slots=True)
class Speaking:
    """The speech in the making, by page and client."""

    _scopes: dict[tuple[str | None, str], set[anyio.CancelScope]] = field(
        default_factory=dict[tuple[str | None, str], set[anyio.CancelScope]]
    )

    def begin(self, owner: tuple[str | None, str]) -> anyio.CancelScope:
        """The scope that the work shall run in."""
        scope = anyio.CancelScope()
        self._scopes.setdefault(owner, set()).add(scope)
        return scope

    def end(self, owner: tuple[str | None, str], scope: anyio.CancelScope) -> None:
        """It is over."""
        self._scopes[owner].discard(scope)
        if not self._scopes[owner]:
            del self._scopes[owner]

    def cancel(self, owner: tuple[str | None, str]) -> bool:
        """End all of it. Returns whether there was any."""
        scopes = self._scopes.get(owner, set())
        for scope in scopes:
            scope.cancel()
        return bool(scopes)
