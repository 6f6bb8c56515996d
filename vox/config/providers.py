"""One entry of providers.json. Source: the provider protocol, section "Configuration"."""

from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from vox.config.builtins import builtin_name, kind_of, kinds_of
from vox.config.described import Described
from vox.config.placement import Placement

__all__ = ["COMMAND", "ModelOptions", "ProviderEntry", "QueueOptions", "Timeouts", "schema"]

COMMAND = "command"
"""The bundled program that makes an engine of any command line; its entries say which in `argv`."""


class _Entry(Described, BaseModel):
    """A part of providers.json."""


def _read_keep_alive(value: Any) -> Any:
    """`"5m"`, `"30s"`, `"1h"` or seconds; 0 stops at once, -1 never."""
    if isinstance(value, str) and value[-1:] in _UNITS and value[:-1].replace(".", "", 1).isdigit():
        return float(value[:-1]) * _UNITS[value[-1]]
    return value


_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}

KeepAlive = Annotated[
    float, BeforeValidator(_read_keep_alive, json_schema_input_type=float | str), Field(ge=-1, allow_inf_nan=False)
]


class QueueOptions(_Entry):
    """The waiting line of a provider."""

    max: int = Field(default=32, ge=0)
    """Calls that may wait; 0 refuses at once when the limit is reached."""
    timeout_ms: int = Field(default=30_000, ge=0)
    """How long a call may wait, in milliseconds."""


class Timeouts(_Entry):
    """How long each step may take, in milliseconds. What is not given follows the formulas of the manual."""

    start_ms: int = Field(default=20_000, gt=0)
    """From the start of the process to its first answer."""
    models_ms: int = Field(default=20_000, gt=0)
    """`models` and `voices`."""
    preload_ms: int = Field(default=300_000, gt=0)
    """`preload`: to load a model; each sign of progress gives it that long again."""
    install_idle_ms: int = Field(default=60_000, gt=0)
    """An install has no time limit, but must report progress this often."""
    transcribe_ms: int | None = Field(default=None, gt=0)
    """`transcribe`; default: 3 times the audio's duration and 20 s, at least 30 s."""
    synthesize_ms: int | None = Field(default=None, gt=0)
    """`synthesize`; default: 20 ms a character and 20 s, at least 30 s."""
    call_ms: int = Field(default=300_000, gt=0)
    """A request made by hand with `vox providers run`."""
    stop_ms: int = Field(default=2_000, ge=0)
    """To end by itself once its input has ended; then it gets a polite signal."""
    kill_ms: int = Field(default=2_000, ge=0)
    """To end after the polite signal; then it gets the final one."""

    def transcribe_s(self, duration_s: float) -> float:
        """Seconds a transcription of that much audio may take."""
        return self.transcribe_ms / 1000 if self.transcribe_ms else max(30.0, 3 * duration_s + 20.0)

    def synthesize_s(self, characters: int) -> float:
        """Seconds a synthesis of that many characters may take."""
        return self.synthesize_ms / 1000 if self.synthesize_ms else max(30.0, 0.02 * characters + 20.0)


class ModelOptions(_Entry):
    """What differs for one model of the entry."""

    max_concurrency: int | None = Field(default=None, ge=1)
    """Calls of this model inside the provider at once."""
    keep_alive: KeepAlive | None = None
    """As the entry's, for this model; a process stays as long as the model in it that may stay longest."""


_HAS_A_PROGRAM: list[Any] = [
    {"required": ["command"]},
    {"required": ["builtin"], "properties": {"builtin": {"anyOf": [{"const": True}, {"type": "string"}]}}},
]


class ProviderEntry(_Entry):
    """A provider: a program and how to run it."""

    model_config = ConfigDict(json_schema_extra={"anyOf": _HAS_A_PROGRAM})

    id: str = Field(min_length=1, max_length=128)
    """Name of the provider; the pair (id, kind) is unique."""
    kind: Literal["asr", "tts"] = "asr"
    """What it does; a program that does both has two entries. Default: what the built-in does, where it does one thing
    alone; else asr."""
    enabled: bool = True
    """False leaves the entry out without removing it, as `vox providers disable` does."""
    builtin: bool | str = False
    """Use the bundled program of that id, or of the name written here."""
    command: list[str] | None = Field(default=None, min_length=1)
    """Program and arguments to start; looked up on PATH, never given to a shell."""
    argv: list[str] | None = Field(default=None, min_length=1)
    """For the built-in `command` alone: the command line that is run for each call, such as ["espeak-ng", "-w",
    "{out}", "{text}"]."""
    voices: list[str] | None = None
    """For the built-in `command` alone: the voices it may be asked for, the default one first."""
    models: list[str] | None = None
    """Model ids this entry serves; without it, what the program answers to `models`."""
    env: dict[str, str] = {}
    """Extra environment; a value may be "${env:NAME}" or "${file:PATH}"."""
    max_concurrency: int | None = Field(default=None, ge=1)
    """Calls inside one process at once; default: what the program advertises, else 1 for asr and 4 for tts."""
    replicas: int = Field(default=1, ge=1)
    """Processes of this entry at most; another one is started when those that run are full."""
    queue: QueueOptions = QueueOptions()
    keep_alive: KeepAlive = -1
    """Stop after idling that long: seconds or "5m"; 0 at once, -1 never."""
    preload: list[str] = []
    """Models loaded when the daemon starts, so that the first call need not wait for it."""
    timeouts: Timeouts = Timeouts()
    model_options: dict[str, ModelOptions] = {}
    """Options per model id."""
    cwd: str | None = None
    """Working folder; default: the folder of providers.json."""
    placement: Placement | None = None
    """Where its processes run; default: on this machine."""

    @property
    def processes(self) -> int:
        """How many of them there are at most."""
        return self.replicas if self.placement is None else self.placement.ray.replicas

    @property
    def program(self) -> str | None:
        """The bundled program it uses, by the name that program has here; None for a program of the user's."""
        if self.command or not self.builtin:
            return None
        return builtin_name(self.id if self.builtin is True else self.builtin, self.kind)

    @model_validator(mode="before")
    @classmethod
    def _of_the_kind_of_its_program(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        fields = cast("dict[str, Any]", value)
        return fields if "kind" in fields else {**fields, "kind": kind_of(fields)}

    @model_validator(mode="after")
    def _has_a_program(self) -> "ProviderEntry":
        if not self.builtin and not self.command:
            raise ValueError('needs "command": ["program", "argument"] or "builtin": true')
        kinds = kinds_of(self.program) if self.program else []
        if kinds and self.kind not in kinds:
            raise ValueError(
                f'is of kind {self.kind}, but its built-in {self.program!r} is not: write "kind": "{kinds[0]}"'
            )
        if self.program == COMMAND and not self.argv:
            raise ValueError('needs "argv", the command line to run: ["program", "{path}"]')
        if self.program != COMMAND and (self.argv or self.voices is not None):
            raise ValueError('has "argv" or "voices", which belong to "builtin": "command"')
        if self.placement is not None and "replicas" in self.model_fields_set:
            raise ValueError('has a placement: write "replicas" there, not beside it')
        return self


class _ProvidersFile(_Entry):
    """The file `providers.json`."""

    schema_: str | None = Field(default=None, alias="$schema")
    providers: list[ProviderEntry]


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of providers.json."""
    document = _ProvidersFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "title": "Vox providers.json"}
