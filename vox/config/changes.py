"""What a changed configuration means for the providers that run: who is new, gone or another than before."""

from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from vox.config.providers import ProviderEntry
from vox.config.settings import Settings

__all__ = ["AT_START", "Changes", "Key", "compare", "restart_needed"]

Key: TypeAlias = tuple[str, str]
"""Id and kind: what makes an entry the same one before and after."""

AT_START: tuple[str, ...] = ("host", "port", "alias_ports", "bridge_port", "openvip_port")
"""Settings that are used once, when the daemon opens its listeners."""


class Changes(NamedTuple):
    """The difference of two configurations, each key in exactly one place."""

    added: tuple[Key, ...] = ()
    removed: tuple[Key, ...] = ()
    changed: tuple[Key, ...] = ()
    kept: tuple[Key, ...] = ()

    def __bool__(self) -> bool:
        """Whether any provider is touched."""
        return bool(self.added or self.removed or self.changed)


def compare(before: Iterable[ProviderEntry], after: Iterable[ProviderEntry]) -> Changes:
    """From the entries in force to those that shall be; the order of entries is no difference."""
    old = {(entry.id, entry.kind): entry for entry in before}
    new: dict[Key, ProviderEntry] = {(entry.id, entry.kind): entry for entry in after}
    return Changes(
        added=tuple(key for key in new if key not in old),
        removed=tuple(key for key in old if key not in new),
        changed=tuple(key for key in new if key in old and new[key] != old[key]),
        kept=tuple(key for key in new if key in old and new[key] == old[key]),
    )


def restart_needed(started_with: Settings, wanted: Settings) -> list[str]:
    """The settings, by their names in config.json, that only a restart of the daemon can change."""
    differing = (name for name in AT_START if getattr(started_with, name) != getattr(wanted, name))
    return [Settings.model_fields[name].alias or name for name in differing]
