"""What a live session is asked for, and what it tells its client while it runs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from vox.audio.utterance import Utterance
from vox.errors import VoxError
from vox.types import Transcript, Word

__all__ = [
    "Asker",
    "Attendant",
    "DeviceChanged",
    "EndedBy",
    "Final",
    "Guessed",
    "Heard",
    "Level",
    "LiveRequest",
    "State",
    "StateChanged",
    "Tell",
    "Told",
    "Warned",
]

State = Literal["starting", "recording", "processing", "done", "cancelled", "error"]
"""Where a session stands. The last three are ends."""

EndedBy = Literal["stop", "recording_timeout", "microphone_lost", "recogniser_behind"]
"""Why no more was recorded."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks something of a session."""

    connection: str
    client: str = "unknown"
    owner: bool = False
    """Whether it is the daemon's owner."""
    program: bool = False
    """Whether it is a program of this machine rather than a web page."""


class Attendant(Protocol):
    """A part of the daemon that follows a session more closely than clients can. It gets what is recognised in the
    place of the client: that is told no `Heard`, and nothing is put together or kept. Nothing here waits."""

    def is_deaf(self) -> bool:
        """Whether what the microphone gives now counts as silence."""
        ...

    def wants_guesses(self) -> bool:
        """Whether a guess would be of use now."""
        ...

    def opened(self, device: str) -> None:
        """The microphone is open, and this is its name."""
        ...

    def began(self) -> None:
        """Somebody speaks."""
        ...

    def ended(self, piece: Utterance) -> None:
        """An utterance is over; it will be recognised. Somebody may go on speaking, where it was cut."""
        ...

    def recognised(self, piece: Utterance, transcript: Transcript) -> None:
        """What was said in it, which may be nothing. Each utterance comes once, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class LiveRequest:
    """What is to be recorded, and how it is recognised; None leaves it to the settings, the model or the system."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    hotwords: tuple[str, ...] | None = None
    words: bool | None = None
    device: str | None = None
    """Name of the microphone."""
    max_s: float | None = None
    """Seconds after which the recording ends by itself."""
    levels: bool = False
    """Tell how loud it is."""
    utterances: bool = False
    """Tell each utterance alone rather than all the text so far. Such a session may go on for a day, because it keeps
    no word timings and sends nothing twice."""
    guesses: bool = False
    """Tell also what an utterance that goes on seems to be."""
    attendant: Attendant | None = None
    """Who follows it."""


@dataclass(frozen=True, slots=True)
class StateChanged:
    """The session goes on to another state."""

    state: State
    previous: State | None
    reason: str | None = None
    """Why, where it was not the client's wish."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Something was recognised."""

    text: str
    """All of it so far; none for a session that tells utterances."""
    sequence: int
    """From 0, one more each time."""
    start: float
    """Seconds from the beginning of the recording to that of the newest utterance, and to its end:"""
    end: float
    utterance: str
    """The newest utterance."""
    words: tuple[Word, ...] | None
    """The words of the newest utterance."""


@dataclass(frozen=True, slots=True)
class Guessed:
    """What is being said seems to be this; its end may change."""

    text: str
    """All of it so far; only the utterance that goes on, for a session that tells utterances."""
    sequence: int
    """Counted together with `Heard`."""
    stable: int
    """Characters at its beginning that will stay."""


@dataclass(frozen=True, slots=True)
class Level:
    """How loud it was in the last tenth of a second, 0 to 1."""

    rms: float
    peak: float


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """Another microphone took the place of one that is gone, or the last one is gone (None)."""

    device: str | None
    previous: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something failed that is tried again; recording goes on."""

    error: VoxError


@dataclass(frozen=True, slots=True)
class Final:
    """All that was said."""

    session: str
    transcript: Transcript
    ended_by: EndedBy
    history_id: str | None = None


Told: TypeAlias = StateChanged | Heard | Guessed | Level | DeviceChanged | Warned | Final
"""What a client is told."""

Tell: TypeAlias = Callable[[Told], None]
"""Takes what is told; it does not wait."""
