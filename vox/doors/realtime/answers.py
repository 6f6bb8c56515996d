"""The responses of one session: which one runs, which one waits, and what has to be over before it begins.

At most one response belongs to the conversation at a time. Another that a turn of the user calls for waits for it, one
that a client asks for is refused. A response that has yet to hear what was said waits until that is recognised.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from anyio.abc import TaskGroup

from vox.doors.realtime.fields import Fields
from vox.doors.realtime.items import read_item
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.reply_request import tools_of
from vox.doors.realtime.replying import Reply
from vox.doors.realtime.response_config import ResponseConfig
from vox.doors.realtime.services import Services
from vox.doors.realtime.wire import EventError
from vox.llm.chat import Message
from vox.runtime.agent.conversation import Conversation, Item, ItemError, messages_of
from vox.runtime.agent.memory import Memory
from vox.runtime.requests import Caller

__all__ = ["Answers", "Wanted", "read_input"]

_MOST_ASIDE = 8  # responses outside the conversation at a time
_MOST_INPUT = 1024  # items of one response's own input


@dataclass(frozen=True, slots=True)
class Wanted:
    """A response that is to begin."""

    config: ResponseConfig
    note: str = ""
    """Shown to the agent behind the conversation, as if the user had said it."""
    by_client: bool = False


class Answers:
    """The responses.

    Args:
        memory: What the agent is shown of the conversation.
        free: Whether one may begin: all that was said is recognised, and the user does not speak.
        heard: Whether all that was said is recognised.
        over: Called when one that belongs to the conversation has ended, but for one that the user interrupted.
    """

    def __init__(
        self,
        services: Services,
        conversation: Conversation,
        outbox: Outbox,
        caller: Caller,
        memory: Memory,
        tasks: TaskGroup,
        *,
        heard: Callable[[], bool],
        free: Callable[[], bool],
        over: Callable[[], None],
    ) -> None:
        self._services, self._conversation, self._outbox, self._caller = services, conversation, outbox, caller
        self._memory = memory
        self._tasks, self._heard, self._free, self._over = tasks, heard, free, over
        self._reply: Reply | None = None
        self._asides: list[Reply] = []
        self._waiting: Wanted | None = None
        self._asides_waiting: list[Wanted] = []
        self.begun_at = 0.0
        """When the latest response of the conversation began, on the services' clock."""

    @property
    def idle(self) -> bool:
        """Whether no response of the conversation runs or waits."""
        return self._reply is None and self._waiting is None

    def create(self, config: ResponseConfig) -> None:
        """Begin the response a client asks for, as soon as what was said is recognised.

        Raises:
            EventError: One is under way, or too many beside the conversation.
        """
        self._let_ended_go()
        if not config.in_conversation:
            if len(self._asides) + len(self._asides_waiting) >= _MOST_ASIDE:
                raise EventError(
                    "rate_limit_exceeded", f"{_MOST_ASIDE} responses run beside the conversation, which is the most."
                )
            self._asides_waiting.append(Wanted(config, by_client=True))
        elif self._reply is not None or (self._waiting is not None and self._waiting.by_client):
            which = f" in progress: {self._reply.id}" if self._reply is not None else ""
            raise EventError(
                "conversation_already_has_active_response",
                f"Conversation already has an active response{which}. Wait until the response is finished before "
                "creating a new one.",
            )
        else:
            self._waiting = Wanted(config, by_client=True)
        self.proceed()

    def owe(self, wanted: Wanted) -> None:
        """Begin a response by ourselves when that is possible. Of several that wait the newest counts; one that a
        client asked for goes before."""
        if self._waiting is None or not self._waiting.by_client:
            self._waiting = wanted
        self.proceed()

    def proceed(self) -> None:
        """Begin what waits, where nothing hinders it any more."""
        self._let_ended_go()
        if not self._heard():
            return
        for wanted in self._asides_waiting:
            self._asides.append(self._begin(wanted))
        self._asides_waiting.clear()
        wanted = self._waiting
        if wanted is not None and self._reply is None and (wanted.by_client or self._free()):
            self._waiting = None
            self.begun_at = self._services.clock()
            self._reply = self._begin(wanted)

    def interrupt(self) -> None:
        """The user speaks: the response of the conversation ends, now."""
        if self._reply is not None:
            self._reply.cancel("turn_detected")
            self._reply = None

    def cancel(self, response_id: str | None) -> None:
        """End a response for the client; without an id that of the conversation.

        Raises:
            EventError: None is under way.
        """
        if response_id is None and self._reply is None and self._waiting is not None and self._waiting.by_client:
            wanted, self._waiting = self._waiting, None
            self._reply = self._begin(wanted)  # to be told as created and done, as everyone is
        for reply in self._asides if response_id is not None else []:
            if reply.id == response_id and reply.active:
                reply.cancel("client_cancelled")
                return
        if self._reply is None or response_id not in (None, self._reply.id) or not self._reply.active:
            raise EventError("response_cancel_not_active", "Cancellation failed: no active response found")
        self._reply.cancel("client_cancelled")
        self._reply = None
        self._over()

    def _begin(self, wanted: Wanted) -> Reply:
        config = wanted.config
        if config.input is None:
            messages = self._memory.shown(self._conversation.messages(config.instructions), tools_of(config))
        else:
            messages = messages_of(config.input, config.instructions)
        if wanted.note:
            messages = (*messages, Message("user", wanted.note))
        reply = Reply(
            self._services,
            config,
            self._conversation,
            self._outbox,
            self._services.agent(),
            messages,
            replace(self._caller, method="realtime.response"),
        )
        self._tasks.start_soon(self._run, reply)
        return reply

    def _let_ended_go(self) -> None:
        """A response is over when its end is told: who reads that may ask for the next, while the work behind it is
        still being cancelled."""
        if self._reply is not None and not self._reply.active:
            self._reply = None
            self._over()

    async def _run(self, reply: Reply) -> None:
        await reply.run()
        if reply in self._asides:
            self._asides.remove(reply)
        self.proceed()
        if reply.in_conversation and self.idle:
            self._memory.consider(self._conversation.messages())


def read_input(patch: object, conversation: Conversation) -> tuple[Item, ...] | None:
    """The items that a `response.create` is to answer instead of the conversation; None where it names none.

    Raises:
        EventError: One is no item, or is not there.
    """
    given = Fields.of({} if patch is None else patch, "response").anything("input", None)
    if given is None:
        return None
    listed = cast("list[Any]", given) if isinstance(given, list) else None
    if listed is None or len(listed) > _MOST_INPUT:
        raise EventError(
            "invalid_value", f"`response.input` must be a list of at most {_MOST_INPUT} items.", "response.input"
        )
    return tuple(
        map(partial(_input_item, conversation), listed, (f"response.input[{at}]" for at in range(len(listed))))
    )


def _input_item(conversation: Conversation, value: object, path: str) -> Item:
    fields = Fields.of(value, path)
    if fields.anything("type", None) != "item_reference":
        return read_item(value, path)
    try:
        return conversation.get(fields.required("id"))
    except ItemError as error:
        raise EventError("item_not_found", str(error), f"{path}.id") from None
