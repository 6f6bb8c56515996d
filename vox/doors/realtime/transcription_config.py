"""How what the user says is recognised, in the client's words."""

from dataclasses import dataclass
from typing import Any

from vox.doors.realtime.fields import LONGEST_NAME, Fields

__all__ = ["Transcription"]

_BY_HAND = ("gpt-realtime-whisper", "gpt-live-transcribe")


@dataclass(frozen=True, slots=True)
class Transcription:
    """How what the user says is recognised. None leaves it to the daemon's defaults."""

    model: str | None = None
    """As the client named it, perhaps one of OpenAI's names."""
    language: str | None = None
    prompt: str | None = None

    @property
    def by_hand(self) -> bool:
        """Whether clients end the turns unless they say otherwise, as that model does not find them at OpenAI's."""
        return self.model is not None and self.model.startswith(_BY_HAND)

    def shape(self) -> dict[str, Any]:
        """In GA shape; what was not said is absent."""
        told = {"model": self.model, "language": self.language, "prompt": self.prompt}
        return {name: value for name, value in told.items() if value is not None}

    def merged(self, fields: Fields) -> "Transcription":
        """With what an update names.

        Raises:
            EventError: A value cannot be used.
        """
        fields.text("delay", None, LONGEST_NAME)  # of OpenAI's whisper: ours never waits
        return Transcription(
            model=fields.text("model", self.model, LONGEST_NAME),
            language=fields.text("language", self.language, LONGEST_NAME),
            prompt=fields.text("prompt", self.prompt),
        )
