"""Where models lie on this computer. Imports no model library."""

import os
from pathlib import Path

__all__ = ["models_folder"]


def models_folder(provider: str) -> Path:
    """The folder of one provider's models: `<models>/<provider>`, where `<models>` is `VOX_MODELS`, else `models` in
    `VOX_HOME` (`~/.vox`)."""
    named = os.environ.get("VOX_MODELS")
    if named:
        return Path(named).expanduser() / provider
    home = os.environ.get("VOX_HOME")
    return (Path(home).expanduser() if home else Path.home() / ".vox") / "models" / provider
