"""A real daemon for a test: a home of its own, no settings of the machine it runs on, and nothing left at the end."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from vox.client.api import Client
from vox.client.launch import connect
from vox.paths import Home
from vox.testing.fake_provider import FakeProvider

__all__ = ["running_daemon"]

_START_S = 20.0  # half a second is usual; a build server has other things to do
_END_S = 20.0
_LOOK_S = 0.01


@contextlib.contextmanager
def running_daemon(folder: Path, *providers: FakeProvider | dict[str, Any], **settings: Any) -> Generator[Client]:
    """Run a daemon with these providers, and give a client of it; both end with the context.

    Args:
        folder: Becomes its home.
        providers: Fake ones, or entries as in providers.json. The first model of each kind of fake ones is the default.
        settings: Keys of config.json, such as `defaultAsr`.

    Raises:
        RuntimeError: It did not start; the message holds what it printed.
    """
    home = Home(folder.absolute())
    home.ensure()
    fakes = [provider for provider in providers if isinstance(provider, FakeProvider)]
    others = [provider for provider in providers if not isinstance(provider, FakeProvider)]
    _write(home.providers_json, {"providers": [*others, *(entry for fake in fakes for entry in fake.entries)]})
    _write(home.config_json, {"port": 0, **_defaults(fakes), **settings})
    with _started(home) as process, contextlib.closing(Client(home, start=False, client_id="test")) as client:
        _wait_for(home, process)
        yield client


def _defaults(fakes: list[FakeProvider]) -> dict[str, str]:
    models = {kind: fake.model(kind) for fake in reversed(fakes) for kind in fake.kinds}
    return {f"default{kind.capitalize()}": model for kind, model in models.items()}


@contextlib.contextmanager
def _started(home: Home) -> Generator["subprocess.Popen[bytes]"]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VOX_")}
    environment |= {"VOX_HOME": str(home.root), "VOX_ALIAS_PORTS": "0"}  # those ports belong to the user's own daemon
    with (
        (home.logs / "voxd.stderr.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "vox.daemon"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home.root,
            env=environment,
        ) as process,
    ):
        try:
            yield process
        finally:
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """As Ctrl-C does it: the daemon ends its providers first. One that does not is killed, and they with it."""
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise RuntimeError(f"The daemon did not end within {_END_S:g} s and was killed.") from None


def _wait_for(home: Home, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while (channel := connect(home)) is None:
        if process.poll() is not None or time.monotonic() > deadline:
            said = (home.logs / "voxd.stderr.log").read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"The daemon did not start: {said.strip() or home.daemon_log}")
        time.sleep(_LOOK_S)
    channel.close()


def _write(file: Path, value: dict[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2), encoding="utf-8")
    file.chmod(0o600)
