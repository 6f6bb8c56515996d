"""Every message between Vox and a provider as a shape, and the JSON Schemas made from them.

Reading a provider's answers is the task of `vox.protocol.provider`, which forgives; these shapes say what the protocol
asks for. Nothing loads them while calls run. The schemas lie beside this module in `schemas/`, written by
`scripts/generate-docs`. Source: the provider protocol, sections "Methods" and "Additions a provider may offer".
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, RootModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

__all__ = ["NOTIFICATIONS", "REQUESTS", "RESULTS", "schemas"]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

_Measure = Annotated[float, Field(ge=0)]
_Seconds = Annotated[float, Field(ge=0, description="Seconds from the start of the audio.")]
_Fraction = Annotated[float, Field(ge=0, le=1)]
_Rate = Annotated[int, Field(ge=8000, le=192_000, description="Hz.")]
_Base64 = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]*={0,2}$", description="RFC 4648, without line ends.")]
_Id = Annotated[int, Field(ge=1, description="The id of the request it belongs to.")]
_Stream = Annotated[str | int, Field(description="As stream.start answered.")]


def _to_camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


def _numbers_only(schema: dict[str, Any]) -> None:
    schema["additionalProperties"] = {"type": "number", "minimum": 0}


class _Shape(BaseModel):
    """Members that are not named here are allowed, and ignored by whoever reads the message."""

    model_config = ConfigDict(alias_generator=_to_camel, populate_by_name=True, extra="allow", protected_namespaces=())


# ---- parts


class ModelInfo(_Shape):
    """A model. Only its id is needed."""

    id: str = Field(min_length=1)
    name: str = Field(default="", description="Default: the id.")
    backend: str = Field(default="", description="Default: the provider's id.")
    installed: bool = Field(default=True, description="Its files are here.")
    preloaded: bool = Field(default=False, description="It is in memory.")
    available: bool = Field(default=True, description="It can be used on this machine.")
    kind: Literal["asr", "tts"] | None = None
    languages: list[str] = Field(default=[], description="BCP 47.")
    max_concurrency: int | None = Field(default=None, ge=1, description="Calls it takes at once.")
    sample_rate: _Rate | None = None
    size_bytes: int | None = Field(default=None, ge=0)
    words: bool = Field(default=False, description="It gives word timings.")
    streaming: bool = False
    features: list[str] = []
    description: str = ""
    remedy: str = Field(default="", description="What to do to make it usable, in one line, when it is not.")


class Word(_Shape):
    """A word and when it is spoken."""

    word: str
    start: _Seconds
    end: _Seconds
    confidence: _Fraction | None = None


class Segment(_Shape):
    """A piece of the text and when it is spoken."""

    id: int = 0
    start: _Seconds
    end: _Seconds
    text: str


class Voice(_Shape):
    """A voice. Only its id is needed."""

    id: str = Field(min_length=1)
    name: str = ""
    language: str | None = Field(default=None, description="BCP 47.")
    backend: str = ""
    model_id: str | None = None
    available: bool = True
    default: bool = False


class RecognitionMetrics(_Shape):
    """Milliseconds, whole or not. Other numbers may be added."""

    model_config = ConfigDict(json_schema_extra=_numbers_only)

    inference_ms: _Measure
    total_ms: _Measure
    model_load_ms: _Measure | None = None
    audio_load_ms: _Measure | None = None
    audio_prepare_ms: _Measure | None = None
    file_check_ms: _Measure | None = None
    model_check_ms: _Measure | None = None
    audio_duration_ms: _Measure | None = None


class SpeechMetrics(_Shape):
    """Milliseconds, whole or not, unless the name says otherwise. Other numbers may be added."""

    model_config = ConfigDict(json_schema_extra=_numbers_only)

    total_ms: _Measure
    synthesis_ms: _Measure | None = Field(default=None, description="inferenceMs is accepted for it.")
    inference_ms: _Measure | None = None
    model_load_ms: _Measure | None = None
    model_check_ms: _Measure | None = None
    voice_resolve_ms: _Measure | None = None
    audio_duration_ms: _Measure | None = None
    output_bytes: _Measure | None = None
    character_count: _Measure | None = None


class ErrorData(_Shape):
    """What a program can understand of an error."""

    code: str | None = Field(default=None, description="provider_busy, model_not_found, voice_not_found, …")
    retry_after_ms: _Measure | None = None


class ErrorObject(_Shape):
    """An error of JSON-RPC 2.0. -32001 is busy, -32601 an unknown method, -32602 bad parameters, -32800 cancelled."""

    code: int
    message: str
    data: ErrorData | None = None


# ---- parameters of requests and notifications


class NoParams(_Shape):
    """Nothing is asked for."""


class ModelParams(_Shape):
    """Which model."""

    model_id: str


class TranscribeParams(ModelParams):
    """Optional ones are sent only when a client gave them, or when the feature they belong to is declared."""

    path: str = Field(description="A WAV that Vox wrote: mono, 16-bit PCM, 16 kHz or the model's sampleRate.")
    language: str | None = Field(default=None, description="BCP 47.")
    prompt: str | None = None
    hotwords: list[str] | None = None
    words: bool | None = Field(default=None, description="Word timings are wanted.")
    temperature: float | None = None
    task: Literal["transcribe", "translate"] | None = None
    request_id: str | int | None = None
    partials: bool | None = Field(default=None, description="With the feature transcribe.partials.")


class VoicesParams(_Shape):
    """The voices of one model, or of all."""

    model_id: str | None = None


class SynthesizeParams(ModelParams):
    """Optional ones are sent only when a client gave them, or when the feature they belong to is declared."""

    input: str = Field(description="The text.")
    format: str = Field(description="Always wav in this version.")
    voice_id: str | None = None
    speed: float | None = Field(default=None, gt=0)
    instructions: str | None = None
    language: str | None = Field(default=None, description="BCP 47.")
    request_id: str | int | None = None
    stream: bool | None = Field(default=None, description="With the feature synthesize.stream.")
    out_dir: str | None = Field(default=None, description="With the feature audio.path: a folder for the file.")
    credentials: dict[str, str] | None = Field(default=None, description="With the feature credentials: keys to use.")


class StreamStartParams(ModelParams):
    """With the feature transcribe.stream."""

    sample_rate: _Rate
    language: str | None = Field(default=None, description="BCP 47.")


class StreamParams(_Shape):
    """Which stream."""

    stream_id: _Stream


class StreamAudioParams(StreamParams):
    """The next piece of live audio: PCM, 16-bit little-endian, mono."""

    audio_base64: _Base64


class ImportParams(_Shape):
    """With the feature models.import: files of a model that lie on this machine."""

    model_id: str | None = Field(default=None, description="Without it: only tell which models the files could be.")
    path: str = Field(description="A folder.")
    how: Literal["copy", "link", "move"] = "copy"


class CancelParams(_Shape):
    """With the feature cancel: nobody waits for that request any more."""

    id: _Id


class Progress(_Shape):
    """How far an install or preload is."""

    model_id: str
    progress: _Fraction
    status: str = ""
    request_id: str | int | None = None
    bytes_done: int | None = Field(default=None, ge=0)
    bytes_total: int | None = Field(default=None, ge=0)


class ProgressEvent(_Shape):
    """Progress in the form of the first published page."""

    event: Literal["progress"]
    data: Progress


class AudioParams(_Shape):
    """The next piece of a speech: PCM, 16-bit little-endian, mono."""

    id: _Id
    sequence: int = Field(ge=0, description="0, 1, 2, …")
    audio_base64: _Base64
    sample_rate: _Rate | None = Field(default=None, description="Hz; in the first piece.")


class PartialParams(_Shape):
    """All the text recognised so far, of a request or of a live stream."""

    id: _Id | None = None
    stream_id: _Stream | None = None
    text: str
    stable: int | bool | None = Field(default=None, description="Characters that will stay; true for all.")


# ---- results


class ModelsResult(_Shape):
    """The models, and what the provider is able to do besides."""

    models: list[ModelInfo]
    max_concurrency: int | None = Field(default=None, ge=1, description="Calls it takes at once.")
    features: list[str] = []


class WrappedModel(_Shape):
    """A model in an object of its own."""

    model: ModelInfo


class ModelResult(RootModel[WrappedModel | ModelInfo]):
    """A ModelInfo, bare or wrapped."""


class Fits(_Shape):
    """The models whose files these could be."""

    fits: list[str]


class ImportResult(RootModel[WrappedModel | ModelInfo | Fits]):
    """A ModelInfo, bare or wrapped; what the files could be, when the request names no model."""


class Used(_Shape):
    """Which wishes of the request were followed."""

    language: bool | str | None = None
    prompt: bool | None = None
    hotwords: bool | list[str] | None = None


class TranscribeResult(_Shape):
    """The recognised text."""

    model_id: str | None = None
    text: str = Field(description="Empty when there was no speech.")
    elapsed_ms: _Measure | None = None
    metrics: RecognitionMetrics
    words: list[Word] | None = None
    segments: list[Segment] | None = None
    language: str | None = Field(default=None, description="BCP 47.")
    confidence: _Fraction | None = None
    used: Used | None = None


class VoicesResult(_Shape):
    """The voices."""

    voices: list[Voice]


class SynthesizeResult(_Shape):
    """The speech: in audioBase64, unless it was streamed, or lies in a file (feature audio.path)."""

    model_id: str | None = None
    voice_id: str | None = None
    format: str = "wav"
    content_type: str = "audio/wav"
    audio_base64: _Base64 | None = None
    audio_path: str | None = None
    elapsed_ms: _Measure | None = None
    metrics: SpeechMetrics


class StreamStartResult(_Shape):
    """The stream that was opened."""

    stream_id: str | int


_Message: TypeAlias = type[BaseModel]

REQUESTS: dict[str, _Message] = {
    "models": NoParams,
    "install": ModelParams,
    "preload": ModelParams,
    "import": ImportParams,
    "remove": ModelParams,
    "transcribe": TranscribeParams,
    "voices": VoicesParams,
    "synthesize": SynthesizeParams,
    "stream.start": StreamStartParams,
    "stream.finish": StreamParams,
}
"""Method → the parameters Vox sends."""

RESULTS: dict[str, _Message] = {
    "models": ModelsResult,
    "install": ModelResult,
    "preload": ModelResult,
    "import": ImportResult,
    "remove": ModelResult,
    "transcribe": TranscribeResult,
    "voices": VoicesResult,
    "synthesize": SynthesizeResult,
    "stream.start": StreamStartResult,
    "stream.finish": TranscribeResult,
}
"""Method → the result a provider answers with."""

NOTIFICATIONS: dict[str, _Message] = {
    "cancel": CancelParams,
    "stream.audio": StreamAudioParams,
    "stream.cancel": StreamParams,
    "progress": Progress,
    "notification": ProgressEvent,
    "audio": AudioParams,
    "partial": PartialParams,
}
"""Method → the parameters; the first three are sent by Vox, the others by a provider."""


def schemas() -> dict[str, dict[str, Any]]:
    """File name → JSON Schema (2020-12). Requests, answers and notifications are whole messages."""
    made = {f"{method}.request": _request(method, params) for method, params in REQUESTS.items()}
    made |= {f"{method}.answer": _answer(method, result) for method, result in RESULTS.items()}
    made |= {f"{method}.notification": _notification(method, params) for method, params in NOTIFICATIONS.items()}
    made["error.answer"] = _error()
    return {f"{name}.json": {"$schema": _DIALECT, "title": name, **schema} for name, schema in sorted(made.items())}


class _WithoutTitles(GenerateJsonSchema):
    """The name of a member is title enough, and its absence the same as null."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        made = super().default_schema(schema)
        if made.get("default", ...) is None:
            del made["default"]
        return made


def _request(method: str, params: _Message) -> dict[str, Any]:
    shape = _schema_of(params)
    members = {"id": {"type": "integer", "minimum": 1}, "method": {"const": method}, "params": shape}
    return _message(members, ["id", "method", *(["params"] if shape.get("required") else [])])


def _answer(method: str, result: _Message) -> dict[str, Any]:
    return _message({"id": {"type": "integer"}, "result": _schema_of(result)}, ["id", "result"])


def _notification(method: str, params: _Message) -> dict[str, Any]:
    members = {"method": {"const": method}, "params": _schema_of(params), "id": False}
    return _message(members, ["method", "params"])


def _error() -> dict[str, Any]:
    error: dict[str, Any] = TypeAdapter(ErrorObject | str).json_schema(by_alias=True, schema_generator=_WithoutTitles)
    return _message({"id": {"type": ["integer", "null"]}, "error": error}, ["id", "error"])


def _schema_of(shape: _Message) -> dict[str, Any]:
    return shape.model_json_schema(by_alias=True, schema_generator=_WithoutTitles)


def _message(members: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """The schema of a message; shapes that its members share are gathered at its top."""
    shared: dict[str, Any] = {}
    for member in members.values():
        if isinstance(member, dict):
            shared |= member.pop("$defs", {})
    properties = {"jsonrpc": {"const": "2.0"}, **members}
    whole = {"type": "object", "properties": properties, "required": ["jsonrpc", *required]}
    return {**whole, "$defs": shared} if shared else whole
