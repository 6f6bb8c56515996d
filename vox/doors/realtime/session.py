"""One Realtime session: client events in, server events out, whatever carries them.

Only the task that runs `Session.run` and the callbacks it is given change a session, and none of them waits between
looking and changing, so each event is one step:

    append → ear → turn → item → scribe → answer
    all else      → item | response | configuration
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import anyio
from anyio.abc import TaskGroup

from vox.doors.realtime.answers import Answers, Wanted, read_input
from vox.doors.realtime.config import SessionConfig
from vox.doors.realtime.fields import Fields
from vox.doors.realtime.item_events import ItemEvents
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.rehearsal import rehearse
from vox.doors.realtime.response_config import ResponseConfig
from vox.doors.realtime.scribe import Scribe, Turn
from vox.doors.realtime.services import Services
from vox.doors.realtime.stages import TurnTimes
from vox.doors.realtime.wire import EventError, event_id_of, new_id
from vox.log import get_logger
from vox.runtime.agent.conversation import Conversation, Item, Part
from vox.runtime.agent.memory import Memory
from vox.runtime.requests import Caller

__all__ = ["Session"]

_log = get_logger()

_WARM_UP_S = 20.0  # a client that hears nothing for longer takes the server for dead
_GREETING_S = 0.25  # for a first session.update, which often brings the voice
_SILENT = "(The user has said nothing for {seconds:g} seconds.)"

_TRANSCRIPTION = {
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.retrieve",
    "conversation.item.delete",
}
"""What a session without responses takes."""


class Session:
    """One session. `run` serves it to its end.

    Args:
        services: The daemon's.
        config: What it begins with.
        outbox: Where its events go; closed when it ends.
        caller: Who is served, for fairness and telemetry.
    """

    def __init__(self, services: Services, config: SessionConfig, outbox: Outbox, caller: Caller) -> None:
        self.config = config
        self.conversation = Conversation()
        self.begun = anyio.Event()
        """Set when `session.created` is told: the models are loaded, or have had their time."""
        self._services, self._outbox, self._caller = services, outbox, caller
        self._memory = Memory(lambda: services.settings().memory, services.model)
        self._items = ItemEvents(self.conversation, outbox)
        self._scribe = Scribe(services, outbox, caller, self._keeps, self._turn_recognised)
        self._configured = anyio.Event()
        self._idle_from: int | None = None
        self._handlers: dict[str, Callable[[dict[str, Any]], None]] = {
            "session.update": self._update,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._items.create,
            "conversation.item.retrieve": self._items.retrieve,
            "conversation.item.delete": self._items.delete,
            "conversation.item.truncate": self._items.truncate,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
            "output_audio_buffer.clear": self._refuse_output_buffer,
        }

    async def run(self, events: AsyncIterator[dict[str, Any] | EventError], gone: anyio.Event) -> None:
        """Serve client events, as `read_event` gives them, until there are no more. Then, and when it is cancelled,
        everything that was begun for it is cancelled and let go.

        Args:
            gone: Set as soon as the client has gone.
        """
        from vox.doors.realtime.hearing import Hearing  # with it numpy, which a daemon without sessions does without

        clock, began = self._services.clock, self._user_speaks
        self._hearing = Hearing(self.config, self._items, self._outbox, self._scribe, clock, began)
        try:
            await self._warm_up(gone)
            if gone.is_set():
                return
            async with self._memory, anyio.create_task_group() as tasks:
                self._begin(tasks)
                async for event in events:
                    await self._take(event)
                tasks.cancel_scope.cancel()
        finally:
            self._outbox.close()
            self._hearing.ear.clear()
            self.conversation.clear()  # much memory, which would else wait for the garbage collector

    async def _warm_up(self, gone: anyio.Event) -> None:
        """Have the models loaded, as long as the client is there and waits."""
        wanted = self.config.transcription
        asr = self._services.names.asr(None if wanted is None else wanted.model)
        tts = "" if self.config.type == "transcription" else None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_cancel_on, gone, tasks.cancel_scope)
            with anyio.move_on_after(_WARM_UP_S):
                await self._services.warm_up(asr, tts, self._caller.client)
            tasks.cancel_scope.cancel()

    def _begin(self, tasks: TaskGroup) -> None:
        self._answers = Answers(
            self._services,
            self.conversation,
            self._outbox,
            self._caller,
            self._memory,
            tasks,
            heard=lambda: not self._scribe.busy,
            free=lambda: not (self._hearing.ear.speaking and self._interrupts),
            over=self._answered,
        )
        self._outbox.emit("session.created", session=self.config.shape())
        self.begun.set()
        tasks.start_soon(self._scribe.run)
        tasks.start_soon(self._greet)
        tasks.start_soon(self._rehearse)

    async def _greet(self) -> None:
        with anyio.move_on_after(_GREETING_S):
            await self._configured.wait()
        greeting = self.config.greeting
        if greeting is None or self.config.type == "transcription" or len(self.conversation):
            return
        config = ResponseConfig.of(self.config, say=greeting.text)
        self._answers.owe(Wanted(config, note=greeting.prompt or ""))

    async def _rehearse(self) -> None:
        """Once the client has named its voice, or will not."""
        with anyio.move_on_after(_GREETING_S):
            await self._configured.wait()
        await rehearse(self._services, self.config, self._caller)

    # ---- client events

    async def _take(self, event: dict[str, Any] | EventError) -> None:
        if isinstance(event, EventError):
            self._tell(event)
            return
        try:
            await self._handle(event)
        except EventError as error:
            error.event_id = event_id_of(event)
            self._tell(error)
        except Exception as error:
            _log.exception("realtime.event_failed", type=event["type"])
            told = f"Vox failed to serve {event['type']!r}: {type(error).__name__}. See the daemon's log."
            self._tell(EventError(None, told, None, "server_error", event_id_of(event)))

    async def _handle(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        is_append = kind == "input_audio_buffer.append"
        if not is_append and kind not in self._handlers:
            raise EventError("unknown_event", f"There is no client event {kind[:100]!r}.", "type")
        if self.config.type == "transcription" and kind not in _TRANSCRIPTION:
            raise EventError("invalid_event", f"{kind} has no place in a transcription session.", "type")
        if is_append:
            await self._append(event)
        else:
            self._handlers[kind](event)

    def _tell(self, error: EventError) -> None:
        self._outbox.emit("error", error=error.shape())

    def _update(self, event: dict[str, Any]) -> None:
        if "session" not in event:
            raise EventError("missing_required_parameter", "`session` is missing.", "session")
        config = self.config.merged(event["session"])
        if config.type != self.config.type and len(self.conversation):
            raise EventError("invalid_value", "A session that has begun keeps its type.", "session.type")
        self.config = config
        self._hearing.configure(config)
        self._outbox.emit("session.updated", session=config.shape())
        self._configured.set()
        self._answers.proceed()

    # ---- what is heard

    async def _append(self, event: dict[str, Any]) -> None:
        await self._hearing.append(event)
        self._look_for_silence()

    def _commit(self, event: dict[str, Any]) -> None:
        self._hearing.commit()

    def _clear(self, event: dict[str, Any]) -> None:
        self._hearing.clear()
        self._answers.proceed()

    def _keeps(self, item: Item) -> bool:
        return item.id in self.conversation

    def _user_speaks(self) -> None:
        self._idle_from = None
        if self._interrupts:
            self._answers.interrupt()

    def _turn_recognised(self, turn: Turn) -> None:
        if turn.answer and turn.item.text:
            times = TurnTimes(turn.speech_end, turn.stopped, self._services.clock())
            self._answers.owe(Wanted(ResponseConfig.of(self.config, turn=times)))
        self._answers.proceed()

    @property
    def _interrupts(self) -> bool:
        turns = self.config.turn_detection
        return turns is not None and turns.interrupt_response

    # ---- silence

    def _answered(self) -> None:
        """A response has ended: silence counts from when it is likely to be played to its end."""
        spoken_s = self.conversation.last_spoken_ms() / 1000
        left_s = self._answers.begun_at + spoken_s - self._services.clock()
        self._idle_from = self._hearing.ear.ms + max(0, round(left_s * 1000))

    def _look_for_silence(self) -> None:
        turns = self.config.turn_detection
        if turns is None or turns.idle_ms is None or self._idle_from is None or self._hearing.ear.speaking:
            return
        if self._hearing.ear.ms - self._idle_from < turns.idle_ms or self._scribe.busy or not self._answers.idle:
            return
        start_ms, self._idle_from = self._idle_from, None
        self._time_out(start_ms)

    def _time_out(self, start_ms: int) -> None:
        item = Item(new_id("item"), "message", "user", parts=[Part("input_audio", "")])
        end_ms = self._hearing.ear.ms
        previous = self._items.put(item)
        self._outbox.emit(
            "input_audio_buffer.timeout_triggered", audio_start_ms=start_ms, audio_end_ms=end_ms, item_id=item.id
        )
        self._hearing.ear.clear()
        self._items.tell_turn(item, previous)
        note = _SILENT.format(seconds=round((end_ms - start_ms) / 1000))
        self._answers.owe(Wanted(ResponseConfig.of(self.config), note=note))

    # ---- responses

    def _create_response(self, event: dict[str, Any]) -> None:
        patch = event.get("response")
        given = read_input(patch, self.conversation)
        self._answers.create(replace(ResponseConfig.of(self.config, patch), input=given))

    def _cancel_response(self, event: dict[str, Any]) -> None:
        self._answers.cancel(Fields.of(event, "").text("response_id", None))

    def _refuse_output_buffer(self, event: dict[str, Any]) -> None:
        told = "There is no output buffer on a WebSocket: what was sent is the client's. Send response.cancel instead."
        raise EventError("invalid_event", told, "type")


async def _cancel_on(event: anyio.Event, scope: anyio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
