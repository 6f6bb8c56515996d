"""Speech: texts that are spoken one after the other on the daemon's loudspeaker."""

from typing import Any

from vox.doors.openvip.asking import Ask
from vox.doors.openvip.messages import response
from vox.doors.openvip.wire import Fields, read_message
from vox.errors import InvalidRequest
from vox.runtime.agents.hub import AgentHub
from vox.runtime.agents.saying import Spoken
from vox.runtime.requests import SynthesizeRequest

__all__ = ["SpeechDoor", "speed_of"]

_WORDS_PER_MINUTE = 175  # of the usual speed, where clients count in words
_WORDS_FROM = 20.0  # no voice speaks so many times as fast: it is a number of words
_SPEEDS = (0.25, 4.0)  # what voices take, of which 1 is usual


class SpeechDoor:
    """`/speech`, `/speech/stop` and the voices."""

    def __init__(self, hub: AgentHub) -> None:
        self._hub = hub

    async def speak(self, ask: Ask) -> None:
        """Speak a text behind what waits. The answer comes when it was heard, or after eight seconds.

        `engine` or `model` may name a model; one that is not here is replaced by the default, which `notes` tells.
        """
        asked = read_message(await ask.object())
        if asked["type"] != "speech":
            raise InvalidRequest('Not OpenVIP v1.0 compliant: type must be "speech".')
        if not asked["text"].strip():  # valid, and spoken in no time
            await ask.answer(response(ask.ref, duration_ms=0))
            return
        speed, notes = speed_of(asked.get("speed"))
        model, voice = asked.get("model") or asked.get("engine"), asked.get("voice")
        if model is not None and not isinstance(model, str):
            model, notes = None, [*notes, "engine was ignored: it must be a string."]
        language = asked.get("language")
        request = SynthesizeRequest(asked["text"], model=model, voice=voice or None, language=language, speed=speed)
        spoken = await self._hub.say(request)
        await ask.answer(response(ask.ref, **_told(spoken, notes)))

    async def stop(self, ask: Ask) -> None:
        """Be quiet, and forget what waits to be spoken. Whatever the body is, it is not read."""
        await self._hub.voicebox.stop()
        await ask.answer(response(ask.ref))


def speed_of(given: Any) -> tuple[float | None, list[str]]:
    """The speed, of which 1 is usual, and what to say about it. From 20 on, it is a number of words per minute."""
    if given is None:
        return None, []
    if isinstance(given, bool) or not isinstance(given, int | float) or given <= 0:
        return None, ["speed was ignored: it must be a number above 0."]
    speed = given / _WORDS_PER_MINUTE if given >= _WORDS_FROM else float(given)
    slowest, fastest = _SPEEDS
    return min(fastest, max(slowest, speed)), []


def _told(spoken: Spoken, notes: list[str]) -> Fields:
    told: Fields = {"duration_ms": round(spoken.duration_s * 1000)}
    if spoken.model is not None:
        told |= {"model": spoken.model, "voice": spoken.voice}
    told |= {"heard": spoken.heard, "stopped": spoken.stopped}
    if notes := [*notes, *spoken.notes]:
        told["notes"] = notes
    return told
