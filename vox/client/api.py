"""The client: every method of the daemon as a method of a Python object, with typed values and typed errors."""

import contextlib
import os
import threading
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vox.client.agents.api import Agents
from vox.client.connection import Connection, OnEvent
from vox.client.launch import START_S, connect, launch
from vox.client.upkeep import RESUME_S, Upkeep
from vox.errors import DaemonUnavailable
from vox.paths import Home

if TYPE_CHECKING:
    from vox.client.events import EventStream
    from vox.client.live import LiveSession
    from vox.client.streams import SpeechStream
    from vox.types import ModelInfo, Partial, Priority, Speech, Transcript, Voice

__all__ = ["ABOUT_CLIENTS", "NONE_RUNS", "Client", "home_of", "milliseconds"]

NONE_RUNS = "No Vox daemon runs for {home}, and none may be started. Start it with: vox daemon start"
"""What a client says that may not start one."""

ABOUT_CLIENTS = ("history.", "telemetry.")
"""Methods in which `clientId` says whose records are meant, not who asks."""

OnPartial = Callable[["Partial"], None]


class Client(Upkeep, Agents):
    """A blocking client of the daemon of one home.

    It connects with its first call, and again after the daemon was restarted. One call runs at a time; calls from
    several threads take turns, so give each thread a client of its own to have them run together.

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
        self._connection: Connection | None = None
        self._turn = threading.Lock()

    @property
    def home(self) -> Home:
        """The home whose daemon this client talks to."""
        return self._home

    # ---- speech

    def transcribe(
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
    ) -> "Transcript":
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
        from vox.client.values import partial_of, transcript_of

        def hear(event: str, data: dict[str, Any]) -> None:
            if on_partial is not None and event == "transcribe.partial":
                on_partial(partial_of(data))

        return transcript_of(self.call("transcribe.file", {"path": os.path.abspath(path), **given}, hear))

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
    ) -> "LiveSession":
        """Recognise what is said into the microphone of the daemon's machine, while it is said: an iterator of
        `LiveEvent`, and `stop`. Other calls may be made meanwhile. When this returns, the microphone records.

        Args:
            model, language, words, prompt, hotwords: As `transcribe`.
            device: Name of the microphone; None for the default one.
            max_s: Seconds after which recording ends by itself, within the daemon's own limit.
            levels: Tell ten times a second how loud it is.
            utterances: Tell each utterance alone, for as long as a day, rather than all the text so far.
            guesses: Tell also what an utterance that goes on seems to be; costs more of the machine.

        Raises:
            LiveSessionBusy: Another session has the microphone.
            MicrophoneUnavailable: There is none.
            SessionCancelled: The microphone did not open in time.
            DaemonUnavailable: There is no daemon to ask.
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
        from vox.client.live import LiveSession

        def ask(method: str, params: dict[str, Any]) -> dict[str, Any]:
            with Client(self._home, start=False, client_id=self._client_id) as other:
                return other.call(method, params)

        return LiveSession(self.follow("transcribe.startSession", given), ask)

    def synthesize(
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
    ) -> "Speech":
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
        from vox.client.values import speech_of

        return speech_of(self.call("synthesize.generate", {"text": text, **given}))

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
    ) -> "SpeechStream":
        """Speak a text, and hear it while it is made: an iterator of `AudioChunk`, 16-bit samples each. A model that
        does not stream gives one chunk. The call begins with the first look at it; other calls may be made meanwhile.

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
        from vox.client.streams import SpeechStream

        return SpeechStream(self.follow("synthesize.generate", {"text": text, "stream": True, **given}))

    def voices(self, model: str | None = None) -> "list[Voice]":
        """The voices of one model, or of all.

        Raises:
            ModelNotFound: `model` is named and nobody serves it.
            DaemonUnavailable: There is no daemon to ask.
        """
        from vox.client.values import voice_of

        return [voice_of(voice) for voice in self.call("synthesize.voices", {"modelId": model})["voices"]]

    # ---- models

    def models(self, kind: str = "all") -> "list[ModelInfo]":
        """The models of a kind: asr, tts, or all.

        Raises:
            InvalidRequest: There is no such kind.
            DaemonUnavailable: There is no daemon to ask.
        """
        from vox.client.values import model_of

        return [model_of(model) for model in self.call("models.list", {"kind": kind})["models"]]

    # ---- the daemon

    def stop(self) -> bool:
        """Ask the daemon to end. Returns False when none runs; one is never started for this.

        Raises:
            DaemonUnavailable: It does not react.
        """
        with self._turn:
            channel = connect(self._home)
            if channel is None:
                return False
            with contextlib.closing(Connection(channel)) as connection:
                connection.call("daemon.stop", {"clientId": self._client_id})
            self._drop()
            return True

    def events(
        self,
        topics: Iterable[str] | None = None,
        *,
        since: int | None = None,
        epoch: str | None = None,
        resume_s: float = RESUME_S,
    ) -> "EventStream":
        """Listen to what happens in the daemon, also across its restarts: an iterator of `RuntimeEvent`. Other calls
        may be made meanwhile.

        Args:
            topics: `health`, `warmup`, `transcribe.session`, `synthesize.session`, `provider`, `jobs`; None for all.
            since: Tell what has happened after that event, too: the `seq` of an earlier one.
            epoch: Whose numbering `since` is of: the `epoch` of an earlier stream.
            resume_s: Seconds to look for a daemon that went away; none is started for that.

        Raises:
            DaemonUnavailable, InvalidRequest: As `EventStream`, by the iterator.
        """
        from vox.client.events import EventStream

        given = {"topics": None if topics is None else list(topics), "since": since, "epoch": epoch}
        return EventStream(self._apart, {"clientId": self._client_id, **given}, resume_s)

    # ---- any method

    def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        on_event: OnEvent | None = None,
        *,
        timeout: float | None = None,
    ) -> dict[str, Any]:
        """Make a call by its wire name, and return the answer as it came. Parameters that are None are left out.

        Ctrl-C while it waits cancels the call in the daemon before it is raised.

        Args:
            on_event: Called with name and data of each event of this call.
            timeout: Seconds; None for the client's own.

        Raises:
            DaemonUnavailable: There is no daemon to ask, or it went away.
            Cancelled: The time is over.
            VoxError: What the daemon answered.
        """
        given = {name: value for name, value in (params or {}).items() if value is not None}
        with self._turn:
            connection = self._connected()
            limit = self._timeout if timeout is None else timeout
            return connection.call(method, self._signed(method, given), on_event, limit)

    def follow(
        self, method: str, params: dict[str, Any] | None = None, *, timeout: float | None = None
    ) -> "Generator[tuple[str, dict[str, Any]], None, dict[str, Any]]":
        """Make a call by its wire name and give its events, name and data, as they come; the generator's value is the
        answer. Closing it early cancels the call. The connection is its own until it ends, so other calls may be made
        meanwhile.

        Raises:
            DaemonUnavailable, Cancelled, VoxError: As `call`.
        """
        given = {name: value for name, value in (params or {}).items() if value is not None}
        with self._turn:
            connection, self._connection = self._connected(), None
        limit = self._timeout if timeout is None else timeout
        try:
            return (yield from connection.follow(method, self._signed(method, given), limit))
        finally:
            self._take_back(connection)

    def connect(self) -> None:
        """Connect now rather than with the first call, starting the daemon if that is allowed.

        Raises:
            DaemonUnavailable: None runs, or none could be started.
        """
        with self._turn:
            self._connected()

    def close(self) -> None:
        """Close the connection. The client may be used again; it would connect anew."""
        with self._turn:
            self._drop()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- inside

    def _signed(self, method: str, given: dict[str, Any]) -> dict[str, Any]:
        """The parameters with who asks; where records are looked at, `clientId` says whose, and nothing is added."""
        return given if method.startswith(ABOUT_CLIENTS) else {"clientId": self._client_id, **given}

    def _connected(self) -> Connection:
        if self._connection is not None and self._connection.usable():
            return self._connection
        self._drop()
        self._connection = self._apart(self._start)
        return self._connection

    def _apart(self, start: bool) -> Connection:
        """A new connection."""
        channel = connect(self._home)
        if channel is None and not (start and self._start):
            raise DaemonUnavailable(NONE_RUNS.format(home=self._home.root))
        return Connection(channel or launch(self._home, self._start_timeout))

    def _take_back(self, connection: Connection) -> None:
        """Keep a connection for later calls, if there is none. A stream may be collected in the middle of a call of the
        same thread, so nothing is waited for here."""
        if self._turn.acquire(blocking=False):
            try:
                if self._connection is None and connection.usable():
                    self._connection = connection
                    return
            finally:
                self._turn.release()
        connection.close()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def home_of(named: "str | os.PathLike[str] | Home | None") -> Home:
    """The home an application names; None for the one the environment names."""
    if named is None:
        return Home.from_env()
    return named if isinstance(named, Home) else Home(Path(named).expanduser().absolute())


def milliseconds(seconds: float | None) -> int | None:
    """Seconds, as the wire counts them."""
    return None if seconds is None else round(seconds * 1000)
