"""Values of a request, checked. What is wrong with one is told with its name in `param`."""

from collections.abc import Mapping
from typing import Any

from vox.errors import InvalidRequest

__all__ = ["flag", "number", "one_of", "text", "wrong"]

_YES, _NO = {"true", "1", "yes", "on"}, {"false", "0", "no", "off", ""}


def wrong(name: str, told: str) -> InvalidRequest:
    """The error that says what is wrong with a field."""
    return InvalidRequest(told, param=name)


def text(fields: Mapping[str, Any], name: str) -> str | None:
    """A text without the blanks around it; None when there is none.

    Raises:
        InvalidRequest: It is something else.
    """
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise wrong(name, f"{name} must be a text.")
    return value.strip() or None


def one_of(fields: Mapping[str, Any], name: str, known: tuple[str, ...], default: str) -> str:
    """One of some words.

    Raises:
        InvalidRequest: It is another one.
    """
    value = text(fields, name) or default
    if value not in known:
        raise wrong(name, f"{name} is {value[:80]!r}; it must be one of {', '.join(known)}.")
    return value


def number(fields: Mapping[str, Any], name: str, least: float, most: float) -> float | None:
    """A number within bounds, written as one or as text; None when there is none.

    Raises:
        InvalidRequest: It is none, or beyond them.
    """
    value = fields.get(name)
    if value is None or value == "":
        return None
    try:
        read = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else None
    except (ValueError, OverflowError):
        read = None
    if read is None or not least <= read <= most:
        raise wrong(name, f"{name} must be a number from {least:g} to {most:g}.")
    return read


def flag(fields: Mapping[str, Any], name: str) -> bool:
    """A yes or no; no when there is none.

    Raises:
        InvalidRequest: It is neither.
    """
    value = fields.get(name)
    if isinstance(value, bool):
        return value
    word = str(value or "").strip().lower()
    if word not in _YES | _NO:
        raise wrong(name, f"{name} must be true or false.")
    return word in _YES
