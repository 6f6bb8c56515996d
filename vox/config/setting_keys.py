"""The keys of config.json as people write them: `llm.baseUrl`, `openAi.models.whisper-1`."""

import difflib
import types
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vox.config.settings import Settings
from vox.errors import InvalidRequest
from vox.log import is_secret_name

__all__ = ["Place", "fields_of", "is_secret", "kept_elsewhere", "mapped", "model_in", "place_of", "written_place"]

Place: TypeAlias = tuple[str, ...]
"""The names that lead to a setting, as they are in config.json."""

_NEAREST = 3
_UNIONS = (Union, types.UnionType, Annotated)


def place_of(key: str) -> Place:
    """What a key with dots means. The names of a mapping's entries may have dots themselves.

    Raises:
        InvalidRequest: There is no such setting.
    """
    return _place_in(Settings, key.split("."), ())


def fields_of(model: type[BaseModel]) -> dict[str, tuple[str, FieldInfo]]:
    """The settings of a group: name in config.json → name in Python, and what may stand there."""
    fields = ((field.alias or name, (name, field)) for name, field in model.model_fields.items())
    return {alias: found for alias, found in fields if not alias.startswith("$")}


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The group of settings that may stand there; None where one value stands, or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = get_args(annotation) if get_origin(annotation) in _UNIONS else ()
    return next((found for one in inner if (found := model_in(one)) is not None), None)


def mapped(annotation: Any) -> Any:
    """What may stand in the entries of a mapping; None where none may stand."""
    if get_origin(annotation) is dict:
        return get_args(annotation)[1]
    inner = get_args(annotation) if get_origin(annotation) in _UNIONS else ()
    return next((found for one in inner if (found := mapped(one)) is not None), None)


def is_secret(place: Place) -> bool:
    """Whether what stands there is not to be shown: a key, a token, and all in a group of such."""
    model: type[BaseModel] | None = Settings
    for index, name in enumerate(place):
        found = fields_of(model).get(name) if model is not None else None
        if found is None:
            return any(map(is_secret_name, place[index:]))
        if found[1].repr is False:
            return True
        model = model_in(found[1].annotation)
    return False


def kept_elsewhere(value: Any) -> bool:
    """Whether the value of a secret says where it is, and is none itself."""
    return value is None or (isinstance(value, str) and value.startswith(("${env:", "${file:")) and value.endswith("}"))


def written_place(document: Any, place: Place) -> Place:
    """The place as it is spelled in a document, which may have the names as they are in Python."""
    model: type[BaseModel] | None = Settings
    spelled: list[str] = []
    for name in place:
        found = fields_of(model).get(name) if model is not None else None
        fields = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
        ours = found[0] if found is not None and name not in fields and found[0] in fields else name
        spelled.append(ours)
        document, model = fields.get(ours), model_in(found[1].annotation) if found is not None else None
    return tuple(spelled)


def _place_in(model: type[BaseModel], steps: list[str], before: Place) -> Place:
    fields = fields_of(model)
    step, *rest = steps
    alias = next((alias for alias, (name, _) in fields.items() if step in (alias, name)), None)
    if alias is None:
        raise _unknown(before, step, fields)
    annotation = fields[alias][1].annotation
    if not rest:
        return *before, alias
    if (group := model_in(annotation)) is not None:
        return _place_in(group, rest, (*before, alias))
    if (entry := mapped(annotation)) is not None:
        return *before, alias, *_entry(entry, rest)
    told = ".".join((*before, alias))
    raise InvalidRequest(f"{told} is one value: nothing in it is called {'.'.join(rest)!r}. See: vox config get {told}")


def _entry(entry: Any, rest: list[str]) -> Place:
    """Name of a mapping's entry, and what is meant in it."""
    if entry is Any:
        return tuple(rest)
    group = model_in(entry)
    if group is not None and len(rest) > 1 and rest[-1] in fields_of(group):
        return ".".join(rest[:-1]), rest[-1]
    return (".".join(rest),)


def _unknown(before: Place, step: str, fields: Mapping[str, Any]) -> InvalidRequest:
    lead = "".join(f"{name}." for name in before)
    lower = {alias.lower(): alias for alias in fields}
    near = [lower[name] for name in difflib.get_close_matches(step.lower().replace("_", ""), lower, n=_NEAREST)]
    hint = f"Did you mean {' or '.join(lead + name for name in near)}? " if near else ""
    known = ", ".join(lead + name for name in fields)
    return InvalidRequest(f"There is no setting {lead + step!r}. {hint}There are: {known}.", nearest=near)
