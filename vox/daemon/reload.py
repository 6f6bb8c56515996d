"""Live configuration: a changed providers.json, config.json or preferences.json is taken over while calls run.

The files are looked at when somebody asks for something, at most once a second; an idle daemon sleeps on. SIGHUP and
the method `providers.reload` have them read at once. A file that cannot be used changes nothing, and its problems are
told wherever problems are told.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, TypeAlias

from vox.config import Configuration, Problem, Settings, load
from vox.config.changes import Changes, restart_needed
from vox.config.file import read_file
from vox.config.origins import Origins
from vox.errors import ConfigError
from vox.log import get_logger, redactor
from vox.paths import Home
from vox.runtime.runtime import Runtime

__all__ = ["Reloaded", "Reloader"]

_LOOK_EVERY_S = 1.0  # three stat calls; often enough for a person who has just saved a file

_File: TypeAlias = tuple[int, int, int, int]
"""What differs after a file was written, replaced or opened to others: its times, size and number."""

_log = get_logger()


class Reloaded(NamedTuple):
    """What a reload did."""

    changes: Changes
    problems: tuple[Problem, ...]


class Reloader:
    """Keeps a runtime as its home's files say.

    Args:
        known_builtins: Tells whether a built-in of that name exists.
        runtime: Made from the configuration the daemon was started with.
    """

    def __init__(
        self,
        home: Home,
        known_builtins: Callable[[str], bool],
        runtime: Runtime,
        origins: Origins,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paths = (home.providers_json, home.config_json, home.preferences_json)
        self._home, self._known, self._clock = home, known_builtins, clock
        self._runtime, self._origins = runtime, origins
        self._started_with: Settings = runtime.configuration.settings
        self._next_look = clock() + _LOOK_EVERY_S
        self._state = self._seen = self._look()

    def freshen(self) -> None:
        """Take over what has changed, unless that was looked at a moment ago. Cheap enough to be called for every
        request."""
        now = self._clock()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY_S
        seen, before = self._look(), self._seen
        self._seen = seen
        # Some editors remove a file for a moment before they write it anew: only one that stays away is gone.
        vanished = any(file is None and earlier is not None for file, earlier in zip(seen, before, strict=True))
        if seen != self._state and not vanished:
            self.reload()

    def reload(self) -> Reloaded:
        """Read the files and take over what they say."""
        state = self._seen = self._look()
        runtime = self._runtime
        earlier = runtime.configuration
        wanted = self._with_late_settings(load(self._home, self._known, previous=earlier))
        for entry in wanted.entries:
            redactor.learn(entry.env)
        try:
            changes = runtime.configure(wanted)
        except ConfigError as error:  # such as a secret's file that vanished since it was read a moment ago
            _log.warning("config.not_taken", error=error.message)
            return Reloaded(Changes(), wanted.problems)
        self._state = state
        self._origins.configure(wanted.settings.allowed_origins)
        self._tell(earlier, wanted, changes)
        return Reloaded(changes, wanted.problems)

    def _with_late_settings(self, wanted: Configuration) -> Configuration:
        """The configuration, with what only a restart takes over among its problems."""
        names = restart_needed(self._started_with, wanted.settings)
        file = read_file(self._home.config_json, "") if names else None
        told = "has changed, but is used only when the daemon starts."
        late = [file.problem((name,), told, "Run: vox daemon restart") for name in names] if file is not None else []
        return replace(wanted, problems=(*wanted.problems, *late))

    def _tell(self, earlier: Configuration, wanted: Configuration, changes: Changes) -> None:
        for problem in wanted.problems:
            if problem not in earlier.problems:
                _log.warning("config.problem", problem=str(problem))
        if changes or wanted.settings != earlier.settings:
            told = {name: [f"{kind} {key}" for key, kind in keys] for name, keys in changes._asdict().items() if keys}
            _log.info("config.reloaded", **told)

    def _look(self) -> tuple[_File | None, ...]:
        return tuple(map(_state_of, self._paths))


def _state_of(path: Path) -> _File | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino
