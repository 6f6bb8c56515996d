"""What is said to Vox rather than to an agent: to send, to be deaf for a while, to speak to somebody else."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from vox.config.openvip import OpenVipPhrases, Phrases
from vox.runtime.agents.names import likeness, name_words
from vox.runtime.spoken import Unit, units

__all__ = ["Command", "Phrasebook", "Said", "Switch"]

Command: TypeAlias = Literal["submit", "mute", "listen"]

_MOST_NAME_WORDS = 4  # an id of more words is called by its first ones
_ALMOST = 1e-9  # three words at 0.05 make 0.85, whatever floating point says
_LOOSE = " \t\n,;:-–—、，"  # what joined the text to a phrase that is gone


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase within a text, and the text without it."""

    before: str
    after: str
    trigger: str
    """The phrase as it was said."""
    confidence: float

    @property
    def text(self) -> str:
        """What is left."""
        return f"{self.before} {self.after}".strip()


@dataclass(frozen=True, slots=True)
class Switch:
    """Another agent is called."""

    before: str
    """The text until then."""
    agent: str
    confidence: float
    """How alike what was said and the agent's id are."""


class Phrasebook:
    """Finds phrases.

    Args:
        settings: Which there are.
    """

    def __init__(self, settings: OpenVipPhrases) -> None:
        self.settings = settings
        kinds: dict[Command | Literal["agent"], Phrases] = {
            "submit": settings.submit,
            "mute": settings.mute,
            "listen": settings.listen,
            "agent": settings.agent,
        }
        self._phrases = {
            kind: {language: [_read(phrase) for phrase in written] for language, written in by_language.items()}
            for kind, by_language in kinds.items()
        }

    def find(self, command: Command, text: str, language: str | None = None) -> Said | None:
        """The last phrase of a kind among the last words of a text; None where there is none, or too much follows.

        Args:
            language: Of the text, BCP 47; None where it is not known, and all languages' phrases count.
        """
        words, settings = _words(text), self.settings
        phrases = self._of(command, language)
        for start in range(len(words) - 1, max(0, len(words) - settings.within_words) - 1, -1):
            end = _match(phrases, words, start)
            if end is None:
                continue
            confidence = 1.0 - settings.confidence_per_word * (len(words) - end)
            if confidence + _ALMOST < settings.threshold:
                return None
            first, last = words[start].start, words[end - 1].end
            return Said(_begin(text[:first]), _rest(text[last:]), text[first:last], max(0.0, round(confidence, 3)))
        return None

    def find_agent(self, text: str, agents: Iterable[str], language: str | None = None) -> Switch | None:
        """The last call of an agent among the last words of a text."""
        words, settings, known = _words(text), self.settings, [(agent, name_words(agent)) for agent in agents]
        phrases = self._of("agent", language)
        for start in range(len(words) - 1, max(0, len(words) - settings.name_within_words) - 1, -1):
            end = _match(phrases, words, start)
            if end is None:
                continue
            spoken = [word.form for word in words[end : end + _MOST_NAME_WORDS]]
            found = _nearest(spoken, known)
            if found is not None and found[1] >= settings.name_threshold:
                return Switch(_begin(text[: words[start].start]), found[0], round(found[1], 3))
        return None

    def _of(self, kind: Command | Literal["agent"], language: str | None) -> "list[_Phrase]":
        by_language = self._phrases[kind]
        if language is None:
            return [phrase for phrases in by_language.values() for phrase in phrases]
        wanted = {"*", language.lower(), language.lower().partition("-")[0]}
        return [phrase for named, phrases in by_language.items() if named.lower() in wanted for phrase in phrases]


_Phrase: TypeAlias = list[list[list[str]]]
"""Places → what may stand there → its words: a script without blanks has several in what is written as one."""


def _read(phrase: str) -> _Phrase:
    places = [[_forms(choice) for choice in place.split("|")] for place in phrase.split()]
    return [[choice for choice in place if choice] for place in places]


def _forms(text: str) -> list[str]:
    return [word.form for word in _words(text)]


def _words(text: str) -> list[Unit]:
    """The words of a text; `O.K.` is the same one as `ok`."""
    words: list[Unit] = []
    for unit in units(text):
        if unit.form == "k" and words and words[-1].form == "o" and text[words[-1].end : unit.start] in (".", ". ", ""):
            words[-1] = Unit("ok", words[-1].start, unit.end)
        else:
            words.append(unit)
    return words


def _match(phrases: list[_Phrase], words: list[Unit], start: int) -> int | None:
    """Where the longest of the phrases that begin at a word ends; None where none does."""
    first = words[start].form
    begun = [phrase for phrase in phrases if phrase and any(choice[0] == first for choice in phrase[0])]
    ends = [end for phrase in begun if (end := _match_places(phrase, words, start)) is not None]
    return max((end for end in ends if end > start), default=None)


def _match_places(places: _Phrase, words: list[Unit], start: int) -> int | None:
    reached = {start}
    for place in places:
        reached = {
            at + len(choice)
            for at in reached
            for choice in place
            if [word.form for word in words[at : at + len(choice)]] == choice
        }
    return max(reached, default=None)


def _nearest(spoken: list[str], known: list[tuple[str, list[str]]]) -> tuple[str, float] | None:
    """The agent whose name the words begin with; of those that are as likely, the one with the longer name."""
    likely = [
        (max(likeness(spoken[:count], name) for count in range(1, len(spoken) + 1)), len(name), agent)
        for agent, name in known
        if spoken and name
    ]
    best = max(likely, key=lambda found: found[:2], default=None)
    return None if best is None else (best[2], best[0])


def _begin(text: str) -> str:
    return text.rstrip(_LOOSE).lstrip()


def _rest(text: str) -> str:
    return text.lstrip(_LOOSE + ".!?。！？").rstrip()
