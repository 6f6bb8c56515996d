"""How everything stands, asked for once or followed as a stream."""

import asyncio
from collections.abc import Callable
from time import monotonic

import orjson

from vox import __version__
from vox.doors.openvip.asking import Ask
from vox.doors.openvip.errors import VERSION
from vox.doors.openvip.sse import Stream
from vox.doors.openvip.wire import Fields
from vox.errors import MicrophoneUnavailable, SpeakerUnavailable
from vox.runtime.agents.hub import AgentHub
from vox.runtime.agents.mailbox import Mailbox

__all__ = ["StatusDoor"]


class StatusDoor:
    """`/status` and `/status/stream`.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, hub: AgentHub, clock: Callable[[], float] = monotonic) -> None:
        self._hub, self._clock, self._started = hub, clock, clock()
        self._readers: set[Mailbox] = set()
        self._due = False
        self._forget = hub.watch(self._changed)

    async def get(self, ask: Ask) -> None:
        """How it stands."""
        await ask.answer(self.shape())

    async def follow(self, ask: Ask) -> None:
        """How it stands, now and whenever that has changed. Who reads slowly is spared what is out of date."""
        mailbox = Mailbox()
        self._readers.add(mailbox)
        try:
            await ask.follow(Stream(ask.scope, ask.receive, ask.send, mailbox), [self._event()])
        finally:
            self._readers.discard(mailbox)

    def stop(self) -> None:
        """End all streams."""
        self._forget()
        for mailbox in self._readers:
            mailbox.close()

    def shape(self) -> Fields:
        """The status, with what OpenVIP's clients look for under `platform`."""
        status, hub = self._hub.status(), self._hub
        agents = list(status.connected)
        can_hear = not isinstance(hub.ears.error, MicrophoneUnavailable)
        can_speak = not isinstance(hub.voicebox.error, SpeakerUnavailable)
        return {
            "openvip": VERSION,
            "protocol_version": VERSION,
            "stt": {"enabled": can_hear, "active": status.microphone is not None},
            "tts": {"enabled": can_speak},
            "connected_agents": agents,
            "platform": {
                **{"name": "Vox", "version": __version__, "mode": "agents", "state": status.state},
                "uptime_seconds": round(self._clock() - self._started, 1),
                "listening": status.listening,
                "muted": status.muted,
                "stt": {
                    **{"model_name": status.asr_model, "device": status.microphone, "language": status.language},
                    "error": status.listen_error,
                },
                "tts": {
                    **{"engine": status.tts_model, "voice": status.tts_voice, "available": can_speak},
                    **{"speaking": status.speaking, "queued": status.queued, "error": status.speech_error},
                },
                "output": {"mode": "agents", "current_agent": status.current, "available_agents": agents},
                "loading": {
                    "active": bool(status.loading),
                    "models": [{"name": name, "status": "loading"} for name in status.loading],
                },
                "dropped": hub.agents.left_out(),
                "undelivered": hub.dictation.undelivered,
            },
        }

    def _event(self) -> bytes:
        return b"data: %b\n\n" % orjson.dumps(self.shape())

    def _changed(self) -> None:
        """All that changes in one turn of the loop is told at once."""
        if self._readers and not self._due:
            self._due = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._due = False
        event = self._event()
        for mailbox in tuple(self._readers):
            mailbox.put(event, partial=True)
