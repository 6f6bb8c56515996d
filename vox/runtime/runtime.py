"""The runtime: each request from beginning to end, in the order it happens.

Every door enters here and differs only in how it reads a request and writes an answer. The permit of a provider is
held around the provider's work alone: decoding comes before it, encoding and telemetry after it.
"""

from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import anyio
from anyio.abc import TaskGroup

from vox.audio.encode import FORMATS, reencode
from vox.audio.limits import Limits
from vox.audio.normalize import STANDARD_RATE, prepared
from vox.config import Configuration
from vox.config.changes import Changes
from vox.errors import InvalidRequest, ProviderMisbehaved, ProviderTimeout, UnsupportedAudio, VoiceNotFound, VoxError
from vox.host.process import how_to_raise
from vox.paths import Home
from vox.protocol.provider import ProgressNotice, SynthesizeResult, TranscribeResult, read_transcript
from vox.runtime.account import Account
from vox.runtime.annotating import Annotator
from vox.runtime.catalog import Catalog, CatalogList
from vox.runtime.credentials import FEATURE
from vox.runtime.deafness import Deafness
from vox.runtime.events import Events
from vox.runtime.execution import Executor
from vox.runtime.getting import find_model, install_model, installed, preload_model, progress_of
from vox.runtime.history import History
from vox.runtime.keeping import find_listed_or_not, import_model, remove_model
from vox.runtime.live.sessions import LiveSessions
from vox.runtime.performance import Performance
from vox.runtime.preloading import preload_default, preload_entries
from vox.runtime.registry import Provider, ProviderEvent, Registry
from vox.runtime.requests import Caller, OnProgress, OnRoute, SynthesizeRequest, TranscribeRequest
from vox.runtime.routing import Route, Router
from vox.runtime.speaking import Synthesis
from vox.runtime.status import event_data, provider_status
from vox.runtime.streams import Feed, Followed, hear
from vox.runtime.telemetry import Recorder, Rows
from vox.runtime.voices import VoiceBook
from vox.runtime.warmup import Warmups
from vox.types import AudioChunk, Kind, ModelInfo, Partial, Segment, Speech, Transcript, Voice, Word

__all__ = ["Runtime"]

_AUTHOR = Caller("author")

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
        self.events = Events()
        """What happens, for whoever listens."""
        self._home, self._recorder, self._tasks = home, recorder, tasks
        self._executor = Executor(tasks)
        self._settings = configuration.settings
        self.performance = Performance(home.performance_jsonl)
        self._catalog = Catalog(home.models_catalog)
        self.history = History(home.history_jsonl, enabled=self._settings.history)
        self.live = LiveSessions(
            self,
            lambda: self._settings,
            self.events,
            recorder,
            lambda transcript, caller, session: self.history.transcribed(transcript, caller, "live", session),
            lambda: self.preferred_microphone,
        )
        self.deafness = Deafness()
        """When a program plays what agents are not to be told."""
        self._router = Router(registry, configuration.settings, configuration.preferences)
        self.warmups = Warmups(registry, lambda model: find_model(self._router, model, exact=False), self.events, tasks)
        registry.on_event = self._provider_event
        self.events.describe("provider", lambda: {"providers": [provider_status(one) for one in registry.providers]})
        self._voices = VoiceBook()
        self.annotator = Annotator(
            registry, self._router, self._executor, recorder, home.spool, limits=lambda: self._limits
        )
        """Tells who speaks when."""
        self._limits = Limits(max_bytes=self._settings.max_audio_bytes, max_duration_s=self._settings.max_audio_seconds)

    @property
    def preferred_microphone(self) -> str | None:
        """The one that is taken while it is there, when a request names none."""
        return self._settings.input_device or self.configuration.preferences.input_device

    def configure(self, configuration: Configuration) -> Changes:
        """Take over a changed configuration; calls that run are not disturbed. What is new or changed loads the models
        that its entry wants loaded.

        Raises:
            ConfigError: An entry cannot be used; nothing has changed then.
        """
        changes = self.registry.apply(configuration)
        self.configuration, self._settings = configuration, configuration.settings
        self.history.enabled = self._settings.history
        self._router.configure(self._settings, configuration.preferences)
        self._limits = Limits(max_bytes=self._settings.max_audio_bytes, max_duration_s=self._settings.max_audio_seconds)
        touched = {*changes.added, *changes.changed}
        renewed = [provider for provider in self.registry.providers if (provider.id, provider.kind) in touched]
        told = {name: [{"id": key, "kind": kind} for key, kind in keys] for name, keys in changes._asdict().items()}
        self.events.publish("health", "configured", told)
        self.warmups.review()
        self._tasks.start_soon(preload_entries, self.warmups, renewed)
        return changes

    async def restart(self, provider: Provider, *, now: bool = False) -> None:
        """Have the next call of a provider served by a new process, which loads the models that its entry wants loaded.

        Args:
            now: End the old process and what is inside it at once, rather than when its calls have ended.

        Raises:
            ConfigError: The entry cannot be used any more; nothing has changed then.
        """
        await self.registry.restart(provider, now=now)
        self._tasks.start_soon(preload_entries, self.warmups, [provider])

    async def warm_up(self) -> None:
        """Load what the configuration wants to have loaded from the start. What fails is logged."""
        await preload_entries(self.warmups, self.registry.providers)
        if self._settings.warm_up == "eager":
            await preload_default(self.warmups)

    async def warm_ahead(self, model: str | None, client: str) -> str | None:
        """Begin to load a speech recogniser that is about to be used, unless the settings say never to. Returns which
        it is, where that had to be found out.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model here.
            VoxError: The provider that might have it cannot be started.
        """
        if self._settings.warm_up == "never":
            return None
        route = installed(await self._router.resolve(model, "asr"))
        self.warmups.begin(route, client)
        return route.model.id

    # ---- speech to text

    async def transcribe(self, request: TranscribeRequest, caller: Caller, into: Rows | None = None) -> Transcript:
        """Recognise the speech in one piece of audio. A transcript without text means that there was none.

        Args:
            into: Where the measurement goes instead of the file, for a call that is part of something larger.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model here.
            NoInput, PathNotAllowed, UnsupportedAudio, AudioTooLarge: The audio cannot be had or used.
            ProviderBusy, QueueTimeout: No room in time.
            VoxError: The provider failed, in one of the ways the error tree names.
        """
        with Account("asr", caller, into or self._recorder) as account:
            return await self._recognise(request, caller, account)

    async def transcribe_partials(
        self, request: TranscribeRequest, caller: Caller
    ) -> AsyncGenerator[Partial | Transcript]:
        """As `transcribe`, but what is recognised comes while the rest is worked on: any number of `Partial`, each with
        all the text so far, then the `Transcript`. A provider without the feature gives the transcript alone. Closing
        the iterator cancels the call.

        Raises:
            VoxError: As `transcribe`; where the parts are read.
        """
        feed: Feed[Partial] = Feed()
        with Account("asr", caller, self._recorder) as account:
            async with Followed(self._tasks, feed, partial(self._recognise, request, caller, account, feed)) as call:
                async for part in call:
                    yield part
        yield call.result

    # ---- text to speech

    async def synthesize(self, request: SynthesizeRequest, caller: Caller, on_route: OnRoute | None = None) -> Speech:
        """Speak one text.

        Args:
            on_route: Told of the model and the voice that will speak, once they are known.

        Raises:
            InvalidRequest: There is nothing to say, too much of it, or the format is unknown.
            ModelNotFound, ModelNotInstalled, VoiceNotFound: There is no such model or voice here.
            ProviderBusy, QueueTimeout: No room in time.
            VoxError: The provider failed, in one of the ways the error tree names.
        """
        with Account("tts", caller, self._recorder) as account:
            text = request.speakable()
            account.note(textLength=len(text), characterCount=len(text))
            if request.format not in FORMATS:
                raise InvalidRequest(f"Unknown format {request.format!r}. Known: {', '.join(FORMATS)}.")
            synthesis = await self._synthesis(request, text, caller, account, on_route)
            result = await synthesis.result()
            audio, duration_s = await _encode(result, request.format, synthesis.provider)
            return synthesis.speech(result, duration_s, request.format, audio)

    async def synthesize_stream(
        self, request: SynthesizeRequest, caller: Caller, on_route: OnRoute | None = None
    ) -> AsyncGenerator[AudioChunk | Speech]:
        """As `synthesize`, but the speech comes while it is made: any number of `AudioChunk`, then a `Speech` without
        audio. A provider without the feature gives one chunk. The request's format is not looked at. Closing the
        iterator cancels the call.

        Raises:
            Cancelled: The chunks are read too slowly.
            VoxError: As `synthesize`; where the chunks are read.
        """
        feed: Feed[AudioChunk] = Feed()
        with Account("tts", caller, self._recorder) as account:
            work = partial(self._stream, request, caller, account, feed, on_route)
            async with Followed(self._tasks, feed, work) as call:
                async for chunk in call:
                    yield chunk
        yield call.result

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

    async def catalog(self, *, refresh: bool = False) -> CatalogList:
        """The models there are to choose from, installed here or not.

        Args:
            refresh: Fetch a newer list first, from the address in the settings.

        Raises:
            Unsupported, CatalogUnavailable: There is no such address, or nothing useful comes from it.
        """
        if refresh:
            return await self._catalog.refresh(self._settings.model_catalog_url)
        return await anyio.to_thread.run_sync(self._catalog.read)

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
        return await install_model(await find_listed_or_not(self.registry, self._router, model), on_progress)

    async def import_model(self, path: Path, model: str | None, on_progress: OnProgress, *, link: bool) -> ModelInfo:
        """Take a model's files from a folder or an archive of this machine.

        Args:
            model: Whose they are; None finds out.
            link: Leave the files where they are, and point at them.

        Raises:
            NoInput: There is no such folder or file.
            ModelNotFound, InvalidRequest: The files are of no model here, or not of this one.
            VoxError: The provider failed, or takes no files.
        """
        route = None if model is None else await find_listed_or_not(self.registry, self._router, model)
        return await import_model(self.registry, self._home, path, route, link, on_progress)

    async def remove_model(self, model: str, on_progress: OnProgress) -> ModelInfo:
        """Delete a model's files, as far as an install or import has brought them; it is unloaded before.

        Raises:
            ModelNotFound, Unsupported: Nobody serves it, or nobody deletes it.
            ProviderBusy: A call is inside its provider.
            VoxError: The provider failed.
        """
        return await remove_model(self.registry, await find_model(self._router, model, exact=True), on_progress)

    async def preload(self, model: str | None, on_progress: OnProgress) -> ModelInfo:
        """Load a model into memory, so that the next call starts faster.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model here.
            VoxError: The provider failed.
        """
        return await preload_model(installed(await find_model(self._router, model, exact=False)), on_progress)

    async def raw_call(
        self, provider: Provider, method: str, params: dict[str, Any], on_progress: OnProgress = lambda _: None
    ) -> Any:
        """One request to one provider, its answer unread: for authors who look at what their provider says.

        Raises:
            VoxError: The provider failed.
        """
        timeout_s = provider.entry.timeouts.call_ms / 1000
        model = str(params.get("modelId") or provider.id)

        def report(notice: ProgressNotice) -> None:
            on_progress(progress_of(notice, model))

        try:
            return await self._executor.call(
                provider,
                method,
                params,
                _as_it_is,
                caller=_AUTHOR,
                timeout_s=timeout_s,
                on_progress=report,
                again=False,
            )
        except ProviderTimeout as error:  # whatever the method: a call by hand has a time of its own
            raise ProviderTimeout(
                f"Provider {provider.id} did not answer {method} within {timeout_s:g} s. If it needs longer, "
                f"{how_to_raise('callMs')}.",
                **{**error.details, "timeout": "callMs"},
            ) from error

    # ---- inside

    def _provider_event(self, event: ProviderEvent) -> None:
        self.events.publish("provider", event.name, event_data(event))
        if event.name in ("crashed", "stopping", "restarted"):
            self.warmups.review()

    async def _recognise(
        self, request: TranscribeRequest, caller: Caller, account: Account, feed: Feed[Partial] | None = None
    ) -> Transcript:
        route = installed(await self._router.resolve(request.model, "asr", watch=account))
        account.routed(route)
        route.provider.limiter.refuse_if_full(route.model.id, request.max_wait_s)
        rate = route.model.sample_rate or STANDARD_RATE
        begin = perf_counter_ns()
        async with prepared(request.source, self._home.spool, rate=rate, limits=self._limits) as audio:
            if not audio.duration_s:
                raise UnsupportedAudio("The audio holds no samples, so there is nothing to recognise.")
            account.note(audioDurationMs=round(audio.duration_s * 1000), inputBytes=audio.input_bytes)
            account.prepare = perf_counter_ns() - begin
            params, stream = request.params(route.model.id, audio.path), None
            timeout_s = route.provider.entry.timeouts.transcribe_s(audio.duration_s)
            if feed is not None and "transcribe.partials" in route.model.features:
                params["partials"], stream = True, hear(feed, account, timeout_s)
            result: TranscribeResult = await self._executor.call(
                route.provider,
                "transcribe",
                params,
                read_transcript,
                account=account,
                caller=caller,
                cost=audio.duration_s,
                timeout_s=timeout_s,
                max_wait_s=request.max_wait_s,
                stream=stream,
            )
        metrics = account.settle(result.metrics, audio.duration_s)
        account.note(textLength=len(result.text))
        if result.dropped_words:
            account.note(droppedWords=result.dropped_words)
        return _transcript(route, result, metrics, account, audio.duration_s)

    async def _stream(
        self,
        request: SynthesizeRequest,
        caller: Caller,
        account: Account,
        feed: Feed[AudioChunk],
        on_route: OnRoute | None,
    ) -> Speech:
        text = request.speakable()
        account.note(textLength=len(text), characterCount=len(text))
        return await (await self._synthesis(request, text, caller, account, on_route)).stream(feed)

    async def _synthesis(
        self,
        request: SynthesizeRequest,
        text: str,
        caller: Caller,
        account: Account,
        on_route: OnRoute | None,
    ) -> Synthesis:
        route = await self._router.resolve(request.model, "tts", watch=account)
        lent = request.credentials if FEATURE in route.model.features else {}
        account.routed(route if lent else installed(route))  # a model that waits for a key is installed with one
        voice = await self._voice(route, request, account)
        params = request.params(route.model.id, text, voice) | ({"credentials": dict(lent)} if lent else {})
        if on_route is not None:
            on_route(route.model.id, voice or await self._voices.default(route) or "default")
        return Synthesis(route, params, caller, account, self._executor, self._home.spool, request.max_wait_s)

    async def _voice(self, route: Route, request: SynthesizeRequest, account: Account) -> str | None:
        wanted = (request.voice or "").strip()
        if not wanted and route.model.id == self._settings.default_tts:
            wanted = self._settings.default_voice or ""
        if wanted:
            return await self._voices.check(route, wanted, account)
        preferences = self.configuration.preferences
        if preferences.synthesis_voice is None or route.model.id != preferences.synthesis_model:
            return None
        with suppress(VoiceNotFound):  # a wish, not an order
            return await self._voices.check(route, preferences.synthesis_voice, account)
        return None


def _as_it_is(result: Any, audio: bytes | None) -> Any:
    return result if audio is None else {**result, "audioBytes": len(audio)}


async def _encode(result: SynthesizeResult, wanted: str, provider: str) -> tuple[bytes, float]:
    try:
        if wanted == "wav" and len(result.audio) <= _IN_THREAD:
            return reencode(result.audio, result.content_type, wanted)
        return await anyio.to_thread.run_sync(reencode, result.audio, result.content_type, wanted)
    except ProviderMisbehaved as error:
        error.details["provider"] = provider
        raise


def _transcript(
    route: Route, result: TranscribeResult, metrics: dict[str, float], account: Account, duration_s: float
) -> Transcript:
    words, segments = result.words, result.segments
    return Transcript(
        model=route.model.id,
        text=result.text.strip(),
        elapsed_ms=account.total_ms,
        duration_s=duration_s,
        metrics=metrics,
        words=None if words is None else tuple(Word(w.word, w.start, w.end, w.confidence) for w in words),
        segments=None if segments is None else tuple(Segment(s.id, s.start, s.end, s.text) for s in segments),
        language=result.language,
        confidence=result.confidence,
        trace_id=account.trace_id,
    )
