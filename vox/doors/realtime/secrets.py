"""Secrets that open sessions for a while: what a page is given in the place of the key, which it must not see.

A secret is a random word and means nothing; what it stands for is kept here, under its hash, until it expires or the
daemon ends. It opens any number of sockets while it lives, and an open session outlives it.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from vox.errors import NoRoom

__all__ = ["PREFIX", "Minted", "Secret", "Secrets"]

PREFIX = "ek_"
"""What every secret begins with; OpenAI's browser client takes no other."""

_MOST = 10_000  # secrets alive at once: more than any machine serves sessions in the two hours one may live
_BYTES = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Secret(Generic[T]):
    """What a secret stands for."""

    session: T
    """How its sessions begin."""
    minter: str
    """Whose key it was made with, as `vox.doors.realtime.rate` names keys: they share a budget."""
    expires_at: int
    """Unix time, seconds."""
    ends: float
    """The same on the clock that no one sets."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A new secret."""

    value: str
    expires_at: int


class Secrets(Generic[T]):
    """The secrets of one run of the daemon.

    Args:
        clock: Seconds that only ever go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[bytes, Secret[T]] = {}

    def mint(self, session: T, seconds: int, minter: str = "") -> Minted:
        """Make a secret.

        Raises:
            NoRoom: There are too many already.
        """
        self._forget_expired()
        if len(self._known) >= _MOST:
            raise NoRoom(f"{_MOST} secrets are alive, which is the most; wait until some expire.")
        value = PREFIX + secrets.token_urlsafe(_BYTES)
        expires_at = int(time.time()) + seconds
        self._known[_hash(value)] = Secret(session, minter, expires_at, self._clock() + seconds)
        return Minted(value, expires_at)

    def find(self, value: str) -> Secret[T] | None:
        """What a secret stands for; None when it was never made, or has expired."""
        secret = self._known.get(_hash(value))
        return secret if secret is not None and self._clock() < secret.ends else None

    def _forget_expired(self) -> None:
        now = self._clock()
        self._known = {key: secret for key, secret in self._known.items() if now < secret.ends}


def _hash(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "replace")).digest()
