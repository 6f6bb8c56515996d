"""What each setting is, and where that comes from: a default, config.json, preferences.json or a variable."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

from pydantic import BaseModel

from vox.config.file import ConfigFile, Problem, read_file
from vox.config.load import load
from vox.config.setting_keys import Place, fields_of, is_secret, kept_elsewhere, mapped, model_in, written_place
from vox.config.settings import variables_set
from vox.log import REDACTED
from vox.paths import Home

__all__ = ["Origin", "SettingValue", "setting_values"]

Origin: TypeAlias = Literal["default", "file", "preferences", "environment"]


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting."""

    place: Place
    value: Any
    """As config.json would have it; a secret is `[redacted]`, unless the setting says where it is kept."""
    origin: Origin
    source: str | None
    """File and line, or the variable; None for a default."""

    @property
    def key(self) -> str:
        """As people write it."""
        return ".".join(self.place)


def setting_values(
    home: Home, environment: Mapping[str, str] | None = None
) -> tuple[list[SettingValue], tuple[Problem, ...]]:
    """All settings in force for a daemon that starts now with this environment, and what is wrong in the files."""
    configuration = load(home)
    about_settings = tuple(one for one in configuration.problems if one.file != str(home.providers_json))
    ignored = {one.path for one in about_settings if one.file == "environment"}
    variables = {
        place: name
        for place, name in variables_set(environment).items()
        if ("realtime" if place.startswith("realtime.") else "VOX_*") not in ignored
    }
    file = read_file(home.config_json, "")
    reader = _Reader(file, variables, str(home.preferences_json))
    settings = configuration.settings
    return list(reader.group(type(settings), settings, (), ())), about_settings


class _Reader:
    def __init__(self, file: ConfigFile | None, variables: dict[str, str], preferences: str) -> None:
        self._file, self._variables, self._preferences = file, variables, preferences

    def group(
        self, model: type[BaseModel], settings: BaseModel | None, place: Place, names: Place
    ) -> Iterator[SettingValue]:
        """The settings of a group; one that is not there has its defaults."""
        given = settings.model_fields_set if settings is not None else set[str]()
        shown = settings if settings is not None else model.model_construct()
        for alias, (name, field) in fields_of(model).items():
            value, here = getattr(shown, name), (*place, alias)
            group = model_in(field.annotation)
            if group is not None:
                yield from self.group(group, value, here, (*names, name))
            elif mapped(field.annotation) is not None and value:
                for entry, inner in cast("dict[str, Any]", value).items():
                    yield self._told((*here, entry), inner, (*names, name), name in given)
            else:
                yield self._told(here, value, (*names, name), name in given)

    def _told(self, place: Place, value: Any, names: Place, given: bool) -> SettingValue:
        plain = value.model_dump(by_alias=True, exclude_unset=True) if isinstance(value, BaseModel) else value
        hidden = REDACTED if is_secret(place) and not _may_be_shown(plain) else plain
        return SettingValue(place, hidden, *self._origin(place, ".".join(names), given))

    def _origin(self, place: Place, dotted: str, given: bool) -> tuple[Origin, str | None]:
        variable = self._variables.get(dotted)
        if variable is not None:
            return "environment", variable
        if not given:
            return "default", None
        file = self._file
        if file is not None and _is_there(file.value, spelled := written_place(file.value, place)):
            line = file.problem(spelled, "", "").line
            return "file", f"{file.path}:{line}"
        return "preferences", self._preferences


def _may_be_shown(value: Any) -> bool:
    return kept_elsewhere(value) or (not isinstance(value, str) and not value) or isinstance(value, bool | int | float)


def _is_there(document: Any, place: Place) -> bool:
    for name in place:
        if not isinstance(document, dict) or name not in document:
            return False
        document = cast("dict[str, Any]", document)[name]
    return True
