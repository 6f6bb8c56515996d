"""One live session of the daemon's own, for agents: to whom each utterance was said, and what it was."""

from collections import deque
from collections.abc import Callable

from vox.audio.utterance import Utterance
from vox.types import Transcript

__all__ = ["Sitting"]


class Sitting:
    """Follows a session, as `vox.runtime.live.told.Attendant`.

    Args:
        wishes: Model and language it was begun with; None is the default, and whichever is detected.
        current: Whom the user speaks to.
        is_deaf: Whether nothing is to be heard now.
        wants_guesses: Whether somebody wants to know what is being said.
        take: Given what was said, and to whom.
        changed: Called whenever somebody begins or ceases to speak, and when something was recognised.
    """

    def __init__(
        self,
        wishes: tuple[str | None, str | None],
        current: Callable[[], str | None],
        is_deaf: Callable[[], bool],
        wants_guesses: Callable[[], bool],
        take: Callable[[Transcript, str | None], object],
        changed: Callable[[], object],
    ) -> None:
        self.wishes = wishes
        self._current, self._take, self._changed = current, take, changed
        self.is_deaf, self.wants_guesses = is_deaf, wants_guesses
        self.id: str | None = None
        """Of the session."""
        self.device: str | None = None
        """The microphone that is open."""
        self.ending = False
        """Whether we want it to end."""
        self.over = False
        """Whether it needs the microphone no more."""
        self.speaks = False
        """Whether somebody speaks."""
        self._targets = deque[str | None]()

    @property
    def pending(self) -> int:
        """Utterances that are not recognised yet."""
        return len(self._targets)

    def opened(self, device: str) -> None:
        """The microphone is open."""
        self.device = device
        self._changed()

    def began(self) -> None:
        """Somebody speaks."""
        self.speaks = True
        self._changed()

    def ended(self, piece: Utterance) -> None:
        """An utterance is over: it was said to whoever is the current agent now."""
        self.speaks = False
        self._targets.append(self._current())
        self._changed()

    def recognised(self, piece: Utterance, transcript: Transcript) -> None:
        """What was said in it. Utterances come in their order."""
        target = self._targets.popleft()
        self._take(transcript, target)
        self._changed()

    def release(self) -> None:
        """The microphone is free."""
        self.device, self.over, self.speaks = None, True, False
        self._changed()

    def give_up(self) -> None:
        """Nothing else will be recognised."""
        self._targets.clear()
        self.release()
