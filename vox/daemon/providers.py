"""From an entry of providers.json to a supervisor that runs it."""

import contextlib
import dataclasses
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from anyio.abc import TaskGroup

from vox.config import Configuration, ProviderEntry
from vox.config.keys import passed_on
from vox.config.providers import COMMAND
from vox.config.references import resolve_references
from vox.host.command import builtin_argv, child_environment
from vox.host.job import Watcher
from vox.host.supervisor import ProviderSpec, Supervisor
from vox.host.transport import Transport, open_transport
from vox.log import RotatingFile, redactor
from vox.paths import Home
from vox.protocol.framing import DEFAULT_MAX_LINE

__all__ = ["make_spec", "make_supervisor"]

_MAX_LINE_TTS = 256 << 20  # speech comes back in one line of base64: three quarters of an hour at 24 kHz


def make_supervisor(
    entry: ProviderEntry,
    configuration: Configuration,
    home: Home,
    installed: Mapping[str, str],
    tasks: TaskGroup,
    watcher: Watcher,
) -> Supervisor:
    """A supervisor for the entry; nothing is started yet."""
    spec = make_spec(entry, configuration, home, installed)
    log = RotatingFile(home.provider_log(entry.id))

    def keep(data: bytes) -> None:
        with contextlib.suppress(OSError):  # a full disk costs the diagnostics, not the provider
            log.append(redactor.text(data.decode("utf-8", "replace")).encode("utf-8"))

    return Supervisor(
        spec, tasks=tasks, watcher=watcher, stderr=keep, open_child=_opener(home.provider_trace(entry.id))
    )


def make_spec(
    entry: ProviderEntry, configuration: Configuration, home: Home, installed: Mapping[str, str]
) -> ProviderSpec:
    """What to run for the entry, and how. The redactor learns the secrets of its environment.

    Raises:
        ConfigError: A reference leads nowhere, or no built-in of that name is installed.
    """
    own = {**_command_line(entry), **_names(entry), **resolve_references(entry.env, configuration.folder)}
    declared = passed_on(entry.program, entry.env)
    environment = child_environment(
        {"VOX_CACHE": str(home.cache), "VOX_MODELS": str(home.models), **own}, declared=declared
    )
    redactor.learn(environment)
    spec = ProviderSpec(
        id=entry.id,
        argv=tuple(entry.command or builtin_argv(entry.program or entry.id, installed)),
        environment=environment,
        folder=_working_folder(entry, configuration.folder),
        start_s=entry.timeouts.start_ms / 1000,
        keep_alive_s=entry.keep_alive,
        keep_alive_of={
            model: option.keep_alive for model, option in entry.model_options.items() if option.keep_alive is not None
        },
        stop_s=entry.timeouts.stop_ms / 1000,
        kill_s=entry.timeouts.kill_ms / 1000,
        max_line=_MAX_LINE_TTS if entry.kind == "tts" else DEFAULT_MAX_LINE,
    )
    if entry.placement is None:
        return spec
    from vox.host.cluster.placement import on_ray

    # The relay runs here, whatever folders the nodes have.
    here = dataclasses.replace(spec, folder=configuration.folder)
    return on_ray(here, entry.placement.ray, own, str(spec.folder))


def _command_line(entry: ProviderEntry) -> dict[str, str]:
    """What the built-in `command` is to run, in the variable it reads; nothing for every other program."""
    if entry.program != COMMAND or not entry.argv:
        return {}
    keys = {"id", "kind", "argv", "models", "voices", "max_concurrency"}
    return {"VOX_COMMAND": entry.model_dump_json(by_alias=True, include=keys, exclude_none=True)}


def _names(entry: ProviderEntry) -> dict[str, str]:
    """Which variables are the entry's: in a program's environment they look like those that come from the daemon, and
    a setting with two names is the entry's under either."""
    return {"VOX_ENTRY_ENV": ",".join(entry.env)} if entry.env else {}


def _opener(trace: Path) -> Callable[..., Awaitable[Transport]]:
    """What starts the child; with `VOX_TRACE=1` its conversation is written down, and else nothing knows of traces."""
    if os.environ.get("VOX_TRACE", "") in ("", "0"):
        return open_transport
    from vox.host.trace import traced

    return traced(open_transport, trace)


def _working_folder(entry: ProviderEntry, folder: Path) -> Path:
    return folder / os.path.expanduser(entry.cwd) if entry.cwd else folder
