"""Every file Vox reads or writes, in one place.

The home (`$VOX_HOME`, else `~/.vox`) holds what a user edits or reads; the runtime folder holds what must not outlive
the daemon (socket, spooled audio) and is private memory where the system offers it; the cache holds what can be made
again. Imports nothing heavy: the command line uses it.
"""

import os
from pathlib import Path

__all__ = ["Home"]

_SOCKET_LIMIT = 100  # bytes a socket path may have on every system (macOS allows 103)


class Home:
    """The folders and files of one Vox installation.

    Args:
        root: The home folder; it need not exist yet.
    """

    def __init__(self, root: Path, runtime_json: Path | None = None) -> None:
        self.root = root
        self.providers_json = root / "providers.json"
        self.config_json = root / "config.json"
        self.preferences_json = root / "preferences.json"
        self.origins_json = root / "origins.json"
        self.runtime_json = runtime_json or root / "runtime.json"
        self.performance_jsonl = root / "performance.jsonl"
        self.history_jsonl = root / "history.jsonl"
        self.agents_json = root / "agents.json"
        self.models_catalog = root / "cache" / "models-catalog.json"
        self.lock = root / "voxd.lock"
        self.logs = root / "logs"
        self.daemon_log = self.logs / "voxd.log"

    @classmethod
    def from_env(cls) -> "Home":
        """The home the environment names: `VOX_HOME`, and `VOX_RUNTIME_PATH` for the discovery file."""
        root = os.environ.get("VOX_HOME")
        runtime = os.environ.get("VOX_RUNTIME_PATH")
        return cls(
            Path(root).expanduser().absolute() if root else Path.home() / ".vox",
            Path(runtime).expanduser().absolute() if runtime else None,
        )

    def provider_log(self, provider: str) -> Path:
        """Where a provider's stderr is kept. An id is a table key, never a path: separators are replaced."""
        return self.logs / "providers" / f"{_as_name(provider)}.log"

    def provider_trace(self, provider: str) -> Path:
        """Where a provider's conversation is kept when traces are wanted."""
        return self.logs / "trace" / f"{_as_name(provider)}.jsonl"

    def secret(self, provider: str) -> Path:
        """Where the key of a provider is kept, for its entry to refer to."""
        return self.root / "secrets" / _as_name(provider)

    def ensure(self) -> None:
        """Make the home, private to its owner."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.logs.mkdir(exist_ok=True, mode=0o700)

    @property
    def runtime_dir(self) -> Path:
        """A private folder for the socket and the spool, one per home.

        `$XDG_RUNTIME_DIR` when there is one (memory, removed at logout), else the home itself; a socket path that
        would be too long for the system moves to the temporary folder.
        """
        base = os.environ.get("XDG_RUNTIME_DIR")
        folder = Path(base) / "vox" / _digest(self.root) if base and os.access(base, os.W_OK) else self.root / "run"
        if len(os.fsencode(folder / "vox.sock")) <= _SOCKET_LIMIT:
            return folder
        import tempfile  # as heavy as all the rest of this module, and rarely needed

        return Path(tempfile.gettempdir()) / f"vox-{_digest(self.root)}"

    @property
    def socket(self) -> Path:
        """The unix socket of the daemon."""
        return self.runtime_dir / "vox.sock"

    @property
    def spool(self) -> Path:
        """Normalised audio on its way to a provider; every file there belongs to a call that is running."""
        return self.runtime_dir / "spool"

    @property
    def cache(self) -> Path:
        """What can be made or downloaded again: `VOX_CACHE`, else the platform's cache folder."""
        named = os.environ.get("VOX_CACHE")
        if named:
            return Path(named).expanduser()
        from platformdirs import user_cache_path

        return user_cache_path("vox", appauthor=False)

    @property
    def models(self) -> Path:
        """Where installed weights live: `VOX_MODELS`, else below the cache."""
        named = os.environ.get("VOX_MODELS")
        return Path(named).expanduser() if named else self.cache / "models"


def _as_name(provider: str) -> str:
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in provider).lstrip(".")
    return safe or "_"


def _digest(path: Path) -> str:
    """Eight hex digits that tell homes apart (FNV-1a; nothing secret rests on it)."""
    value = 0x811C9DC5
    for byte in os.fsencode(path):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{value:08x}"
