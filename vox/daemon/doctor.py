"""Is everything in place? Checks, each with what to do when it is not."""

import importlib.util
from typing import Any

from vox.config import Configuration
from vox.errors import VoxError
from vox.paths import Home
from vox.runtime.runtime import Runtime
from vox.types import Kind

__all__ = ["run_checks"]


async def run_checks(home: Home, runtime: Runtime) -> dict[str, Any]:
    """`{ready, checks: [{name, status, detail, remediation?}]}`; ready means that no check says error."""
    runtime.registry.freshen()
    checks = [
        _check("runtime", "ok", f"home {home.root}"),
        _configuration(runtime.configuration),
        await _model(runtime, "asr", "model", "speech recognition"),
        await _model(runtime, "tts", "synthesis", "speech synthesis"),
        *await _providers(runtime),
        _containers(),
    ]
    return {"ready": all(check["status"] != "error" for check in checks), "checks": checks}


def _configuration(configuration: Configuration) -> dict[str, Any]:
    if not configuration.problems:
        return _check("configuration", "ok", f"{len(configuration.entries)} providers")
    told = "; ".join(str(problem) for problem in configuration.problems)
    return _check("configuration", "warning", told, "Mend the file", "vox config validate shows each line")


async def _model(runtime: Runtime, kind: Kind, name: str, what: str) -> dict[str, Any]:
    model = await runtime.default_model(kind)
    if model is not None:
        return _check(name, "ok", f"{what} by {model}")
    return _check(name, "error", f"no model for {what}", "Install the engines", 'pip install "voxhost[local]"')


async def _providers(runtime: Runtime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for provider in runtime.registry.providers:
        name = f"provider {provider.kind} {provider.id}"
        try:
            await provider.ready()
        except VoxError as error:
            found.append(_check(name, "warning", error.message, "Look at its log", f"vox providers logs {provider.id}"))
        else:
            found.append(_check(name, "ok", f"runs as process {provider.supervisor.pid}"))
    return found


def _containers() -> dict[str, Any]:
    if importlib.util.find_spec("av") is not None:
        return _check("containers", "ok", "m4a, mp4, webm and aac can be read")
    detail = "m4a, mp4, webm and aac cannot be read; WAV, FLAC, OGG, Opus and MP3 can"
    return _check("containers", "warning", detail, "Install the extra", 'pip install "voxhost[av]"')


def _check(name: str, status: str, detail: str, label: str | None = None, how: str | None = None) -> dict[str, Any]:
    check: dict[str, Any] = {"name": name, "status": status, "detail": detail}
    if label is not None:
        check["remediation"] = {"action": "run", "label": label, "detail": how}
    return check
