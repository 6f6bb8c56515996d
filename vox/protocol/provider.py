"""The shapes of the provider methods: what may come back, and which error an answer stands for.

Each method has one reader that takes the raw result and returns its shape. A reader forgives what the protocol tells
it to forgive (unknown fields, malformed words, wrapped or bare models) and raises for what a caller could not use.
Source: the provider protocol, sections "Methods" and "Transport".
"""

from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, TypeVar, cast

import pybase64
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, OnErrorOmit, ValidationError

from vox import errors
from vox.protocol.jsonrpc import BUSY, CANCELLED, INVALID_PARAMS, ErrorObject

__all__ = [
    "METHODS",
    "AnnotateResult",
    "FitsResult",
    "ModelShape",
    "ModelsResult",
    "ProgressNotice",
    "SegmentShape",
    "SpeakerShape",
    "SpokenWordShape",
    "SynthesizeResult",
    "TranscribeResult",
    "VoiceShape",
    "VoicesResult",
    "WordShape",
    "read_annotation",
    "read_fits",
    "read_model",
    "read_models",
    "read_progress",
    "read_synthesis",
    "read_transcript",
    "read_voices",
    "to_error",
]

_NEEDED = frozenset(("audio", "fits", "id", "models", "speakers", "text", "voices"))  # without these there is no answer

METHODS = ("models", "install", "preload", "transcribe", "voices", "synthesize", "import", "remove")

_Shape = TypeVar("_Shape", bound=BaseModel)


def _to_camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=_to_camel, populate_by_name=True, extra="ignore", frozen=True)


class WordShape(_Wire):
    """A word with its time in seconds."""

    word: str
    start: float
    end: float
    confidence: float | None = None


class SegmentShape(_Wire):
    """A timed piece of the text, in seconds."""

    id: int = 0
    start: float
    end: float
    text: str


def _keep_valid(shape: type[_Shape]) -> BeforeValidator:
    """Drops the items that do not fit: one bad word must not cost the whole transcript."""

    def read(value: Any) -> Any:
        if not isinstance(value, list):
            return None
        kept: list[_Shape] = []
        for item in cast("list[Any]", value):
            try:
                kept.append(shape.model_validate(item))
            except ValidationError:
                continue
        return kept

    return BeforeValidator(read)


def _read_features(value: Any) -> list[str]:
    return [item for item in cast("list[Any]", value) if isinstance(item, str)] if isinstance(value, list) else []


def _read_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


# Strict floats take integers, but neither booleans nor text; what is no measure is left out without a word.
_Metrics = dict[str, OnErrorOmit[Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]]]
_Words = Annotated[list[WordShape] | None, _keep_valid(WordShape)]
_Segments = Annotated[list[SegmentShape] | None, _keep_valid(SegmentShape)]
_Strings = Annotated[list[str], BeforeValidator(_read_features)]
_Line = Annotated[str, AfterValidator(lambda text: " ".join(text.split()))]


class ModelShape(_Wire):
    """ModelInfo. Only `id` is required."""

    id: str = Field(min_length=1)
    name: str | None = None
    backend: str | None = None
    installed: bool = True
    preloaded: bool = False
    available: bool = True
    kind: str | None = None
    languages: _Strings = []
    max_concurrency: int | None = Field(default=None, ge=1)
    sample_rate: int | None = Field(default=None, ge=8000, le=192_000)
    size_bytes: int | None = None
    words: bool = False
    streaming: bool = False
    features: _Strings = []
    description: str = ""
    remedy: _Line = ""
    """What to do to make it usable, when it is not; on one line, however it came."""


class FitsResult(_Wire):
    """The answer to `import` without a model."""

    fits: list[str]


class ModelsResult(_Wire):
    """The answer to `models`."""

    models: list[ModelShape]
    max_concurrency: int | None = Field(default=None, ge=1)
    features: _Strings = []


class TranscribeResult(_Wire):
    """The answer to `transcribe`."""

    text: str
    model_id: str | None = None
    elapsed_ms: float | None = None
    metrics: _Metrics = {}
    words: _Words = None
    dropped_words: Annotated[int, BeforeValidator(lambda _: 0)] = 0
    """Words that were malformed and are left out."""
    segments: _Segments = None
    language: str | None = None
    confidence: float | None = None


_validate_transcript: Callable[[Any], TranscribeResult] = TranscribeResult.__pydantic_validator__.validate_python


class VoiceShape(_Wire):
    """A voice."""

    id: str = Field(min_length=1)
    name: str | None = None
    language: str | None = None
    backend: str | None = None
    model_id: str | None = None
    available: bool = True
    default: bool = False


class VoicesResult(_Wire):
    """The answer to `voices`."""

    voices: list[VoiceShape]


class SynthesizeResult(_Wire):
    """The answer to `synthesize`; `audio` holds the decoded bytes, none when they came another way."""

    audio: bytes
    audio_path: Annotated[str | None, BeforeValidator(_read_text)] = None
    model_id: str | None = None
    voice_id: str | None = None
    format: str = "wav"
    content_type: str = "audio/wav"
    elapsed_ms: float | None = None
    metrics: _Metrics = {}


class SpokenWordShape(WordShape):
    """A word and who says it."""

    speaker_id: str | None = None


class SpeakerShape(_Wire):
    """Somebody speaks, from one second of the audio to another."""

    speaker_id: str
    start: float
    end: float
    confidence: float | None = None


class AnnotateResult(_Wire):
    """The answer to `annotate`."""

    speakers: Annotated[list[SpeakerShape], _keep_valid(SpeakerShape)]
    text: str | None = None
    words: Annotated[list[SpokenWordShape] | None, _keep_valid(SpokenWordShape)] = None
    metrics: _Metrics = {}


class ProgressNotice(_Wire):
    """Progress of an install or preload, in either published form."""

    model_id: str | None = None
    progress: float = Field(ge=0)
    status: str = ""
    request_id: str | int | None = None
    bytes_done: int | None = None
    bytes_total: int | None = None


def read_models(result: Any) -> ModelsResult:
    """`models`.

    Raises:
        ProviderMisbehaved: No list of models with ids.
    """
    return _read(ModelsResult, "models", result)


def read_model(result: Any) -> ModelShape:
    """`install`, `import`, `remove` and `preload`: a ModelInfo, bare or wrapped as `{"model": …}`.

    Raises:
        ProviderMisbehaved: Neither form.
    """
    wrapped: Any = cast("dict[str, Any]", result).get("model") if isinstance(result, dict) else None
    return _read(ModelShape, "install, import, remove or preload", wrapped if isinstance(wrapped, dict) else result)


def read_fits(result: Any) -> FitsResult:
    """`import` without a model: which of the provider's models the files could be.

    Raises:
        ProviderMisbehaved: No list of ids.
    """
    return _read(FitsResult, "import", result)


def read_transcript(result: Any, _: bytes | None = None) -> TranscribeResult:
    """`transcribe`.

    Raises:
        ProviderMisbehaved: No text.
    """
    try:
        transcript = _validate_transcript(result)
    except ValidationError:
        transcript = _read(TranscribeResult, "transcribe", result)  # which says what is wrong with it, or mends it
    if transcript.words is not None and (dropped := len(result["words"]) - len(transcript.words)):
        return transcript.model_copy(update={"dropped_words": dropped})
    return transcript


def read_voices(result: Any) -> VoicesResult:
    """`voices`.

    Raises:
        ProviderMisbehaved: No list of voices with ids.
    """
    return _read(VoicesResult, "voices", result)


def read_synthesis(result: Any, audio: bytes | None, *, elsewhere: bool = False) -> SynthesizeResult:
    """`synthesize`; `audio` is what the peer decoded already, else the base64 is decoded here.

    Args:
        elsewhere: The audio has come before the answer, or lies in a file that the answer names: none is needed here.

    Raises:
        ProviderMisbehaved: No audio, or not base64.
    """
    if not isinstance(result, dict):
        raise errors.ProviderMisbehaved("The provider's answer to synthesize is not an object.")
    fields: dict[str, Any] = cast("dict[str, Any]", result)
    if audio is None:
        audio = b"" if elsewhere and not fields.get("audioBase64") else _decode(fields.get("audioBase64"))
    return _read(SynthesizeResult, "synthesize", {**fields, "audio": audio})


def read_annotation(result: Any, _: bytes | None = None) -> AnnotateResult:
    """`annotate`.

    Raises:
        ProviderMisbehaved: No list of speakers.
    """
    return _read(AnnotateResult, "annotate", result)


def read_progress(method: str, params: dict[str, Any]) -> ProgressNotice | None:
    """A progress notification in either published form; None when it is none."""
    if method == "notification" and params.get("event") == "progress":
        params = cast("dict[str, Any]", params["data"]) if isinstance(params.get("data"), dict) else {}
    elif method != "progress":
        return None
    try:
        return ProgressNotice.model_validate(params)
    except ValidationError:
        return None


def to_error(error: ErrorObject, provider: str, redact: Callable[[str], str] = str) -> errors.VoxError:
    """The typed error a provider's error answer stands for; its own words and code are kept.

    Args:
        redact: Takes the secrets out of a text.
    """
    message, named = redact(error.message), error.data.get("code")
    details: dict[str, Any] = {"provider": provider, "providerCode": error.code, **_facts(error.data, redact)}
    if error.code == BUSY or named == "provider_busy":
        return errors.ProviderBusy(f"Provider {provider} says it is busy: {message}", **details)
    if error.code == CANCELLED:
        return errors.Cancelled(f"Provider {provider} cancelled the call.", **details)
    kind = _TYPED.get(named) if isinstance(named, str) else None
    if kind is None and error.code == INVALID_PARAMS:
        kind = errors.InvalidRequest
    if kind is not None:
        return kind(message, **details)
    if isinstance(named, str):
        details["providerErrorCode"] = redact(named)[:_LONGEST_FACT]
    return errors.ProviderFailed(f"Provider {provider} answered with an error: {message}", **details)


def _facts(data: Mapping[str, Any], redact: Callable[[str], str]) -> dict[str, Any]:
    """What else the error's data tells a program, as far as it is of the right type."""
    told = {name: data[name] for name, kind in _FACTS.items() if isinstance(data.get(name), kind)}
    return {
        name: redact(fact)[:_LONGEST_FACT] if isinstance(fact, str) else fact
        for name, fact in told.items()
        if isinstance(fact, str) or (not isinstance(fact, bool) and abs(fact) <= _LARGEST_FACT)
    }


_LARGEST_FACT = 2**53  # beyond it not every reader of JSON gets the number that was written
_LONGEST_FACT = 200  # characters; a code or the name of a reason is short, and what is longer is no such thing

_FACTS: dict[str, type | UnionType] = {
    "retryAfterMs": int | float,
    "httpStatus": int,
    "vendorCode": int | str,
    "reason": str,
}
"""Facts of an error's data that are passed on, and what each may be."""

_TYPED: dict[str, type[errors.VoxError]] = {
    "audio_too_large": errors.AudioTooLarge,
    "model_not_found": errors.ModelNotFound,
    "model_not_installed": errors.ModelNotInstalled,
    "voice_not_found": errors.VoiceNotFound,
    "unsupported_audio": errors.UnsupportedAudio,
    "invalid_request": errors.InvalidRequest,
    "text_too_long": errors.TextTooLong,
    "unsupported_format": errors.InvalidRequest,
    "unauthorized": errors.ProviderUnauthorized,
    "payment_required": errors.PaymentRequired,
    "rate_limited": errors.RateLimited,
    "provider_timeout": errors.ProviderTimeout,
    "provider_unavailable": errors.ProviderUnavailable,
    "provider_misbehaved": errors.ProviderMisbehaved,
}


def _decode(value: Any) -> bytes:
    if not isinstance(value, str) or not value:
        raise errors.ProviderMisbehaved("The provider's answer to synthesize has no audioBase64.")
    try:
        return pybase64.b64decode(value, validate=True)
    except ValueError:
        raise errors.ProviderMisbehaved("The provider's audioBase64 is not valid base64.") from None


def _read(shape: type[_Shape], method: str, result: Any) -> _Shape:
    try:
        return shape.__pydantic_validator__.validate_python(result)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
    for problem in problems:
        if not _leave_out(result, problem["loc"]):
            place = ".".join(str(part) for part in problem["loc"]) or "the result"
            raise errors.ProviderMisbehaved(
                f"The provider's answer to {method} lacks what it needs: {place}: {problem['msg']}."
            )
    return _read(shape, method, result)


def _leave_out(result: Any, place: tuple[int | str, ...]) -> bool:
    """Take a field that does not fit out of a result that can do without it. The result is ours alone."""
    *way, name = place or ("",)
    for part in way:
        result = result[part]
    if name in _NEEDED or not isinstance(result, dict) or name not in result:
        return False
    del result[name]
    return True
