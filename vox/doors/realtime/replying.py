"""One response while it is made: an agent writes, a voice speaks, and whoever interrupts has the last word.

    agent → text → mouth → sound → client
          → calls of tools ──────→ client

The task that reads the agent never waits for the others: text goes into the mouth, which has room for all of it, and
calls go out at once. The task that sends the sound waits for the client, and the mouth then makes no more of it.

Whatever ends the response tells its end first, in one step without waiting, and then has the tasks cancelled: the
request to the language model is cut, and the synthesis, whose permit is free again.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Literal

import anyio

from vox.doors.realtime.aside import Aside
from vox.doors.realtime.formats import RATES
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.reply_calls import Calls
from vox.doors.realtime.reply_items import MessageItem
from vox.doors.realtime.reply_request import chat_request, who_answers
from vox.doors.realtime.response import Response
from vox.doors.realtime.response_config import ResponseConfig
from vox.doors.realtime.response_shapes import EndReason
from vox.doors.realtime.services import Services
from vox.doors.realtime.speaker import Speaker
from vox.doors.realtime.stages import Stages
from vox.errors import VoxError
from vox.llm.chat import ChatEvent, Finished, FinishReason, Message, TextDelta, ToolCallDelta
from vox.log import get_logger
from vox.runtime.agent.agent import Agent
from vox.runtime.agent.conversation import Conversation
from vox.runtime.agent.mouth import Mouth, Spoken
from vox.runtime.requests import Caller

__all__ = ["Reply"]

_log = get_logger()

_CALLER = Caller(method="realtime.response")
_Events = Callable[[], AsyncGenerator[ChatEvent]]

_CUT_SHORT: dict[FinishReason, EndReason] = {"length": "max_output_tokens", "content_filter": "content_filter"}


class Reply:
    """One response. `run` makes it; `cancel` ends it, at any time.

    Without an agent, a text that the response was given is spoken, or written, as it is: what `say` holds; else the
    texts of the messages in its own `input`, each on a line; else the `instructions` of its own `response.create`.
    Where none of these has text it fails, with the code `llm_not_configured`. `say` is spoken with an agent too.

    Args:
        conversation: Where its items are put in, unless `config` says that it leaves no trace there.
        agent: Who answers; None where no language model is configured.
        messages: What the agent is shown, instructions included.
        caller: For whom speech is made.
    """

    def __init__(
        self,
        services: Services,
        config: ResponseConfig,
        conversation: Conversation,
        outbox: Outbox,
        agent: Agent | None,
        messages: tuple[Message, ...],
        caller: Caller = _CALLER,
    ) -> None:
        self.in_conversation = config.in_conversation
        self._services, self._config, self._outbox = services, config, outbox
        self._response = Response(config, conversation if config.in_conversation else None, outbox)
        self.id = self._response.id
        self._agent, self._messages = agent, messages
        self._speaker = Speaker(services.engines, services.names, config.voice, config.speed, caller)
        self._scope = anyio.CancelScope()
        self._calls = Calls(self._response, conversation)
        self._conversation = conversation
        self.stages = Stages(services.clock, config.turn)
        """How long what took."""
        self._before_answer: Aside | None = None
        self._answer: MessageItem | None = None
        self._written = self._told_stages = False
        self._finished = Finished("stop")

    @property
    def active(self) -> bool:
        """Whether its end is still to be told."""
        return not self._response.ended

    async def run(self) -> None:
        """Make it, from `response.created` to `response.done`. No failure is raised: each is told. Cancelled from
        outside, it is told as cancelled by the client, who is then gone."""
        if not self.active:
            return
        self._response.begin()
        try:
            with self._scope:
                await self._guarded(self._make)
        finally:
            self._response.end("cancelled", reason="client_cancelled")

    def cancel(self, reason: Literal["turn_detected", "client_cancelled"]) -> None:
        """End it, if it has not ended. When this returns, all ends are told and the sound that was not sent yet is
        dropped; the work behind it ends as soon as its tasks run."""
        if self.active:
            self._response.end("cancelled", reason=reason)
            self._outbox.drop_audio(self.id)
        self._scope.cancel()

    async def _make(self) -> None:
        agent = who_answers(self._config, self._agent)
        events = partial(agent.reply, chat_request(self._config, self._messages))
        if self._config.output_modality == "text":
            await self._read(events, None)
        else:
            await self._make_aloud(events, self._aside() if agent is self._agent else None)
        if self.active:
            self._complete()

    def _complete(self) -> None:
        cut = _CUT_SHORT.get(self._finished.reason)
        if self._answer is not None:
            self._answer.close("incomplete" if cut else "completed")
        self._tell_stages()
        self._response.end("incomplete" if cut else "completed", reason=cut, usage=self._finished.usage)

    async def _make_aloud(self, events: _Events, aside: Aside | None) -> None:
        self._before_answer = aside
        rate = RATES[self._config.output_format]
        async with Mouth(self._speaker.speak, rate) as mouth, anyio.create_task_group() as tasks:
            tasks.start_soon(self._guarded, partial(self._read, events, mouth))
            if aside is not None:
                tasks.start_soon(self._guarded, aside.run)
            await self._guarded(partial(self._speak, mouth))
            self._hush()

    # ---- what the agent writes

    async def _read(self, events: _Events, mouth: Mouth | None) -> None:
        async with aclosing(events()) as stream:
            async for event in stream:
                if not self.active:
                    return
                self._take(event, mouth)
        if mouth is not None:
            mouth.end()

    def _take(self, event: ChatEvent, mouth: Mouth | None) -> None:
        if isinstance(event, TextDelta):
            self._write(event.text, mouth)
        elif isinstance(event, ToolCallDelta):
            if not self._calls.knows(event):
                self._before_call(mouth)
            self._calls.write(event)
        else:
            self._finished = event
            self._calls.close(cut=event.reason in _CUT_SHORT)
            return
        self.stages.token()

    def _write(self, text: str, mouth: Mouth | None) -> None:
        """Add text. Blanks before the first word are left out: some models put lines between a call and nothing."""
        text = text if self._written else text.lstrip()
        if not text:
            return
        self._written = True
        if mouth is not None:
            mouth.write(text)
        else:
            self._answer = self._answer or self._response.message(None)
            self._answer.write(text)
            self._sent()

    def _before_call(self, mouth: Mouth | None) -> None:
        """Have the text before a call be an item before it; what is to be said of it is said meanwhile."""
        if mouth is not None:
            mouth.flush()
            if self._written:
                self._speaking()
        elif self._answer is not None:
            self._answer.close("completed")
            self._answer, self._written = None, False

    # ---- what is heard

    async def _speak(self, mouth: Mouth) -> None:
        async for spoken in mouth:
            if not self.active:
                return
            self._say(spoken)
            await self._outbox.room()

    def _say(self, spoken: Spoken) -> None:
        self._speaking().speak(spoken.pcm, spoken.text)
        if spoken.pcm:
            self._sent()

    def _speaking(self) -> MessageItem:
        if self._answer is None:
            self._hush()
            self._answer = self._response.message(self._config.output_format)
        return self._answer

    # ---- what is heard before

    def _aside(self) -> Aside | None:
        """What is said while the agent thinks; None where nobody waits to hear it."""
        settings = self._services.settings()
        if not self.in_conversation or not (settings.acknowledgement.enabled or settings.typing_sound.enabled):
            return None
        return Aside(
            self._services.asides,
            settings,
            self._response,
            self._outbox,
            self._config.output_format,
            phrase=self._services.asides.pick(self._conversation, settings.acknowledgement.phrases),
            speaker=self._speaker,
        )

    def _hush(self) -> None:
        if self._before_answer is not None:
            self._before_answer.stop()

    # ---- how long it took

    def _sent(self) -> None:
        """Something of the answer is on its way."""
        if self.stages.first_output is None:
            self.stages.output()
            self._tell_stages()

    def _tell_stages(self) -> None:
        """Tell where the time went, to a client that wants to know; of calls alone, when they are all there."""
        if self._config.latency_events and not self._told_stages:
            self._told_stages = True
            spoken = self._config.output_modality == "audio"
            self._outbox.emit("vox.latency", response_id=self.id, **self.stages.shape(spoken=spoken))

    # ---- what goes wrong

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do a part of the work; its failure is the response's."""
        try:
            await work()
        except VoxError as error:
            self._fail(error)
        except Exception as error:
            _log.exception("realtime.reply_failed", response=self.id)
            self._fail(VoxError(f"The response failed for a reason that is Vox's fault: {type(error).__name__}."))

    def _fail(self, error: VoxError) -> None:
        self._response.end("failed", error=error)
        self._scope.cancel()
