"""The engines side by side: how well they hear and speak, how fast, and what they take. `vox bench` measures them.

    python -m benchmarks.engines [--quick] [--json FILE]

Every engine that is installed takes part; the extra `engines` has those whose weights come inside packages.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import Report, main
from benchmarks.weights import lay_out
from vox.host.command import builtins, is_builtin

__all__ = ["Engines", "measure"]

_ROOT = Path(__file__).parent.parent
_COMMAND = ("vox", "bench", "--all", "--runs", "1", "--data", "docs/audio")
_JUDGES = ("moonshine:tiny-en", "faster-whisper:base")
_QUICK = ("vox", "bench", "--data", "docs/audio", "--runs", "1")
_ENGINES = {"asr": ("moonshine", "faster-whisper"), "tts": ("hibari", "kokoro", "piper", "espeak")}
"""The providers whose weights come with packages; the rest would have to download theirs."""

_LIMIT_S = 3600


@dataclass(slots=True)
class Engines(Report):
    """What `vox bench` has printed."""

    table: str = ""

    def markdown(self) -> str:
        """The tables, with their method above them."""
        return f"{self.method}\n\n{self.table}"

    def document(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"name": self.name, "title": self.title, "method": self.method, "machine": self.machine, "rows": []} | {
            "table": self.table
        }


def measure(quick: bool = False) -> Engines:
    """Run everything and compare."""
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        home = Path(folder) / "home"
        if not quick:
            lay_out(models)
            _configure(home)
        environment = {**os.environ, "VOX_HOME": str(home), "VOX_MODELS": str(models)}
        environment |= {"VOX_PORT": "0", "VOX_ALIAS_PORTS": "0"}
        try:
            command = _QUICK if quick else (*_COMMAND, "--recogniser", ",".join(_judges(environment)))
            told = _vox((*command[1:], "--markdown"), environment)
        finally:
            _vox(("daemon", "stop"), environment)
    if told.returncode not in (0, 1):  # 1: some engine could not be measured, which its row says
        raise RuntimeError(f"{' '.join(command)} failed: {told.stderr}")
    method = (
        f"`{' '.join(command)}`, run by `python -m benchmarks.engines` on the engines whose weights come in packages. "
        "WER: word errors over the six recordings in docs/audio, and over twelve everyday sentences as the recogniser "
        "named in the head hears them."
    )
    return Engines("engines", "Engines", method, [], table=told.stdout)


def _configure(home: Path) -> None:
    known = builtins()
    entries = [
        {"id": name, "kind": kind, "builtin": True}
        for kind, names in _ENGINES.items()
        for name in names
        if is_builtin(name, known)
    ]
    home.mkdir(mode=0o700)
    file = home / "providers.json"
    file.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    file.chmod(0o600)


def _judges(environment: dict[str, str]) -> list[str]:
    """Those of the recognisers that are installed."""
    listed = _vox(("models", "list", "--kind", "asr", "--json"), environment).stdout
    return [model["id"] for model in json.loads(listed)["models"] if model["id"] in _JUDGES and model["installed"]]


def _vox(words: tuple[str, ...], environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "vox", *words]
    return subprocess.run(
        command, cwd=_ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=_LIMIT_S, check=False
    )


if __name__ == "__main__":
    raise SystemExit(main(measure, __doc__))
