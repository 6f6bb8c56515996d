"""A vendor's settings: keys, addresses and time limits, from the entry in providers.json and from the environment.

Vox gives a program one environment in which the entry's variables have replaced those of the daemon, and names the
entry's in `VOX_ENTRY_ENV`. So a variable of the entry comes before any other of the same meaning, and an empty one
hides what the daemon's environment has.
"""

from __future__ import annotations

import math
import os

from vox.provider import Call, ProviderError

__all__ = ["Key", "base_url", "listed", "setting", "time_limit_s"]


class Key:
    """A vendor's key, which is looked for anew with each call.

    Args:
        vendor: The vendor's name, for messages.
        names: Variables that may hold it, the first one first.
        lent: Whether a client may lend one for a call, under one of these names.
    """

    def __init__(self, vendor: str, *names: str, lent: bool = True) -> None:
        self._vendor = vendor
        self.names = names
        self._lent = lent

    def find(self, call: Call | None = None) -> str:
        """The key to use: what the call lends, else what the entry names, else the environment's; empty when there is
        none. An entry that names one of the variables shuts the environment out, also with an empty one."""
        lent = call.credentials if call is not None and self._lent else {}
        return next((lent[name].strip() for name in self.names if lent.get(name, "").strip()), "") or setting(
            *self.names
        )

    def require(self, call: Call | None = None) -> str:
        """The key to use.

        Raises:
            ProviderError: There is none (`unauthorized`).
        """
        key = self.find(call)
        if not key:
            raise ProviderError(f"{self._vendor} needs a key. {self.remedy}", code="unauthorized")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise ProviderError(
                f"{self.names[0]} holds what is no key: a key has no spaces, line ends or special letters.",
                code="unauthorized",
            )
        return key

    @property
    def remedy(self) -> str:
        """What to do when there is none."""
        return f"Set {' or '.join(self.names)} in the entry's env, or in the environment of the daemon."


def setting(*names: str) -> str:
    """The first of these variables with a value; those of the entry count alone if it names any. Without blanks."""
    entry = set(os.environ.get("VOX_ENTRY_ENV", "").split(","))
    mine = [name for name in names if name in entry]
    return next((value for name in mine or names if (value := os.environ.get(name, "").strip())), "")


def listed(name: str) -> list[str]:
    """The parts of a variable that are separated by commas."""
    return [part.strip() for part in setting(name).split(",") if part.strip()]


def time_limit_s(names: tuple[str, ...], default: float, most: float) -> float:
    """A limit in seconds: the first of these variables that is set, the entry's before the others', at most `most`.
    `default` when none is, or when what it says is no number above 0."""
    entry = set(os.environ.get("VOX_ENTRY_ENV", "").split(","))
    ordered = sorted(names, key=lambda name: name not in entry)
    text = next((value for name in ordered if (value := os.environ.get(name, "").strip())), "")
    seconds = _seconds(text)
    return default if seconds is None else min(seconds, most)


def base_url(names: tuple[str, ...], default: str) -> str:
    """A vendor's address without a slash at its end.

    Raises:
        ProviderError: The variable holds no address.
    """
    from urllib.parse import urlsplit

    url = (setting(*names) or default).rstrip("/")
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ProviderError(f"{names[0]} must be an address such as {default}.")
    return url


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds > 0 else None
