"""The voices of espeak-ng and which of them speaks a language.

Both ways to reach the engine list the same facts; ids are made here, so a voice has one id whichever way is used.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["DEFAULT", "Listed", "Voice", "by_language", "by_name", "parse_table", "voices"]

DEFAULT = "en-us"
"""The voice when neither a voice nor a language was asked for."""

_ROW = re.compile(r"\s*(\d+)\s+(\S+)\s+\S+\s+(\S+)\s+(\S+)\s*(.*)")
_OTHER_LANGUAGE = re.compile(r"\((\S+) (\d+)\)")


class Listed(NamedTuple):
    """A voice as the engine lists it.

    Attributes:
        name: For people.
        file: What selects exactly this voice.
        languages: (tag, priority), the voice's own language first; of two voices the lower priority speaks it better.
    """

    name: str
    file: str
    languages: tuple[tuple[str, int], ...]


class Voice(NamedTuple):
    """A voice with its id.

    Attributes:
        id: The language's tag in lower case; where two voices share it, the second has its file's name.
        listed: What the engine says about it.
    """

    id: str
    listed: Listed

    @property
    def language(self) -> str:
        """BCP 47, in its usual spelling: `en-US`, `cmn-Latn-pinyin`."""
        return _spelt(self.listed.languages[0][0])

    def to_wire(self, model_id: str) -> dict[str, object]:
        """The voice as the protocol shows it."""
        return {
            "id": self.id,
            "name": self.listed.name,
            "language": self.language,
            "modelId": model_id,
            "default": self.id == DEFAULT,
        }


def voices(listed: Iterable[Listed]) -> list[Voice]:
    """The usable voices with ids, in the engine's order. MBROLA's need data that espeak-ng does not ship."""
    named: dict[str, Voice] = {}
    for voice in listed:
        if voice.languages and not voice.file.startswith(("mb/", "mb\\")):
            own = voice.languages[0][0].lower()
            identifier = own if own not in named else re.split(r"[/\\]", voice.file)[-1].lower()
            named.setdefault(identifier, Voice(identifier, voice))
    return list(named.values())


def parse_table(table: str) -> list[Listed]:
    """What `espeak-ng --voices` prints: priority, language, age and gender, name, file, other languages."""
    rows = (_ROW.fullmatch(line) for line in table.splitlines())
    return [
        Listed(
            name=row[3].replace("_", " ").strip(),
            file=row[4],
            languages=(
                (row[2], int(row[1])),
                *((tag, int(priority)) for tag, priority in _OTHER_LANGUAGE.findall(row[5])),
            ),
        )
        for row in rows
        if row
    ]


def by_name(known: list[Voice], name: str) -> Voice | None:
    """The voice with this id, name or file, whatever its case."""
    wanted = name.casefold()
    return next(
        (voice for voice in known if wanted in (voice.id, voice.listed.name.casefold(), voice.listed.file.casefold())),
        None,
    )


def by_language(known: list[Voice], tag: str) -> Voice | None:
    """The voice that speaks `tag` best, or else the same language of another region: `de-AT` is spoken by `de`."""
    wanted = tag.replace("_", "-").lower()
    while wanted:
        exact = [voice for voice in known if _priority(voice, wanted) is not None]
        if wanted == DEFAULT.partition("-")[0]:
            exact = [voice for voice in known if voice.id == DEFAULT] or exact
        if exact:
            return min(exact, key=lambda voice: _priority(voice, wanted) or 0)
        wanted = wanted.rpartition("-")[0]
    primary = tag.replace("_", "-").lower().partition("-")[0]
    return next((voice for voice in known if voice.id.partition("-")[0] == primary), None)


def _priority(voice: Voice, wanted: str) -> int | None:
    return next((priority for tag, priority in voice.listed.languages if tag.lower() == wanted), None)


def _spelt(tag: str) -> str:
    """A language tag with its script as a title and its region in capitals (RFC 5646, section 2.1.1)."""
    first, *rest = tag.lower().split("-")
    private = rest.index("x") if "x" in rest else len(rest)
    shaped = [part.upper() if len(part) == 2 else part.title() if len(part) == 4 else part for part in rest[:private]]
    return "-".join([first, *shaped, *rest[private:]])
