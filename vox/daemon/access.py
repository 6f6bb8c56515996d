"""What a request may do, from how it came in: over which socket, from which page, by which name, with which token."""

import ipaddress
from collections.abc import Callable
from dataclasses import replace

from starlette.types import Scope

from vox.config.reach import is_loopback
from vox.config.settings import Settings
from vox.daemon.guard import origin_of
from vox.daemon.keys import Keys
from vox.doors.rpc.handler import Access

__all__ = ["access_of", "admits", "names_of"]


def access_of(scope: Scope, keys: Keys) -> Access:
    """The rights of an HTTP request or WebSocket. A token nobody has gives the rights of none at all."""
    origin = origin_of(scope)

    def unlock(token: str) -> Access | None:
        return keys.access(token, base)

    base = Access(files=origin is None, origin=origin, unlock=unlock)
    return keys.access(_bearer(scope), base) or replace(base, files=False, admitted=not keys.required)


def admits(scope: Scope, keys: Keys) -> bool:
    """Whether the request brings the token that is required, if one is."""
    if not keys.required:
        return True
    access = keys.access(_bearer(scope), Access())
    return access is not None and access.admitted


def names_of(settings: Callable[[], Settings]) -> Callable[[str], bool]:
    """Tells whether a host is a name of ours beside `localhost`: a configured one and, when other machines may ask, any
    address written as a number."""

    def is_name(name: str) -> bool:
        current = settings()
        if name in {host.lower() for host in current.allowed_hosts}:
            return True
        return not is_loopback(current.host) and _is_address(name)

    return is_name


def _is_address(name: str) -> bool:
    try:
        return not ipaddress.ip_address(name.strip("[]")).is_unspecified
    except ValueError:
        return False


def _bearer(scope: Scope) -> str | None:
    given = [value for key, value in scope["headers"] if key == b"authorization"]
    if not given:
        return None
    kind, _, token = given[0].decode("latin-1").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
