"""What is heard while an answer is being thought of: a short phrase, then perhaps the keys of somebody who looks it up.

Both are a message of their own, the first of the response's output, that the language model never sees. It is told of
only once the answer has taken its time, and ends with the first sound of it. The noise is sound without transcript,
and is sent no faster than it is heard: what lies in the client's hands already would delay the answer.
"""

from functools import lru_cache
from weakref import WeakKeyDictionary

import anyio

from vox.config.realtime import RealtimeSettings
from vox.doors.realtime.formats import RATES, AudioType
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.reply_items import MessageItem
from vox.doors.realtime.response import Response
from vox.doors.realtime.speaker import Speaker
from vox.errors import VoxError
from vox.log import get_logger
from vox.runtime.agent.acknowledgement import Phrases, Recordings
from vox.runtime.agent.conversation import Conversation
from vox.runtime.agent.mouth import Spoken
from vox.runtime.agent.typing_sound import key_clicks

__all__ = ["Aside", "Asides"]

_log = get_logger()

_BLOCK_MS = 100  # of typing in one event
_LEAD_MS = 200  # of sound in the client's hands: enough to be heard without gaps


class Asides:
    """What all sessions of a daemon share: the phrases as they were spoken, by voice."""

    def __init__(self) -> None:
        self._recordings: dict[int, Recordings] = {}
        self._of: RealtimeSettings | None = None
        self._phrases: WeakKeyDictionary[Conversation, tuple[list[str], Phrases]] = WeakKeyDictionary()

    def pick(self, conversation: Conversation, phrases: list[str]) -> str:
        """A phrase that is not the one the conversation heard last."""
        known = self._phrases.get(conversation)
        if known is None or known[0] != phrases:
            known = self._phrases[conversation] = (phrases, Phrases(phrases))
        return known[1].pick()

    async def record(
        self, settings: RealtimeSettings, phrases: list[str], speaker: Speaker, format: AudioType
    ) -> list[tuple[Spoken, ...]]:
        """Phrases as they are said, spoken now where they never were. From the first one on that cannot be spoken, none
        is; what is wrong then, the answer tells.

        Args:
            settings: Those in force. With others all is spoken anew, as the voice may be another one.
        """
        if settings is not self._of:
            self._of = settings
            self._recordings.clear()
        recordings = self._recordings.setdefault(RATES[format], Recordings(RATES[format]))
        found: list[tuple[Spoken, ...]] = []
        for phrase in phrases:
            try:
                await recordings.record(speaker.key, [phrase], speaker.speak)
            except VoxError as error:
                _log.info("realtime.acknowledgement_failed", phrase=phrase, code=error.code)
                break
            found += [moments] if (moments := recordings.get(speaker.key, phrase)) else []
        return found


class Aside:
    """What is heard in one response before its answer. `run` is a task; `stop` ends it in one step.

    Args:
        settings: Whether, when and how.
        phrase: What is said.
        speaker: Says it, if it was never said before.
    """

    def __init__(
        self,
        asides: Asides,
        settings: RealtimeSettings,
        response: Response,
        outbox: Outbox,
        format: AudioType,
        *,
        phrase: str,
        speaker: Speaker,
    ) -> None:
        self._asides, self._settings, self._response, self._outbox = asides, settings, response, outbox
        self._format: AudioType = format
        self._phrase, self._speaker = phrase, speaker
        self._scope = anyio.CancelScope()
        self._item: MessageItem | None = None
        self._sent_ms = 0.0

    async def run(self) -> None:
        """Wait for the delay to pass, then be heard until `stop`. Nothing is told when the answer was faster."""
        with self._scope:
            await anyio.sleep(self._settings.acknowledgement.delay_ms / 1000)
            said = await self._said()
            typing = self._settings.typing_sound
            if not (said or typing.enabled) or not self._wanted():
                return
            self._item = self._response.message(self._format, aside=True)
            begun = anyio.current_time()
            for moment in said:
                await self._send(moment.pcm, moment.text)
            if typing.enabled:
                await self._type(_typing(typing.loop_duration_ms, typing.volume, RATES[self._format]), begun)
            self.stop()

    def stop(self) -> None:
        """Fall silent: the item is told to have ended, if there was one. May be called again."""
        if self._item is not None:
            self._item.close("completed")
        self._scope.cancel()

    def _wanted(self) -> bool:
        """Whether it may begin. A task that is cancelled may still come as far as asking."""
        return self._response.empty and not (self._response.ended or self._scope.cancel_called)

    async def _said(self) -> tuple[Spoken, ...]:
        if not self._settings.acknowledgement.enabled:
            return ()
        found = await self._asides.record(self._settings, [self._phrase], self._speaker, self._format)
        return found[0] if found else ()

    async def _type(self, loop: bytes, begun: float) -> None:
        """Send the loop over and over, as fast as it is heard."""
        size = RATES[self._format] * _BLOCK_MS // 1000 * 2
        while True:
            for at in range(0, len(loop), size):
                await anyio.sleep_until(begun + (self._sent_ms - _LEAD_MS) / 1000)
                await self._send(loop[at : at + size], None)

    async def _send(self, pcm: bytes, text: str | None) -> None:
        assert self._item is not None
        self._item.speak(pcm, text)
        self._sent_ms += len(pcm) / 2 / RATES[self._format] * 1000
        await self._outbox.room()


@lru_cache(maxsize=8)
def _typing(duration_ms: int, volume: float, rate: int) -> bytes:
    return key_clicks(duration_ms, volume, rate)
