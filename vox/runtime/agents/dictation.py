"""What becomes of what was said: a message for the agent that was spoken to, or something for Vox to do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias
from uuid import uuid4

from vox.config.openvip import OpenVipPhrases, OpenVipSettings
from vox.errors import AgentNotConnected
from vox.log import get_logger
from vox.runtime.agents.agents import Agents
from vox.runtime.agents.message import Transcription
from vox.runtime.agents.phrases import Phrasebook
from vox.types import Transcript

__all__ = ["Dictation", "Encode"]

Encode: TypeAlias = Callable[[Transcription], bytes]
"""Writes a message as agents read it."""

_log = get_logger()


@dataclass(frozen=True, slots=True)
class _Message:
    """What is left for the agent."""

    text: str
    submit: str | None = None
    """The words that asked for it."""
    confidence: float | None = None
    changed: bool = False
    """Whether it is not all that was recognised."""


class Dictation:
    """Hands on what was said.

    Args:
        encode: Writes a message.
        settings: As they are at the moment.
        changed: Called when it is muted or unmuted.
        announce: Has something said.
    """

    def __init__(
        self,
        agents: Agents,
        encode: Encode,
        settings: Callable[[], OpenVipSettings],
        changed: Callable[[], object],
        announce: Callable[[str], object],
    ) -> None:
        self._agents, self._encode, self._settings = agents, encode, settings
        self._changed, self._announce = changed, announce
        self._book: Phrasebook | None = None
        self.muted = False
        """Whether nothing is handed on but the words that end that."""
        self.undelivered = 0
        """Utterances whose agent had gone."""

    def take(self, transcript: Transcript, target: str | None) -> bool:
        """Somebody has said something to `target`. Returns whether it was more than noise and mute."""
        text, language = transcript.text.strip(), transcript.language or self._settings().language
        message = self._for_agent(text, language) if text else None
        if message is None:
            return False
        if message.text or message.submit:
            self._send(message, transcript, target)
        return True

    def guess(self, text: str) -> None:
        """Somebody seems to say this; only agents that want it are told."""
        current = self._agents.current
        if current is not None and text and not self.muted and self._agents.wants_partials(current):
            message = Transcription(id=str(uuid4()), text=text, language=self._settings().language, partial=True)
            self._agents.deliver(current, self._encode(message), partial=True)

    def set_muted(self, muted: bool) -> None:
        """Hear no word any more, or hear again."""
        if muted == self.muted:
            return
        self.muted = muted
        self._changed()
        said = self._settings().said
        self._announce(said.muted if muted else said.listening)

    def switch(self, agent: str) -> None:
        """Speak to another agent, and say so unless the user sees it.

        Raises:
            AgentNotConnected: It is not there.
        """
        self._agents.set_current(agent)
        if not self._agents.has_focus(agent):
            self._announce(self._settings().said.agent.replace("{name}", agent.replace("-", " ").replace("_", " ")))

    # ---- what was meant

    def _for_agent(self, text: str, language: str | None) -> _Message | None:
        """What an agent is to get of it, after what is Vox's own is done; None while nobody may hear anything."""
        whole, book = text, self._phrasebook(self._settings().phrases)
        if self.muted:
            unmute = book.find("listen", text, language)
            if unmute is None:
                return None
            self.set_muted(False)
            text = unmute.after
        elif (mute := book.find("mute", text, language)) is not None:
            text = mute.before
            self.set_muted(True)
        elif (call := book.find_agent(text, self._agents.connected, language)) is not None:
            text = call.before
            self.switch(call.agent)
        if (submit := book.find("submit", text, language)) is not None:
            return _Message(submit.text, submit.trigger, submit.confidence, changed=True)
        return _Message(text, changed=text != whole)

    def _phrasebook(self, phrases: OpenVipPhrases) -> Phrasebook:
        if self._book is None or self._book.settings is not phrases:
            self._book = Phrasebook(phrases)
        return self._book

    # ---- what they are told

    def _send(self, message: _Message, transcript: Transcript, target: str | None) -> None:
        told = Transcription(
            id=str(uuid4()),
            text=message.text,
            language=transcript.language or self._settings().language,
            confidence=transcript.confidence,
            ops=("submit",) if message.submit or self._settings().auto_submit else ("newline",),
            trigger=message.submit,
            op_confidence=message.confidence,
        )
        if message.changed:  # as if the message of all that was said had been changed on its way
            told = replace(told, trace_id=(whole := str(uuid4())), parent_id=whole)
        try:
            if target is None:
                raise AgentNotConnected("Nobody was there to be spoken to.")
            self._agents.deliver(target, self._encode(told))
        except AgentNotConnected:
            self.undelivered += 1
            _log.warning("agents.undelivered", agent=target, characters=len(message.text))
