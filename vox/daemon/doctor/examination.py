"""The whole examination: with the daemon, which knows its providers, and without one."""

import os
import sys
from collections.abc import Iterable
from typing import Any

import anyio

from vox import __version__
from vox.config import Configuration, load
from vox.daemon.doctor.check import Check, ready
from vox.daemon.doctor.engines import default_model, providers
from vox.daemon.doctor.files import disk, home_folder, permissions
from vox.daemon.doctor.language import language_model
from vox.daemon.doctor.making import CHECK_S, Making, in_thread, make_all
from vox.daemon.doctor.packages import packages, unwritten
from vox.daemon.doctor.ports import ports
from vox.daemon.doctor.programs import programs
from vox.daemon.doctor.sound import microphone, speaker
from vox.errors import VoxError
from vox.host.command import builtins, is_builtin
from vox.paths import Home
from vox.runtime.runtime import Runtime

__all__ = ["run_checks", "without_daemon"]


async def run_checks(home: Home, runtime: Runtime, bound_s: float = CHECK_S) -> dict[str, Any]:
    """`{ready, checks: [{name, status, detail, remediation?}]}`; ready means that no check says error."""
    runtime.registry.freshen()
    configuration = runtime.configuration
    checks = await make_all(
        {
            "runtime": _found(_runtime(home)),
            "microphone": in_thread(microphone),
            "backend": lambda: _engines(home, runtime, bound_s / 2),
            "model": lambda: default_model(runtime, "asr", "model", "speech recognition", bound_s / 2),
            "synthesis": lambda: default_model(runtime, "tts", "synthesis", "speech synthesis", bound_s / 2),
            "llm": lambda: language_model(configuration.settings.llm, bound_s / 2),
            **_of_the_machine(home, configuration, os.getpid()),
        },
        bound_s,
    )
    return _report(checks)


def without_daemon(home: Home, error: VoxError) -> dict[str, Any]:
    """The same, as far as it can be seen from outside.

    Args:
        error: Why there is no daemon.
    """
    return anyio.run(_without_daemon, home, error)


async def _without_daemon(home: Home, error: VoxError) -> dict[str, Any]:
    folder = home_folder(home)
    installed = builtins()
    configuration = load(home, lambda name: is_builtin(name, installed))
    checks = await make_all(
        {
            "runtime": _found(Check("runtime", "error", error.message, ("Run it in the foreground", "vox daemon"))),
            "microphone": in_thread(microphone),
            "python": _found(Check("python", "ok", f"{sys.version.split()[0]} at {sys.executable}")),
            "home": _found(folder),
            **_of_the_machine(home, configuration, None),
        }
    )
    return _report(checks)


async def _engines(home: Home, runtime: Runtime, bound_s: float) -> Iterable[Check]:
    return await providers(runtime, await anyio.to_thread.run_sync(unwritten, home), bound_s)


def _of_the_machine(home: Home, configuration: Configuration, daemon: int | None) -> dict[str, Making]:
    return {
        "configuration": _found(*_configuration(configuration)),
        "speaker": in_thread(speaker),
        "ports": in_thread(ports, configuration.settings, daemon),
        "programs": in_thread(programs, home),
        "packages": in_thread(packages, home, configuration),
        "permissions": in_thread(permissions, home),
        "disk": in_thread(disk, home),
    }


def _runtime(home: Home) -> Check:
    return Check("runtime", "ok", f"Vox {__version__}, home {home.root}")


def _configuration(configuration: Configuration) -> Iterable[Check]:
    if not configuration.problems:
        yield Check("configuration", "ok", f"{len(configuration.entries)} providers")
    for problem in configuration.problems:
        remedy = ("Mend the file", "vox config validate shows each line")
        if problem.path.endswith(".env"):
            remedy = ("Give it its key", "set the variable for the daemon, or name a file, then: vox daemon restart")
        yield Check("configuration", "warning", str(problem), remedy)


def _found(*checks: Check) -> Making:
    async def making() -> Iterable[Check]:
        return checks

    return making


def _report(checks: list[Check]) -> dict[str, Any]:
    return {"ready": ready(checks), "checks": [check.shape() for check in checks]}
