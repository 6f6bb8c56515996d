"""The client for event loops: every method of the daemon as a method of a Python object, many at once."""

import asyncio
import os
import weakref
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from vox.client.aio.agents import AsyncAgents
from vox.client.aio.connection import AsyncConnection, OnFrame
from vox.client.aio.events import AsyncEvents
from vox.client.aio.follow import Followed
from vox.client.aio.listening import AsyncListening
from vox.client.aio.live import AsyncLiveSession
from vox.client.aio.opening import open_connection
from vox.client.aio.streams import AsyncSpeechStream, AsyncTextStream
from vox.client.aio.upkeep import AsyncUpkeep, absolute
from vox.client.api import ABOUT_CLIENTS, home_of, milliseconds
from vox.client.connection import OnEvent
from vox.client.launch import START_S
from vox.client.upkeep import RESUME_S
from vox.client.values import model_of, partial_of, speech_of, transcript_of, voice_of
from vox.errors import DaemonUnavailable
from vox.paths import Home
from vox.types import ModelInfo, Partial, Speech, Transcript, Voice

if TYPE_CHECKING:
    from vox.types import Priority

__all__ = ["AsyncClient"]

OnPartial = Callable[[Partial], None]


class AsyncClient(AsyncUpkeep, AsyncAgents):
    """A client of the daemon of one home, for one event loop at a time.

    It connects with its first call, and again after the daemon was restarted; all calls share the connection and run at
    the same time, 256 of them at most. A call whose waiting task is cancelled is cancelled in the daemon. One that runs
    when the connection is lost ends with `DaemonUnavailable`, since nobody knows how far it came.

    Args:
        home: The home folder; None for the one the environment names.
        start: Whether to start the daemon when none runs.
        timeout: Seconds any call may take; None for as long as the daemon works on it. The daemon bounds every call
            by itself, and a daemon that has died or hangs is noticed without this.
        client_id: Name under which the calls are measured and share capacity.
    """

    def __init__(
        self,
        home: "str | os.PathLike[str] | Home | None" = None,
        *,
        start: bool = True,
        timeout: float | None = None,
        client_id: str = "vox-client",
        start_timeout: float = START_S,
    ) -> None:
        self._home = home_of(home)
        self._start, self._start_timeout = start, start_timeout
        self._timeout, self._client_id = timeout, client_id
        self._connection: AsyncConnection | None = None
        self._connecting: asyncio.Task[AsyncConnection] | None = None
        self._listening = weakref.WeakSet[AsyncEvents | AsyncListening]()

    @property
    def home(self) -> Home:
        """The home whose daemon this client talks to."""
        return self._home

    # ---- speech

    async def transcribe(
        self,
        path: "str | os.PathLike[str]",
        model: str | None = None,
        language: str | None = None,
        *,
        words: bool | None = None,
        prompt: str | None = None,
        hotwords: Iterable[str] | None = None,
        task: str | None = None,
        temperature: float | None = None,
        max_wait_s: float | None = None,
        priority: "Priority | None" = None,
        on_partial: OnPartial | None = None,
    ) -> Transcript:
        """Recognise the speech in an audio file. A transcript without text means that there was none.

        Args:
            path: A file the daemon's user can read.
            model: Model id; None for the default.
            language: BCP 47 tag, for models that want to be told.
            words: Whether word timings are wanted; None leaves it to the model.
            task: "transcribe" or "translate".
            max_wait_s: Seconds to wait for a turn when the model is busy; 0 does not wait.
            priority: "interactive", which is the default, or "batch", which lets those go first.
            on_partial: Called with the text so far, as often as a model has more of it; many give all at the end only.

        Raises:
            NoInput, PathNotAllowed, UnsupportedAudio, AudioTooLarge: The file cannot be had or used.
            ModelNotFound, ModelNotInstalled: There is no such model.
            ProviderBusy, QueueTimeout: The model is busy; details carry retryAfterMs.
            DaemonUnavailable: There is no daemon to ask.
            VoxError: The model failed.
        """
        given = {
            "modelId": model,
            "language": language,
            "words": words,
            "prompt": prompt,
            "hotwords": None if hotwords is None else list(hotwords),
            "task": task,
            "temperature": temperature,
            "maxWaitMs": milliseconds(max_wait_s),
            "priority": priority,
            "partials": True if on_partial is not None else None,
        }

        def hear(event: str, data: dict[str, Any]) -> None:
            if on_partial is not None and event == "transcribe.partial":
                on_partial(partial_of(data))

        return transcript_of(await self.call("transcribe.file", {"path": absolute(path), **given}, hear))

    def transcribe_stream(
        self,
        path: "str | os.PathLike[str]",
        model: str | None = None,
        language: str | None = None,
        *,
        words: bool | None = None,
        prompt: str | None = None,
        hotwords: Iterable[str] | None = None,
        task: str | None = None,
        temperature: float | None = None,
        max_wait_s: float | None = None,
        priority: "Priority | None" = None,
    ) -> AsyncTextStream:
        """Recognise the speech in an audio file, and read along: an async iterator of `Partial`, then `transcript`. The
        call begins with the first look at it.

        Args:
            As `transcribe`.

        Raises:
            VoxError: As `transcribe`; by the iterator.
        """
        given = {
            "modelId": model,
            "language": language,
            "words": words,
            "prompt": prompt,
            "hotwords": None if hotwords is None else list(hotwords),
            "task": task,
            "temperature": temperature,
            "maxWaitMs": milliseconds(max_wait_s),
            "priority": priority,
            "partials": True,
        }
        return AsyncTextStream(self.follow("transcribe.file", {"path": absolute(path), **given}))

    def live(
        self,
        model: str | None = None,
        language: str | None = None,
        *,
        device: str | None = None,
        words: bool | None = None,
        prompt: str | None = None,
        hotwords: Iterable[str] | None = None,
        max_s: float | None = None,
        levels: bool = False,
        utterances: bool = False,
        guesses: bool = False,
    ) -> AsyncLiveSession:
        """Recognise what is said into the microphone of the daemon's machine, while it is said: an async
        iterator of `LiveEvent`, and `stop`. Enter it with `async with`: inside, the microphone records.

        Args:
            model, language, words, prompt, hotwords: As `transcribe`.
            device: Name of the microphone; None for the default one.
            max_s: Seconds after which recording ends by itself, within the daemon's own limit.
            levels: Tell ten times a second how loud it is.
            utterances: Tell each utterance alone, for as long as a day, rather than all the text so far.
            guesses: Tell also what an utterance that goes on seems to be; costs more of the machine.

        Raises:
            VoxError: As `AsyncLiveSession`, by entering it and by the iterator.
        """
        given = {
            "modelId": model,
            "language": language,
            "device": device,
            "words": words,
            "prompt": prompt,
            "hotwords": None if hotwords is None else list(hotwords),
            "maxSeconds": max_s,
            "levels": levels,
            "utterances": utterances,
            "guesses": guesses,
        }
        return AsyncLiveSession(self.follow("transcribe.startSession", given), self.call)

    async def synthesize(
        self,
        text: str,
        model: str | None = None,
        voice: str | None = None,
        *,
        speed: float | None = None,
        format: str = "wav",
        language: str | None = None,
        instructions: str | None = None,
        max_wait_s: float | None = None,
        priority: "Priority | None" = None,
    ) -> Speech:
        """Speak a text.

        Args:
            model: Model id; None for the default.
            voice: Voice id of that model; None for its default.
            speed: 0.25 to 4, 1 being the voice's own.
            format: wav, flac, ogg, mp3, opus or pcm.
            max_wait_s: Seconds to wait for a turn when the model is busy; 0 does not wait.
            priority: "interactive", which is the default, or "batch", which lets those go first.

        Raises:
            InvalidRequest: There is nothing to say, too much of it, or no such format.
            ModelNotFound, ModelNotInstalled, VoiceNotFound: There is no such model or voice.
            ProviderBusy, QueueTimeout: The model is busy; details carry retryAfterMs.
            DaemonUnavailable: There is no daemon to ask.
            VoxError: The model failed.
        """
        given = {
            "modelId": model,
            "voiceId": voice,
            "speed": speed,
            "format": format,
            "language": language,
            "instructions": instructions,
            "maxWaitMs": milliseconds(max_wait_s),
            "priority": priority,
        }
        return speech_of(await self.call("synthesize.generate", {"text": text, **given}))

    def synthesize_stream(
        self,
        text: str,
        model: str | None = None,
        voice: str | None = None,
        *,
        speed: float | None = None,
        language: str | None = None,
        instructions: str | None = None,
        max_wait_s: float | None = None,
        priority: "Priority | None" = None,
    ) -> AsyncSpeechStream:
        """Speak a text, and hear it while it is made: an async iterator of `AudioChunk`, 16-bit samples each. A model
        that does not stream gives one chunk. The call begins with the first look at it.

        Args:
            As `synthesize`.

        Raises:
            VoxError: As `synthesize`, and `Cancelled` for chunks that are read too slowly; by the iterator.
        """
        given = {
            "modelId": model,
            "voiceId": voice,
            "speed": speed,
            "language": language,
            "instructions": instructions,
            "maxWaitMs": milliseconds(max_wait_s),
            "priority": priority,
        }
        return AsyncSpeechStream(self.follow("synthesize.generate", {"text": text, "stream": True, **given}))

    async def voices(self, model: str | None = None) -> list[Voice]:
        """The voices of one model, or of all.

        Raises:
            ModelNotFound: `model` is named and nobody serves it.
            DaemonUnavailable: There is no daemon to ask.
        """
        return [voice_of(voice) for voice in (await self.call("synthesize.voices", {"modelId": model}))["voices"]]

    # ---- models

    async def models(self, kind: str = "all") -> list[ModelInfo]:
        """The models of a kind: asr, tts, or all.

        Raises:
            InvalidRequest: There is no such kind.
            DaemonUnavailable: There is no daemon to ask.
        """
        return [model_of(model) for model in (await self.call("models.list", {"kind": kind}))["models"]]

    # ---- the daemon

    async def stop(self) -> bool:
        """Ask the daemon to end. Returns False when none runs; one is never started for this.

        Raises:
            DaemonUnavailable: It does not react.
        """
        if self._connection is None or not self._connection.usable():
            try:
                await self._connected(False)
            except DaemonUnavailable as error:
                if "pid" in error.details:  # it runs, and says nothing
                    raise
                return False
        await self.call("daemon.stop")
        return True

    def events(
        self,
        topics: Iterable[str] | None = None,
        *,
        since: int | None = None,
        epoch: str | None = None,
        resume_s: float = RESUME_S,
    ) -> AsyncEvents:
        """Listen to what happens in the daemon, also across its restarts: an async iterator of
        `RuntimeEvent`. It listens from the beginning of its `async with` block, or the first look at it, on.

        Args:
            topics: `health`, `warmup`, `transcribe.session`, `synthesize.session`, `provider`, `jobs`; None for all.
            since: Tell what has happened after that event, too: the `seq` of an earlier one.
            epoch: Whose numbering `since` is of: the `epoch` of an earlier stream.
            resume_s: Seconds to look for a daemon that went away; none is started for that.

        Raises:
            DaemonUnavailable, InvalidRequest: As `AsyncEvents`, by the iterator.
        """
        given = {"topics": None if topics is None else list(topics), "since": since, "epoch": epoch}
        stream = AsyncEvents(self._connected, {"clientId": self._client_id, **given}, resume_s)
        self._listening.add(stream)
        return stream

    # ---- any method

    async def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        on_event: OnEvent | None = None,
        *,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Make a call by its wire name, and return the answer as it came. Parameters that are None are left out.

        Args:
            on_event: Called with name and data of each event of this call. What it raises ends the call.
            timeout: Seconds; None for the client's own.

        Raises:
            DaemonUnavailable: There is no daemon to ask, or it went away.
            Cancelled: The time is over.
            VoxError: What the daemon answered.
        """
        heard: OnFrame | None = None
        if on_event is not None:
            heard = lambda event, data, _: on_event(event, data)  # noqa: E731
        return await self._call(method, params, heard, timeout)

    def follow(self, method: str, params: dict[str, Any] | None = None, *, timeout: float | None = None) -> Followed:
        """Make a call by its wire name and give its events, name and data, as they come: an async iterator, then
        `answer`. The call begins with the first look at it; closing it early cancels the call.

        Raises:
            DaemonUnavailable, Cancelled, VoxError: As `call`; by the iterator.
        """

        def begin(on_frame: OnFrame) -> Awaitable[dict[str, Any]]:
            return self._call(method, params, on_frame, timeout)

        return Followed(begin)

    async def connect(self) -> None:
        """Connect now rather than with the first call, starting the daemon if that is allowed.

        Raises:
            DaemonUnavailable: None runs, or none could be started.
        """
        await self._connected(True)

    async def close(self) -> None:
        """Close the connection: what runs on it ends with `DaemonUnavailable`, subscriptions just end. The client may
        be used again; it would connect anew."""
        for stream in list(self._listening):
            stream.end()
        connecting, self._connecting = self._connecting, None
        if connecting is not None and connecting.get_loop() is asyncio.get_running_loop():
            connecting.cancel()
        await self._drop()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ---- inside

    async def _call(
        self, method: str, params: dict[str, Any] | None, on_frame: OnFrame | None, timeout: float | None
    ) -> dict[str, Any]:
        given = {name: value for name, value in (params or {}).items() if value is not None}
        signed = given if method.startswith(ABOUT_CLIENTS) else {"clientId": self._client_id, **given}
        connection = await self._connected(True)
        return await connection.call(method, signed, on_frame, self._timeout if timeout is None else timeout)

    def _until_closed(self, stream: AsyncListening) -> None:
        self._listening.add(stream)

    async def _connected(self, start: bool) -> AsyncConnection:
        """The connection. Calls that need a new one at the same time wait for the same."""
        loop, connection = asyncio.get_running_loop(), self._connection
        if connection is not None and connection.loop is loop and connection.usable():
            return connection
        if self._connecting is None or self._connecting.get_loop() is not loop or self._connecting.done():
            self._connecting = loop.create_task(self._connect(start and self._start))
            self._connecting.add_done_callback(_look)
        return await asyncio.shield(self._connecting)

    async def _connect(self, start: bool) -> AsyncConnection:
        await self._drop()
        self._connection = await open_connection(self._home, start, self._start_timeout)
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and connection.loop is asyncio.get_running_loop():
            await connection.close()


def _look(connecting: "asyncio.Task[AsyncConnection]") -> None:
    """Those who waited may have gone; what became of it is no news to anybody then."""
    if not connecting.cancelled():
        connecting.exception()
