"""`config.json` and the `VOX_*` environment: what is not about one provider. Environment beats file."""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from vox.config.described import Described

__all__ = ["DEFAULT_PORT", "Settings"]

DEFAULT_PORT = 42137
"""The port unmodified Vox clients try when they find no discovery file."""


class Settings(Described, BaseModel):
    """Settings of the daemon."""

    schema_: str | None = Field(default=None, alias="$schema")
    host: str = "127.0.0.1"
    """Address to listen on; only loopback addresses are accepted."""
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    """TCP port; 0 takes any free one, and so does the default when another program has it. runtime.json tells which."""
    default_asr: str | None = None
    """Model used for speech recognition when a request names none."""
    default_tts: str | None = None
    """Model used for speech synthesis when a request names none."""
    default_voice: str | None = None
    """Voice used with `defaultTts` when a request names none."""
    max_audio_bytes: int = Field(default=512 << 20, gt=0)
    """Largest audio file taken, in bytes."""
    max_audio_seconds: float = Field(default=24 * 3600.0, gt=0)
    """Longest audio taken, in seconds."""
    allowed_origins: list[str] = []
    """Web pages (scheme://host:port) that may use the daemon; none by default."""

    def with_environment(self, environment: Mapping[str, str] | None = None) -> "Settings":
        """These settings with `VOX_HOST`, `VOX_PORT`, `VOX_DEFAULT_ASR` and `VOX_DEFAULT_TTS` applied.

        Raises:
            pydantic.ValidationError: A variable holds what the setting cannot be.
        """
        source = os.environ if environment is None else environment
        given: dict[str, Any] = {field: source[name] for name, field in _VARIABLES.items() if source.get(name)}
        return Settings.model_validate({**self.model_dump(exclude_unset=True), **given}) if given else self


_VARIABLES = {
    "VOX_HOST": "host",
    "VOX_PORT": "port",
    "VOX_DEFAULT_ASR": "default_asr",
    "VOX_DEFAULT_TTS": "default_tts",
}
