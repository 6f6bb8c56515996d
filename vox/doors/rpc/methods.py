"""The methods of the client RPC: each reads its parameters, makes one call of the runtime, and shapes the answer."""

import math
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pybase64

from vox.doors.rpc.parts import Emit, send_speech, send_text
from vox.errors import InvalidRequest, NotAuthorized, PathNotAllowed, VoxError
from vox.runtime.positions import OnWait, Waiting
from vox.runtime.registry import Provider
from vox.runtime.requests import Caller, SynthesizeRequest, TranscribeRequest
from vox.runtime.runtime import Runtime
from vox.runtime.status import disabled_status, provider_status
from vox.types import Kind, ModelInfo, Progress, Speech, Transcript, Voice

__all__ = ["Access", "Daemon", "Methods"]


@dataclass(frozen=True, slots=True)
class Access:
    """What a connection may do; decided by how it came in, never by what it says."""

    owner: bool = False
    """The unix socket or the token: may talk to providers directly and stop the daemon."""
    files: bool = True
    """A program of this machine, not a web page: may name files and install models."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """What the methods need of the process they run in."""

    health: Callable[[], dict[str, Any]]
    doctor: Callable[[], Awaitable[dict[str, Any]]]
    stop: Callable[[], None]
    reload: Callable[[], dict[str, Any]]


class Methods:
    """The method table over one runtime."""

    def __init__(self, runtime: Runtime, daemon: Daemon) -> None:
        self._runtime = runtime
        self._daemon = daemon
        self._table: dict[str, Callable[[_Params, Access, Emit], Awaitable[dict[str, Any]]]] = {
            "health": self._health,
            "doctor.run": self._doctor,
            "models.list": self._models_list,
            "models.install": self._models_install,
            "models.preload": self._models_preload,
            "transcribe.file": self._transcribe_file,
            "synthesize.models": self._synthesize_models,
            "synthesize.voices": self._synthesize_voices,
            "synthesize.generate": self._synthesize_generate,
            "providers.status": self._providers_status,
            "providers.call": self._providers_call,
            "providers.restart": self._providers_restart,
            "providers.reload": self._providers_reload,
            "daemon.stop": self._daemon_stop,
        }

    async def call(
        self, method: str, params: dict[str, Any], access: Access, emit: Emit, *, classic: bool = False
    ) -> dict[str, Any]:
        """Run one method.

        Raises:
            InvalidRequest: There is no such method, or a parameter is missing or of the wrong type.
            VoxError: As the runtime.
        """
        run = self._table.get(method)
        if run is None:
            raise InvalidRequest(f"Unknown method: {method}", known=sorted(self._table))
        return await run(_Params(params, method, classic), access, emit)

    # ---- the daemon

    async def _health(self, _: "_Params", __: Access, ___: Emit) -> dict[str, Any]:
        return self._daemon.health()

    async def _doctor(self, _: "_Params", __: Access, ___: Emit) -> dict[str, Any]:
        return await self._daemon.doctor()

    async def _daemon_stop(self, _: "_Params", access: Access, __: Emit) -> dict[str, Any]:
        _require_owner(access)
        self._daemon.stop()
        return {"stopping": True}

    # ---- models

    async def _models_list(self, params: "_Params", _: Access, __: Emit) -> dict[str, Any]:
        wanted = params.text("kind") or "asr"  # the published clients expect ASR models here
        kinds: dict[str, tuple[Kind, ...]] = {"asr": ("asr",), "tts": ("tts",), "all": ("asr", "tts")}
        if wanted not in kinds:
            raise InvalidRequest(f"kind is {wanted!r}; it must be asr, tts or all.")
        return await self._list(kinds[wanted])

    async def _synthesize_models(self, _: "_Params", __: Access, ___: Emit) -> dict[str, Any]:
        return await self._list(("tts",))

    async def _list(self, kinds: tuple[Kind, ...]) -> dict[str, Any]:
        models, problems = await self._runtime.models(kinds)
        defaults = {await self._runtime.default_model(kind) for kind in kinds}
        shown = [_model(info) | {"default": info.id in defaults} for info in sorted(models, key=lambda info: info.id)]
        return {"models": shown, "problems": _problems(problems)}

    async def _models_install(self, params: "_Params", access: Access, emit: Emit) -> dict[str, Any]:
        if not access.files:
            raise NotAuthorized("A web page may not install models.")
        return {"model": _model(await self._runtime.install(params.text("modelId"), _emitter(emit)))}

    async def _models_preload(self, params: "_Params", _: Access, emit: Emit) -> dict[str, Any]:
        return {"model": _model(await self._runtime.preload(params.text("modelId"), _emitter(emit)))}

    # ---- speech

    async def _transcribe_file(self, params: "_Params", access: Access, emit: Emit) -> dict[str, Any]:
        path = params.text("path")
        if not path:
            raise InvalidRequest("Missing path")
        if not access.files:
            raise PathNotAllowed("A web page may not name files; send the audio instead.")
        request = TranscribeRequest(
            source=_absolute(path),
            model=params.text("modelId"),
            language=params.text("language"),
            prompt=params.text("prompt"),
            hotwords=params.texts("hotwords"),
            # The published clients show word timings without ever asking for them.
            words=params.flag("words") if params.given("words") or not params.classic else True,
            temperature=params.number("temperature"),
            task=params.text("task"),
            max_wait_s=params.seconds("maxWaitMs"),
        )
        caller = params.caller(emit)
        if params.flag("partials"):
            transcript = await send_text(self._runtime.transcribe_partials(request, caller), emit)
        else:
            transcript = await self._runtime.transcribe(request, caller)
        return _transcript(transcript, classic=params.classic)

    async def _synthesize_voices(self, params: "_Params", _: Access, __: Emit) -> dict[str, Any]:
        voices, problems = await self._runtime.voices(params.text("modelId"))
        return {"voices": [_voice(voice) for voice in voices], "problems": _problems(problems)}

    async def _synthesize_generate(self, params: "_Params", _: Access, emit: Emit) -> dict[str, Any]:
        text = params.text("text", blank=True)
        if text is None:
            raise InvalidRequest("Missing text")
        streamed = params.flag("stream")
        request = SynthesizeRequest(
            text=text,
            model=params.text("modelId"),
            voice=params.text("voiceId"),
            format=params.text("format") or ("pcm" if streamed else "wav"),
            speed=params.number("speed", 0.25, 4.0),
            instructions=params.text("instructions"),
            language=params.text("language"),
            max_wait_s=params.seconds("maxWaitMs"),
        )
        if streamed and request.format != "pcm":
            raise InvalidRequest("A stream carries raw 16-bit samples: leave format out, or say pcm.")
        caller = params.caller(emit)
        if streamed:
            return _speech(await send_speech(self._runtime.synthesize_stream(request, caller), emit))
        speech = await self._runtime.synthesize(request, caller)
        audio = pybase64.b64encode(speech.audio).decode("ascii")
        return {**_speech(speech), "audioBase64": audio, "audioBytes": len(speech.audio)}

    # ---- providers

    async def _providers_status(self, _: "_Params", __: Access, ___: Emit) -> dict[str, Any]:
        self._runtime.registry.freshen()
        configuration = self._runtime.configuration
        problems = configuration.problems
        shown = [provider_status(provider) for provider in self._runtime.registry.providers]
        return {
            "providers": shown + [disabled_status(entry) for entry in configuration.disabled],
            "problems": [
                {"file": p.file, "line": p.line, "path": p.path, "message": p.message, "fix": p.fix} for p in problems
            ],
        }

    async def _providers_call(self, params: "_Params", access: Access, emit: Emit) -> dict[str, Any]:
        """One raw request, for the provider's author: the answer comes back as it is."""
        _require_owner(access)
        method = params.text("method", key="method")
        if not method:
            raise InvalidRequest("Missing method")
        provider = self._named(params)[0]
        result = await self._runtime.raw_call(provider, method, params.object("params"), _emitter(emit))
        return {"result": result}

    async def _providers_restart(self, params: "_Params", access: Access, _: Emit) -> dict[str, Any]:
        _require_owner(access)
        found = self._named(params)
        for provider in found:
            await self._runtime.restart(provider, now=params.flag("now") or False)
        return {"restarted": [{"id": provider.id, "kind": provider.kind} for provider in found]}

    async def _providers_reload(self, _: "_Params", access: Access, __: Emit) -> dict[str, Any]:
        """Files are read, never written: which programs run is decided by who can write those, not by who can call."""
        _require_owner(access)
        return self._daemon.reload()

    def _named(self, params: "_Params") -> list[Provider]:
        """The providers a request names, at least one: of one id there may be two kinds."""
        name, kind = params.text("id"), params.text("kind")
        if kind not in (None, "asr", "tts"):
            raise InvalidRequest(f"kind is {kind!r}; it must be asr or tts.")
        self._runtime.registry.freshen()
        providers = self._runtime.registry.providers
        found = [provider for provider in providers if provider.id == name and kind in (None, provider.kind)]
        if not found:
            known = ", ".join(dict.fromkeys(provider.id for provider in providers)) or "none"
            raise InvalidRequest(f"There is no provider {name!r}. Known: {known}.")
        return found


class _Params:
    """The parameters of a request, read with type checks."""

    def __init__(self, values: dict[str, Any], method: str, classic: bool) -> None:
        self._values = values
        self.classic = classic
        self._method = method

    def caller(self, emit: Emit) -> Caller:
        """Who calls, how urgently, and where the place in the waiting line is told to those who ask for events."""
        client, priority = self._values.get("clientId"), self.text("priority") or "interactive"
        if priority not in ("interactive", "batch"):
            raise InvalidRequest(f"priority is {priority!r}; it must be interactive or batch.")
        told = [name for name in ("progress", "stream", "partials") if self.flag(name)]
        name = client if isinstance(client, str) and client else "unknown"
        return Caller(name, self._method, priority, _position_emitter(emit) if told else None)

    def given(self, name: str) -> bool:
        """Whether the client said anything about it."""
        return self._values.get(name) is not None

    def text(self, name: str, *, blank: bool = False, key: str | None = None) -> str | None:
        """A string, trimmed; None when it is absent or, unless `blank`, empty."""
        value = self._values.get(key or name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidRequest(f"{name} must be a string.")
        return value if blank else value.strip() or None

    def texts(self, name: str) -> tuple[str, ...] | None:
        """A list of strings."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in cast("list[Any]", value)):
            raise InvalidRequest(f"{name} must be a list of strings.")
        return tuple(cast("list[str]", value))

    def flag(self, name: str) -> bool | None:
        """A boolean."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise InvalidRequest(f"{name} must be true or false.")
        return value

    def number(self, name: str, least: float = -math.inf, most: float = math.inf) -> float | None:
        """A number within bounds."""
        value = self._values.get(name)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not is_number or not least <= value <= most:
            raise InvalidRequest(f"{name} must be a number" + (f" from {least} to {most}." if most < math.inf else "."))
        return float(value)

    def seconds(self, name: str) -> float | None:
        """A count of milliseconds, as seconds."""
        value = self.number(name, 0, 86_400_000)
        return None if value is None else value / 1000

    def object(self, name: str) -> dict[str, Any]:
        """An object; empty when absent."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, dict):
            raise InvalidRequest(f"{name} must be an object.")
        return cast("dict[str, Any]", value or {})


def _absolute(path: str) -> Path:
    """The path as the daemon's user would write it; what it names is looked at later, off the loop."""
    try:
        return Path(os.path.expanduser(path))
    except ValueError:  # a NUL in the name of a user: nothing has such a path
        return Path(path)


def _require_owner(access: Access) -> None:
    if not access.owner:
        raise NotAuthorized("This method is for the owner of the daemon: use the unix socket or the token.")


def _position_emitter(emit: Emit) -> OnWait:
    def tell(waiting: Waiting) -> None:
        emit(
            "queue.position",
            {
                "position": waiting.position,
                "queued": waiting.queued,
                "limit": waiting.limit,
                "inUse": waiting.in_use,
                "retryAfterMs": waiting.retry_after_ms,
            },
        )

    return tell


def _emitter(emit: Emit) -> Callable[[Progress], None]:
    def report(progress: Progress) -> None:
        counts = {"bytesDone": progress.bytes_done, "bytesTotal": progress.bytes_total}
        known = {name: value for name, value in counts.items() if value is not None}
        told = {"modelId": progress.model, "progress": progress.fraction, "status": progress.status}
        emit("models.progress", told | known)

    return report


def _problems(problems: list[tuple[str, VoxError]]) -> list[dict[str, Any]]:
    return [{"provider": name, **error.info()} for name, error in problems]


def _model(info: ModelInfo) -> dict[str, Any]:
    return {
        "id": info.id,
        "name": info.name,
        "backend": info.backend,
        "installed": info.installed,
        "preloaded": info.preloaded,
        "available": info.available,
        "kind": info.kind,
        "provider": info.provider,
        "languages": list(info.languages),
        "words": info.words,
        "sampleRate": info.sample_rate,
        "sizeBytes": info.size_bytes,
        "description": info.description,
    }


def _voice(voice: Voice) -> dict[str, Any]:
    return {
        "id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "backend": voice.backend,
        "modelId": voice.model,
        "available": voice.available,
        "default": voice.default,
    }


def _speech(speech: Speech) -> dict[str, Any]:
    return {
        "modelId": speech.model,
        "voiceId": speech.voice,
        "format": speech.format,
        "contentType": speech.content_type,
        "elapsedMs": round(speech.elapsed_ms),
        "durationMs": round(speech.duration_s * 1000),
        "metrics": {"traceId": speech.trace_id, **speech.metrics},
        "traceId": speech.trace_id,
    }


def _transcript(transcript: Transcript, *, classic: bool) -> dict[str, Any]:
    words, segments = transcript.words, transcript.segments
    shown = None if words is None else [_word(w.word, w.start, w.end, w.confidence) for w in words]
    return {
        "modelId": transcript.model,
        "text": transcript.text,
        "elapsedMs": round(transcript.elapsed_ms),
        "durationMs": round(transcript.duration_s * 1000),
        "metrics": {"traceId": transcript.trace_id, **transcript.metrics},
        "words": shown if shown is not None or not classic else [],
        "segments": None
        if segments is None
        else [{"id": s.id, "start": s.start, "end": s.end, "text": s.text} for s in segments],
        "language": transcript.language,
        "historyId": None,
        "traceId": transcript.trace_id,
    }


def _word(word: str, start: float, end: float, confidence: float | None) -> dict[str, Any]:
    return {"word": word, "start": start, "end": end, "confidence": confidence}
