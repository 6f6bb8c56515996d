"""How the agents' part of the daemon stands, in plain values."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["HubStatus", "ListeningState"]

ListeningState: TypeAlias = Literal["off", "listening", "recording", "transcribing", "playing", "muted"]
"""What goes on. `off`: the microphone is closed. `listening`: it is open. `recording`: somebody speaks.
`transcribing`: nobody speaks any more, and what was said is being recognised. `playing`: something is spoken.
`muted`: it is open for the words that end that."""


@dataclass(frozen=True, slots=True)
class HubStatus:
    """All that a status stream tells. Two of them are equal when nothing worth an event has happened."""

    state: ListeningState
    listening: bool
    """Whether it is wanted that agents are spoken to; the microphone is open once one is there."""
    muted: bool
    microphone: str | None
    """Name of the one that is open; None when none is."""
    listen_error: str | None
    """Why the microphone is not open although it should be, or nothing is recognised."""
    asr_model: str | None
    """The model that recognises, once it is known."""
    language: str | None
    """The one that is spoken, as the settings say or as it was detected last."""
    connected: tuple[str, ...]
    """Agents, in the order in which they came."""
    current: str | None
    """Whom the user speaks to."""
    speaking: bool
    """Whether something is heard from the loudspeaker."""
    queued: int
    """Texts that wait to be spoken."""
    tts_model: str | None
    """The model that spoke last, else the one that is configured."""
    tts_voice: str | None
    speech_error: str | None
    """Why the last text was not spoken."""
    loading: tuple[str, ...]
    """Models that are being loaded."""
