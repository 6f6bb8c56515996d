"""A command line with places to fill in: which program to run for a call, and with which arguments.

`{path}` `{text}` `{out}` `{voice}` `{speed}` `{language}` `{model}` stand for what a call brings; `{voice|en}` names
what stands there when a call brings nothing, `{speed*175}` is the speed times 175 as a whole number. Any other brace is
an ordinary character. An argument stays one argument whatever is filled in, and no shell reads it.
"""

import json
import re
import shutil
from collections.abc import Mapping
from typing import Any, cast

from vox.provider import ProviderError

__all__ = ["Setup", "fill", "places", "read_setup"]

_PLACE = re.compile(r"\{([a-z]+)(?:\*(\d+(?:\.\d+)?))?(?:\|([^{}]*))?\}")
_EVERYWHERE = ("out", "language", "model")
_OF_KIND = {"asr": ("path", *_EVERYWHERE), "tts": ("text", "voice", "speed", *_EVERYWHERE)}
_INVALID = -32602  # JSON-RPC's number for parameters that cannot be used


class Setup:
    """What an entry of providers.json says of its command line.

    Attributes:
        id: The entry's id.
        kind: `asr` or `tts`.
        argv: Program and arguments, with places to fill in.
        models: Their ids; the first is the default.
        voices: Likewise; empty for a program that has one voice.
        max_concurrency: Calls at once.
        fault: Why it cannot be used; empty if it can.
    """

    def __init__(self, entry: Mapping[str, Any], fault: str = "") -> None:
        self.id = str(entry.get("id", "command"))
        self.kind = "tts" if entry.get("kind") == "tts" else "asr"
        self.argv = _texts(entry.get("argv"))
        self.models = _texts(entry.get("models")) or [self.id]
        self.voices = _texts(entry.get("voices"))
        limit = entry.get("maxConcurrency")
        self.max_concurrency = limit if isinstance(limit, int) and limit > 0 else 1
        self.fault = fault or self._fault()

    @property
    def program(self) -> str | None:
        """Where the program is; None when it is not there."""
        return shutil.which(self.argv[0]) if self.argv else None

    def uses(self, place: str) -> bool:
        """Whether the command line has that place."""
        return place in places(self.argv)

    def _fault(self) -> str:
        if not self.argv:
            return 'The entry has no "argv": write the command line to run, such as ["program", "{path}"].'
        allowed = _OF_KIND[self.kind]
        unknown = [place for place in places(self.argv) if place not in allowed]
        if unknown:
            return f"argv has {{{unknown[0]}}}, and a call of kind {self.kind} brings {', '.join(allowed)}."
        if self.kind == "asr" and not self.uses("path"):
            return "argv has no {path}: write it where the program expects the recording."
        return "" if not places(self.argv[:1]) else "argv begins with a place: write the program there."


def read_setup(text: str | None) -> Setup:
    """The setup in the text of `VOX_COMMAND`, a JSON object; what is wrong with it is its fault."""
    if not text:
        return Setup(
            {}, 'VOX_COMMAND is not set: write an entry with "builtin": "command" and "argv" in providers.json.'
        )
    try:
        entry = json.loads(text)
    except ValueError as error:
        return Setup({}, f"VOX_COMMAND is not JSON: {error}.")
    return Setup(cast("dict[str, Any]", entry)) if isinstance(entry, dict) else Setup({}, "VOX_COMMAND is no object.")


def places(argv: list[str]) -> list[str]:
    """The names of the places in the arguments."""
    return [found[1] for argument in argv for found in _PLACE.finditer(argument)]


def fill(argv: list[str], values: Mapping[str, str | float | None]) -> list[str]:
    """The arguments with everything filled in.

    A text that would begin an argument with a dash gets a space before it, so that no program takes it for an option;
    after an argument `--` it stays as it is.

    Raises:
        ProviderError: A place has no value and no default, or a name begins with a dash.
    """
    filled: list[str] = []
    for number, argument in enumerate(argv):
        text = _PLACE.sub(lambda found: _value(found, values), argument)
        is_text = argument.startswith("{text}") and "--" not in argv[:number]
        filled.append(f" {text}" if is_text and text.startswith("-") else text)
    return filled


def _value(found: "re.Match[str]", values: Mapping[str, str | float | None]) -> str:
    name, factor, default = found.groups()
    value = values.get(name)
    if value is None:
        if default is None:
            message = f"The request names no {name}, and argv has no default for it: write {{{name}|…}} there."
            raise ProviderError(message, rpc_code=_INVALID)
        return default
    if isinstance(value, float):
        return str(round(value * float(factor))) if factor else f"{value:g}"
    value = str(value)
    if name != "text" and value.startswith("-"):
        raise ProviderError(f"{name} must not begin with a dash: {value!r}.", rpc_code=_INVALID)
    return value


def _texts(value: Any) -> list[str]:
    return [item for item in cast("list[Any]", value) if isinstance(item, str)] if isinstance(value, list) else []
