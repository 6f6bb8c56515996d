"""All there is for agents, put together: who they are, what they hear, what they say, and how it stands."""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from time import monotonic

import anyio

from vox.audio.playback import Stream, open_device
from vox.config.openvip import OpenVipSettings
from vox.errors import AgentNotConnected, VoxError
from vox.log import get_logger
from vox.paths import Home
from vox.runtime.agents.agents import Agents
from vox.runtime.agents.dictation import Dictation, Encode
from vox.runtime.agents.ears import CLIENT, Ears
from vox.runtime.agents.last_session import LastSession
from vox.runtime.agents.names import nearest
from vox.runtime.agents.saying import Spoken
from vox.runtime.agents.status import HubStatus
from vox.runtime.agents.voicebox import Voicebox
from vox.runtime.requests import Caller, OnRoute, SynthesizeRequest
from vox.runtime.runtime import Runtime
from vox.types import AudioChunk, Speech, Transcript

__all__ = ["AgentHub"]

_METHOD = "openvip.speech"

_log = get_logger()


class AgentHub:
    """The agents of a daemon. Nothing is opened or loaded before an agent comes or something is said.

    Args:
        encode: Writes a message as agents read it.
        opened: Opens the loudspeaker for a rate and a number of channels.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        runtime: Runtime,
        home: Home,
        encode: Encode,
        opened: Callable[[int, int], Stream] = open_device,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._runtime = runtime
        self._last = LastSession(home.agents_json)
        self._watchers: list[Callable[[], object]] = []
        self._told: HubStatus | None = None
        self._ends = False
        self.agents = Agents(self._last.read(), clock)
        self.voicebox = Voicebox(self._synthesize, self._changed, self._spoken, opened, clock)
        self.dictation = Dictation(self.agents, encode, self._settings, self._changed, self._announce)
        self.ears = Ears(
            runtime.live,
            self.agents,
            self.dictation,
            self.voicebox,
            runtime.deafness,
            self._heard,
            self._settings,
            self._changed,
        )
        self.agents.watch(lambda: self._last.note(None if self._ends else self.agents.current))

    async def run(self) -> None:
        """Listen and speak, until cancelled."""
        async with anyio.create_task_group() as tasks:
            for work in (self._last.run, self.ears.run, self.voicebox.run, self._follow, self._prepare):
                tasks.start_soon(work)

    def stop(self) -> None:
        """The daemon ends: let all agents go, and remember who was spoken to."""
        self._ends = True
        self.agents.close()

    # ---- what clients do

    async def say(self, request: SynthesizeRequest) -> Spoken:
        """Speak a text behind what waits already. Returns when it was heard, was stopped, or after `ANSWER_S`.

        Args:
            request: No model is the one of the settings; so is one that is not here, which `Spoken.notes` tells.

        Raises:
            VoxError: As `Voicebox.say`.
        """
        return await self.voicebox.say(self._filled(request))

    def switch(self, name: str) -> str:
        """Speak to the agent that is meant by a name, which may be its id. Returns the id.

        Raises:
            AgentNotConnected: No name is alike enough.
        """
        agent = nearest(name, self.agents.connected, self._settings().phrases.name_threshold)
        if agent is None:
            raise AgentNotConnected(f"Agent '{name}' not connected.", connected=self.agents.connected)
        self.dictation.switch(agent)
        return agent

    def focus(self, agent: str, focused: bool) -> None:
        """An agent's terminal got or lost the keyboard.

        Raises:
            AgentNotConnected: It is not there.
        """
        self.agents.focus(agent, focused, follow=self._settings().follow_focus)

    # ---- how it stands

    def status(self) -> HubStatus:
        """All that a status stream tells."""
        ears, voicebox, settings = self.ears, self.voicebox, self._settings()
        last = voicebox.last
        return HubStatus(
            state=ears.state,
            listening=ears.wanted,
            muted=self.dictation.muted,
            microphone=ears.device,
            listen_error=ears.error and ears.error.message,
            asr_model=ears.model or settings.model or self._runtime.configuration.settings.default_asr,
            language=settings.language or ears.language,
            connected=tuple(self.agents.connected),
            current=self.agents.current,
            speaking=voicebox.sounds,
            queued=voicebox.queued,
            tts_model=(last and last.model)
            or settings.speech_model
            or self._runtime.configuration.settings.default_tts,
            tts_voice=(last and last.voice) or settings.speech_voice,
            speech_error=voicebox.error and voicebox.error.message,
            loading=self._loading(),
        )

    def watch(self, changed: Callable[[], object]) -> Callable[[], None]:
        """Have a function called whenever `status` has changed; it does not wait. Returns what ends that."""
        self._watchers.append(changed)
        return lambda: self._watchers.remove(changed)

    def _changed(self) -> None:
        """Something has happened; tell those who watch if it can be seen."""
        if not self._watchers:
            return
        status = self.status()
        if status != self._told:
            self._told = status
            for changed in tuple(self._watchers):
                changed()

    def _loading(self) -> tuple[str, ...]:
        warmups = self._runtime.events.snapshot(["warmup"])["warmup"].get("warmups", [])
        return tuple(warmup["modelId"] for warmup in warmups if warmup["state"] == "warming")

    async def _follow(self) -> None:
        """Look anew whenever models are loaded, or the configuration was."""
        subscription = self._runtime.events.subscribe(["warmup", "health"])
        try:
            async for _ in subscription:
                self.ears.refresh()
        finally:
            subscription.close()

    # ---- hearing and speaking

    def _settings(self) -> OpenVipSettings:
        return self._runtime.configuration.settings.open_vip

    def _heard(self, transcript: Transcript, target: str | None, session: str | None) -> None:
        if self.dictation.take(transcript, target):
            self._runtime.history.transcribed(transcript, Caller(CLIENT, CLIENT), "live", session)

    def _spoken(self, speech: Speech, text: str) -> None:
        self._runtime.history.spoken(speech, text, Caller(CLIENT, _METHOD))

    def _announce(self, text: str) -> None:
        if text.strip() and self._settings().announcements:
            self.voicebox.announce(self._filled(SynthesizeRequest(text)))

    async def _prepare(self) -> None:
        """Have what is said most made before it is needed, once somebody is there to hear it."""
        arrived = anyio.Event()
        forget = self.agents.watch(arrived.set)
        try:
            if not self.agents.connected:
                await arrived.wait()
        finally:
            forget()
        for text in (self._settings().said.muted, self._settings().said.listening):
            if not text.strip() or not self._settings().announcements:
                continue
            try:
                await self.voicebox.prepare(self._filled(SynthesizeRequest(text)))
            except VoxError as error:
                _log.warning("announcements.not_ready", code=error.code, why=error.message)
                return

    def _filled(self, request: SynthesizeRequest) -> SynthesizeRequest:
        """With the model and the voice of the settings, where it names no model."""
        settings = self._settings()
        if request.model is not None:
            return request
        return replace(request, model=settings.speech_model, voice=request.voice or settings.speech_voice)

    def _synthesize(self, request: SynthesizeRequest, on_route: OnRoute) -> AsyncGenerator[AudioChunk | Speech]:
        return self._runtime.synthesize_stream(request, Caller(CLIENT, _METHOD), on_route)
