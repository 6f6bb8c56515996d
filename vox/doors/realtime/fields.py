"""Reading a JSON object of a client field by field, with the path of what is wrong."""

import math
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from vox.doors.realtime.wire import EventError

__all__ = ["LONGEST_NAME", "Fields"]

LONGEST_NAME = 256
"""Characters of a model's, a voice's or a language's name."""

Name = TypeVar("Name", bound=str)
Text = TypeVar("Text", bound=str | None)
Whole = TypeVar("Whole", bound=int | None)
Flag = TypeVar("Flag", bound=bool | None)

_MOST = 1024  # entries of a list of strings
_DEEPEST = 100  # levels of a value: no schema has as many, and writers of JSON give up at 254


@dataclass(frozen=True, slots=True)
class Fields:
    """An object and where it stands. Each reader gives what is there, or `now` where the field is absent or null.

    Raises:
        EventError: By each reader, when the value is of another kind than it reads, or out of bounds.
    """

    values: dict[str, Any]
    path: str

    @classmethod
    def of(cls, value: object, path: str) -> "Fields":
        """An object at a path.

        Raises:
            EventError: It is something else.
        """
        if not isinstance(value, dict):
            raise EventError("invalid_value", f"`{path}` must be an object.", path)
        return cls(cast("dict[str, Any]", value), path)

    def given(self, name: str) -> bool:
        """Whether the field is there, null or not."""
        return name in self.values

    def is_null(self, name: str) -> bool:
        """Whether the field is null, or absent."""
        return self.values.get(name) is None

    def group(self, name: str) -> "Fields":
        """An object inside; an empty one where there is none."""
        value = self.values.get(name)
        return Fields.of({} if value is None else value, f"{self.path}.{name}")

    def anything(self, name: str, now: Any) -> Any:
        """A value of any kind."""
        value = self.values.get(name)
        return now if value is None else value

    def told_again(self, name: str, now: Any) -> Any:
        """A value of any kind that is sent on, or back, as it came: not nested too deep for that."""
        value = self.anything(name, now)
        if _levels_past(_DEEPEST, value):
            raise self.wrong(name, f"is nested more than {_DEEPEST} levels deep")
        return value

    def text(self, name: str, now: Text, longest: int | None = None) -> str | Text:
        """A string."""
        value = self.values.get(name)
        if value is None:
            return now
        if not isinstance(value, str):
            raise self.wrong(name, "must be a string")
        if longest is not None and len(value) > longest:
            raise self.wrong(name, f"has more than {longest} characters")
        return value

    def required(self, name: str) -> str:
        """A string that must be there and not be empty."""
        if self.is_null(name):
            raise EventError("missing_required_parameter", f"`{self._at(name)}` is missing.", self._at(name))
        text = self.text(name, None)
        if not text:
            raise self.wrong(name, "must not be empty")
        return text

    def flag(self, name: str, now: Flag) -> bool | Flag:
        """True or false."""
        value = self.values.get(name)
        if value is None:
            return now
        if not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return value

    def number(self, name: str, now: float, least: float, most: float) -> float:
        """A finite number within bounds."""
        value = self.values.get(name)
        if value is None:
            return now
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(name, "must be a number")
        if not least <= value <= most:
            raise self.wrong(name, f"must lie between {least:g} and {most:g}")
        return value

    def whole(self, name: str, now: Whole, least: int, most: int) -> int | Whole:
        """A whole number within bounds; 500.0 is one too."""
        if self.is_null(name):
            return now
        value = self.number(name, 0, least, most)
        if value != int(value):
            raise self.wrong(name, "must be a whole number")
        return int(value)

    def choice(self, name: str, now: Name, known: tuple[Name, ...]) -> Name:
        """One of some strings."""
        value = self.values.get(name)
        if value is None:
            return now
        if value not in known:
            raise self.wrong(name, f"must be one of {', '.join(known)}")
        return cast("Name", value)

    def texts(self, name: str, now: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """A list of strings."""
        value = self.values.get(name)
        if value is None:
            return now
        listed: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [None]
        if len(listed) > _MOST or not all(isinstance(one, str) for one in listed):
            raise self.wrong(name, "must be a list of strings")
        return tuple(listed)

    def wrong(self, name: str, what: str) -> EventError:
        """The error that a field's value is not what it must be."""
        return EventError("invalid_value", f"Invalid value: `{self._at(name)}` {what}.", self._at(name))

    def _at(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _levels_past(bound: int, value: Any) -> bool:
    level = [value]
    for _ in range(bound):
        level = [part for one in level for part in _parts(one)]
    return level != []


def _parts(value: Any) -> list[Any]:
    """What is inside an object or a list."""
    if isinstance(value, dict):
        return list(cast("dict[str, Any]", value).values())
    return cast("list[Any]", value) if isinstance(value, list) else []
