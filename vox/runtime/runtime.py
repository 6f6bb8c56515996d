"""The runtime: each request from beginning to end, in the order it happens.

Every door enters here and differs only in how it reads a request and writes an answer. The permit of a provider is
held around the provider's work alone: decoding comes before it, encoding and telemetry after it.
"""

import secrets
from collections.abc import Callable
from typing import Any

import anyio
from anyio.abc import TaskGroup

from vox.audio.encode import FORMATS, content_type, reencode
from vox.audio.limits import Limits
from vox.audio.normalize import prepared
from vox.config import Configuration
from vox.errors import InvalidRequest, ModelNotInstalled, ProviderTimeout, UnsupportedAudio, VoxError
from vox.paths import Home
from vox.protocol import metrics as contract
from vox.protocol.provider import (
    ModelShape,
    ProgressNotice,
    SynthesizeResult,
    TranscribeResult,
    read_model,
    read_synthesis,
    read_transcript,
)
from vox.runtime.registry import Provider, Registry
from vox.runtime.requests import Caller, OnProgress, SynthesizeRequest, TranscribeRequest
from vox.runtime.routing import Route, Router
from vox.runtime.telemetry import Recorder, Stopwatch, outcome_of
from vox.runtime.voices import VoiceBook
from vox.types import Kind, ModelInfo, Progress, Segment, Speech, Transcript, Voice, Word

__all__ = ["MAX_TEXT", "Runtime"]

MAX_TEXT = 1_000_000
"""Characters of one synthesis request; a provider may take fewer."""

_TRACE_BYTES = 8
_IN_THREAD = 256 << 10  # bytes of audio from which re-encoding would hold up the other calls


class Runtime:
    """Transcribes and synthesises through the configured providers.

    Args:
        registry: The providers.
        recorder: Where measurements go.
        tasks: For work that outlives a call, such as ending a hung provider.
    """

    def __init__(
        self, home: Home, configuration: Configuration, registry: Registry, recorder: Recorder, tasks: TaskGroup
    ) -> None:
        self.registry = registry
        self.configuration = configuration
        self._home, self._recorder, self._tasks = home, recorder, tasks
        self._settings = configuration.settings
        self._router = Router(registry, configuration.settings)
        self._voices = VoiceBook()
        self._limits = Limits(max_bytes=self._settings.max_audio_bytes, max_duration_s=self._settings.max_audio_seconds)

    # ---- speech to text

    async def transcribe(self, request: TranscribeRequest, caller: Caller) -> Transcript:
        """Recognise the speech in one piece of audio. A transcript without text means that there was none.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model here.
            NoInput, PathNotAllowed, UnsupportedAudio, AudioTooLarge: The audio cannot be had or used.
            ProviderBusy, QueueTimeout: No room in time.
            VoxError: The provider failed, in one of the ways the error tree names.
        """
        watch, facts = Stopwatch(), _facts("asr", caller)
        error: BaseException | None = None
        try:
            route = _installed(await self._router.resolve(request.model, "asr"))
            facts |= _route_facts(route)
            watch.lap("route")
            rate = route.model.sample_rate or 16_000
            async with prepared(request.source, self._home.spool, rate=rate, limits=self._limits) as audio:
                if not audio.duration_s:
                    raise UnsupportedAudio("The audio holds no samples, so there is nothing to recognise.")
                facts |= {"audioDurationMs": round(audio.duration_s * 1000), "inputBytes": audio.input_bytes}
                watch.lap("prepare")
                result: TranscribeResult = await self._execute(
                    route,
                    "transcribe",
                    _transcribe_params(route.model.id, str(audio.path), request),
                    lambda raw, _: read_transcript(raw),
                    watch=watch,
                    caller=caller,
                    cost=audio.duration_s,
                    timeout_s=route.provider.entry.timeouts.transcribe_s(audio.duration_s),
                    max_wait_s=request.max_wait_s,
                )
            facts |= self._finish(facts, watch, "asr", result.metrics, audio.duration_s)
            facts["textLength"] = len(result.text)
            return _transcript(route, result, facts, watch, audio.duration_s)
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._record(facts, watch, error)

    # ---- text to speech

    async def synthesize(self, request: SynthesizeRequest, caller: Caller) -> Speech:
        """Speak one text.

        Raises:
            InvalidRequest: There is nothing to say, too much of it, or the format is unknown.
            ModelNotFound, ModelNotInstalled, VoiceNotFound: There is no such model or voice here.
            ProviderBusy, QueueTimeout: No room in time.
            VoxError: The provider failed, in one of the ways the error tree names.
        """
        watch, facts = Stopwatch(), _facts("tts", caller)
        error: BaseException | None = None
        try:
            text = _speakable(request.text)
            facts |= {"textLength": len(text), "characterCount": len(text)}
            if request.format not in FORMATS:
                raise InvalidRequest(f"Unknown format {request.format!r}. Known: {', '.join(FORMATS)}.")
            route = _installed(await self._router.resolve(request.model, "tts"))
            facts |= _route_facts(route)
            voice = await self._voice(route, request)
            watch.lap("route")
            result: SynthesizeResult = await self._execute(
                route,
                "synthesize",
                _synthesize_params(route.model.id, text, voice, request),
                read_synthesis,
                watch=watch,
                caller=caller,
                cost=float(len(text)),
                timeout_s=route.provider.entry.timeouts.synthesize_s(len(text)),
                max_wait_s=request.max_wait_s,
            )
            facts["voiceId"] = result.voice_id or voice or "default"
            speech = await self._encode(route, result, request.format, facts)
            watch.lap("encode")
            facts |= self._finish(facts, watch, "tts", result.metrics, speech[1])
            return _speech(route, request.format, speech, facts, watch)
        except BaseException as raised:
            error = raised
            raise
        finally:
            self._record(facts, watch, error)

    async def voices(self, model: str | None = None) -> tuple[list[Voice], list[tuple[str, VoxError]]]:
        """The voices of one model, or of all; beside them the providers that could not tell theirs.

        Raises:
            ModelNotFound: `model` is named and nobody serves it.
        """
        if model is None:
            return await self._voices.all(self.registry)
        route = await self._router.resolve(model, "tts")
        return await self._voices.of(route.provider, route.model.id), []

    # ---- models

    async def models(self, kinds: tuple[Kind, ...] = ("asr",)) -> tuple[list[ModelInfo], list[tuple[str, VoxError]]]:
        """The models of some kinds, asked afresh where nothing is in flight; beside them the providers that failed."""
        return await self.registry.models(kinds, fresh=True)

    async def default_model(self, kind: Kind) -> str | None:
        """The id used when a request names none; None when nothing is installed."""
        try:
            return (await self._router.default(kind)).model.id
        except VoxError:
            return None

    async def install(self, model: str | None, on_progress: OnProgress) -> ModelInfo:
        """Get a model's files. There is no limit in time, but one without progress.

        Raises:
            ModelNotFound: Nobody serves it.
            VoxError: The provider failed.
        """
        route = await self._find(model)
        idle_s = route.provider.entry.timeouts.install_idle_ms / 1000
        return await self._prepare_model(route, "install", on_progress, idle_s, idle_s)

    async def preload(self, model: str | None, on_progress: OnProgress) -> ModelInfo:
        """Load a model into memory, so that the next call starts faster.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model here.
            VoxError: The provider failed.
        """
        route = _installed(await self._find(model, exact=False))
        return await self._prepare_model(
            route, "preload", on_progress, route.provider.entry.timeouts.preload_ms / 1000, None
        )

    async def _find(self, model: str | None, *, exact: bool = True) -> Route:
        """A model of either kind: a client that installs one does not say what it is for."""
        try:
            return await self._router.resolve(model, "asr", exact=exact)
        except VoxError as error:
            try:
                return await self._router.resolve(model, "tts", exact=exact)
            except VoxError:
                raise error from None

    async def _prepare_model(
        self, route: Route, method: str, on_progress: OnProgress, timeout_s: float, prolong_s: float | None
    ) -> ModelInfo:
        def report(notice: ProgressNotice) -> None:
            on_progress(
                Progress(
                    notice.model_id or route.model.id,
                    min(1.0, notice.progress),
                    notice.status,
                    notice.bytes_done,
                    notice.bytes_total,
                )
            )

        shape: ModelShape = await route.provider.supervisor.call(
            method,
            {"modelId": route.model.id},
            lambda raw, _: read_model(raw),
            timeout_s=timeout_s,
            on_progress=report,
            prolong_s=prolong_s,
        )
        return route.provider.learn(shape)

    async def raw_call(self, provider: Provider, method: str, params: dict[str, Any]) -> Any:
        """One request to one provider, its answer unread: for authors who look at what their provider says.

        Raises:
            VoxError: The provider failed.
        """
        await provider.ready()
        model = str(params.get("modelId") or "")
        permit = await provider.limiter.enter(model, client="author")
        timeout_s = provider.entry.timeouts.preload_ms / 1000
        return await provider.supervisor.call(method, params, _as_it_is, timeout_s=timeout_s, on_settled=permit.release)

    # ---- inside

    async def _execute(
        self,
        route: Route,
        method: str,
        params: dict[str, Any],
        read: Callable[[Any, bytes | None], Any],
        *,
        watch: Stopwatch,
        caller: Caller,
        cost: float,
        timeout_s: float,
        max_wait_s: float | None,
    ) -> Any:
        """Wait for a permit and make the call under it. A call that is given up keeps its permit until the provider is
        done with it; a hung provider that takes one call at a time is replaced, since nothing else would free it."""
        provider = route.provider
        await provider.ready()
        watch.lap("start")
        try:
            permit = await provider.limiter.enter(
                route.model.id, client=caller.client, cost=cost, max_wait_s=max_wait_s
            )
        finally:
            watch.lap("queue")
        try:
            return await provider.supervisor.call(method, params, read, timeout_s=timeout_s, on_settled=permit.release)
        except ProviderTimeout:
            if provider.limiter.limit == 1:
                self._tasks.start_soon(provider.supervisor.replace)
            raise
        finally:
            watch.lap("provider")

    async def _voice(self, route: Route, request: SynthesizeRequest) -> str | None:
        wanted = (request.voice or "").strip()
        if not wanted and route.model.id == self._settings.default_tts:
            wanted = self._settings.default_voice or ""
        return await self._voices.check(route, wanted) if wanted else None

    async def _encode(
        self, route: Route, result: SynthesizeResult, wanted: str, facts: dict[str, Any]
    ) -> tuple[bytes, float]:
        facts["outputBytes"] = len(result.audio)
        if wanted == "wav" and len(result.audio) <= _IN_THREAD:
            return reencode(result.audio, result.content_type, wanted)
        return await anyio.to_thread.run_sync(reencode, result.audio, result.content_type, wanted)

    def _finish(
        self, facts: dict[str, Any], watch: Stopwatch, kind: Kind, given: dict[str, float], duration_s: float
    ) -> dict[str, Any]:
        """The measurement's metrics: the provider's own, ours, and what follows from both."""
        provider_ms = watch.stage("provider")
        metrics, complete = contract.complete(given, kind, provider_ms)
        work_ms = metrics.get("inferenceMs" if kind == "asr" else "synthesisMs", provider_ms)
        metrics.setdefault("audioDurationMs", round(duration_s * 1000))
        metrics["realtimeFactor"] = round(work_ms / (duration_s * 1000), 5) if duration_s else 0.0
        metrics |= {
            "queueMs": round(watch.stage("queue"), 3),
            "providerMs": round(provider_ms, 3),
            "prepareMs": round(watch.stage("prepare"), 3),
            "startMs": round(watch.stage("start"), 3),
            "overheadMs": round(watch.total_ms - provider_ms - watch.stage("queue") - watch.stage("start"), 3),
        }
        return {
            "metrics": metrics,
            "metricsComplete": complete,
            "audioDurationMs": round(duration_s * 1000),
            "realtimeFactor": metrics["realtimeFactor"],
        }

    def _record(self, facts: dict[str, Any], watch: Stopwatch, error: BaseException | None) -> None:
        provider_ms, queue_ms = watch.stage("provider"), watch.stage("queue")
        self._recorder.record(
            {
                **facts,
                "queueMs": round(queue_ms, 3),
                "providerMs": round(provider_ms, 3),
                "prepareMs": round(watch.stage("prepare"), 3),
                "startMs": round(watch.stage("start"), 3),
                "overheadMs": round(watch.total_ms - provider_ms - queue_ms - watch.stage("start"), 3),
                "totalMs": round(watch.total_ms, 3),
                **outcome_of(error),
            }
        )


def _as_it_is(result: Any, audio: bytes | None) -> Any:
    return result if audio is None else {**result, "audioBytes": len(audio)}


def _installed(route: Route) -> Route:
    if not route.model.installed:
        raise ModelNotInstalled(
            f"Model {route.model.id} is not installed. Install it with: vox models install {route.model.id}",
            modelId=route.model.id,
        )
    return route


def _facts(kind: Kind, caller: Caller) -> dict[str, Any]:
    return {
        "traceId": secrets.token_hex(_TRACE_BYTES),
        "clientId": caller.client,
        "route": caller.method,
        "kind": kind,
        "attempt": 1,
    }


def _route_facts(route: Route) -> dict[str, Any]:
    return {
        "modelId": route.model.id,
        "providerId": route.provider.id,
        "generation": max(1, route.provider.supervisor.generation),
        "replica": 0,
    }


def _transcribe_params(model: str, path: str, request: TranscribeRequest) -> dict[str, Any]:
    """Optional parameters travel only when a client gave them: a provider from the published page knows two."""
    optional = {
        "language": request.language,
        "prompt": request.prompt,
        "hotwords": list(request.hotwords) if request.hotwords is not None else None,
        "words": request.words,
        "temperature": request.temperature,
        "task": request.task,
    }
    return {"modelId": model, "path": path} | {name: value for name, value in optional.items() if value is not None}


def _synthesize_params(model: str, text: str, voice: str | None, request: SynthesizeRequest) -> dict[str, Any]:
    optional = {
        "voiceId": voice,
        "speed": request.speed,
        "instructions": request.instructions,
        "language": request.language,
    }
    given = {name: value for name, value in optional.items() if value is not None}
    return {"modelId": model, "input": text, "format": "wav"} | given


def _speakable(text: str) -> str:
    """The text as a provider may get it: valid Unicode, without NUL.

    Raises:
        InvalidRequest: Nothing is left, or it is too long.
    """
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    if not clean.strip():
        raise InvalidRequest("There is no text to speak.")
    if len(clean) > MAX_TEXT:
        raise InvalidRequest(f"The text has {len(clean)} characters; at most {MAX_TEXT} are taken. Split it.")
    return clean


def _transcript(
    route: Route, result: TranscribeResult, facts: dict[str, Any], watch: Stopwatch, duration_s: float
) -> Transcript:
    words, segments = result.words, result.segments
    return Transcript(
        model=route.model.id,
        text=result.text.strip(),
        elapsed_ms=round(watch.total_ms, 3),
        duration_s=duration_s,
        metrics=facts["metrics"],
        words=None if words is None else tuple(Word(w.word, w.start, w.end, w.confidence) for w in words),
        segments=None if segments is None else tuple(Segment(s.id, s.start, s.end, s.text) for s in segments),
        language=result.language,
        confidence=result.confidence,
        trace_id=facts["traceId"],
    )


def _speech(route: Route, wanted: str, encoded: tuple[bytes, float], facts: dict[str, Any], watch: Stopwatch) -> Speech:
    audio, duration_s = encoded
    return Speech(
        model=route.model.id,
        voice=facts["voiceId"],
        format=wanted,
        content_type=content_type(wanted),
        audio=audio,
        elapsed_ms=round(watch.total_ms, 3),
        duration_s=duration_s,
        metrics=facts["metrics"],
        trace_id=facts["traceId"],
    )
