"""Which models and voices stand for the names that clients of OpenAI's audio API have built in."""

from pydantic import BaseModel, Field

from vox.config.described import Described

__all__ = ["OpenAiNames", "OpenAiVoice"]


class OpenAiVoice(Described, BaseModel):
    """A voice of one certain model."""

    model: str | None = Field(default=None, min_length=1)
    """The model that speaks; none keeps the one the request names."""
    voice: str | None = Field(default=None, min_length=1)
    """Its voice; none is the model's own choice."""


class OpenAiNames(Described, BaseModel):
    """The key `openAi` of config.json."""

    models: dict[str, str] = {}
    """Name in a request → id of the model that answers to it; an empty id is the default of its kind. Names that are
    not here mean what they mean out of the box."""
    voices: dict[str, str | OpenAiVoice] = {}
    """Name in a request → voice, or an object with `model` and `voice`; an empty voice is the model's own choice."""
