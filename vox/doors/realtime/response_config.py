"""What one response goes by: a copy of its own, so that nothing which is said later changes what is under way."""

from dataclasses import dataclass, fields
from typing import Any

from vox.doors.realtime.fields import Fields
from vox.doors.realtime.manner import Manner
from vox.doors.realtime.stages import TurnTimes
from vox.runtime.agent.conversation import Item

__all__ = ["ResponseConfig"]

_MOST_METADATA, _LONGEST_KEY, _LONGEST_VALUE = 16, 64, 512  # as OpenAI has it
_MANNER = tuple(one.name for one in fields(Manner))


@dataclass(frozen=True, slots=True)
class ResponseConfig(Manner):
    """What one response goes by, from its beginning to its end."""

    asked: str | None = None
    """The instructions that came with this `response.create`; None where the session's hold. Without a language model
    they are the text to be spoken, and else `input` is."""
    say: str | None = None
    """A text to be spoken as it is, whoever answers otherwise: a greeting."""
    in_conversation: bool = True
    """Whether its items become part of the conversation; `conversation: "none"` says not."""
    input: tuple[Item, ...] | None = None
    """What it is to answer instead of the conversation."""
    metadata: dict[str, str] | None = None
    turn: TurnTimes | None = None
    """The turn it answers, when one of the user's started it."""

    @classmethod
    def of(cls, session: Manner, patch: object = None, **more: Any) -> "ResponseConfig":
        """A session's, with what the `response` of a `response.create` names instead.

        Args:
            more: Fields that no client names: `say`, `turn`, `input`.

        Raises:
            EventError: A value cannot be used; `param` names it.
        """
        given = Fields.of({} if patch is None else patch, "response")
        asked = given.text("instructions", None)
        manner = {name: getattr(session, name) for name in _MANNER}
        if asked is not None:
            manner["instructions"] = asked
        in_conversation = given.choice("conversation", "auto", ("auto", "none")) == "auto"
        config = cls(**manner, asked=asked, in_conversation=in_conversation, metadata=_metadata(given), **more)
        return config.in_manner(given)


def _metadata(fields: Fields) -> dict[str, str] | None:
    if not fields.given("metadata") or fields.is_null("metadata"):
        return None
    given = fields.group("metadata").values
    fits = all(isinstance(text, str) and len(text) <= _LONGEST_VALUE for text in given.values())
    if not fits or len(given) > _MOST_METADATA or any(len(key) > _LONGEST_KEY for key in given):
        raise fields.wrong("metadata", "has at most 16 entries, keys of 64 and string values of 512 characters")
    return given
