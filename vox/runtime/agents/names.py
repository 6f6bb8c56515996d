"""How alike an agent's name and what was heard are: by sound above all, because recognisers spell names their way."""

import re
from collections.abc import Iterable

from vox.runtime.spoken import units

__all__ = ["likeness", "name_words", "nearest"]

_SOUND, _SPELLING = 0.6, 0.4  # parts of the likeness
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def name_words(agent: str) -> list[str]:
    """The words of an id: `my-codeAgent_2` is said as `my code agent two`."""
    return [unit.form for unit in units(_HUMP.sub(" ", agent).replace("_", " "))]


def likeness(spoken: list[str], name: list[str]) -> float:
    """From 0 to 1, which is the same."""
    from jellyfish import metaphone  # loaded when somebody is called for the first time

    spelling = _similar("".join(spoken), "".join(name))
    sounds = ["".join(metaphone(word) for word in words if word.isascii()) for words in (spoken, name)]
    return _SOUND * _similar(*sounds) + _SPELLING * spelling if all(sounds) else spelling


def nearest(spoken: str, agents: Iterable[str], threshold: float) -> str | None:
    """The agent that is meant by a name, which may be its id; None when none is alike enough."""
    known = list(agents)
    if spoken in known:
        return spoken
    said = name_words(spoken)
    likely = [(likeness(said, name), agent) for agent in known if (name := name_words(agent)) and said]
    best = max(likely, key=lambda found: found[0], default=(0.0, None))
    return best[1] if best[0] >= threshold else None


def _similar(one: str, other: str) -> float:
    from jellyfish import levenshtein_distance

    longest = max(len(one), len(other))
    return 1.0 - levenshtein_distance(one, other) / longest if longest else 0.0
