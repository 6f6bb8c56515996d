"""`llm` of config.json: the language model that answers in a spoken conversation."""

from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field

from vox.config.described import Described
from vox.errors import ConfigError

__all__ = ["LlmSettings", "LlmTimeouts", "Preset", "check_header"]

Preset = Literal["groq", "openrouter", "openai", "ollama", "llama.cpp", "lm-studio"]
"""Servers whose address and ways are known."""

_OURS = frozenset({"stream", "messages", "tools"})
_LONGEST_LABEL = 63  # characters of a host's name between two dots (RFC 1035)


def check_header(setting: str, name: str, value: str) -> None:
    """Make sure that a header can be sent.

    Args:
        setting: What it comes from, below `llm`.

    Raises:
        ConfigError: It holds characters that cannot.
    """
    if not (value.isascii() and value.isprintable() and name.isascii() and name.isprintable()):
        raise ConfigError(f"llm.{setting} holds characters that no header can; is it the right file or variable?")


class LlmTimeouts(Described, BaseModel):
    """How long the language model may take, in milliseconds."""

    connect_ms: int = Field(default=5_000, gt=0)
    """To be reached."""
    first_token_ms: int = Field(default=30_000, gt=0)
    """From the request to the first piece of the answer, hidden thoughts included; a repetition counts into it."""
    idle_ms: int = Field(default=15_000, gt=0)
    """Between one piece of the answer and the next."""


def _no_field_of_ours(body: dict[str, Any]) -> dict[str, Any]:
    taken = sorted(_OURS & body.keys())
    if taken:
        raise ValueError(f"{taken[0]} follows from the conversation and cannot be set")
    return body


def _an_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = (parts.hostname or "").removesuffix("."), parts.port  # which raises where it is no port
    except ValueError as error:
        raise ValueError(f"it is no address: {error}") from None
    if not url.isprintable() or " " in url or not all(0 < len(label) <= _LONGEST_LABEL for label in host.split(".")):
        raise ValueError("it is no address: there is a blank in it, or a host that is no name")
    return url


class LlmSettings(Described, BaseModel):
    """Any server that speaks OpenAI's chat completions."""

    preset: Preset | None = None
    """A known server: its address, the variable its key is in, and its ways. What stands beside it comes first."""
    base_url: Annotated[str, Field(pattern="^https?://[^/]"), AfterValidator(_an_address)] | None = None
    """What comes before `/chat/completions`, such as `http://127.0.0.1:11434/v1`."""
    model: str | None = Field(default=None, min_length=1)
    """The model's name at that server."""
    api_key: str | None = Field(default=None, min_length=1, repr=False)
    """Its key; `${env:NAME}` or `${file:PATH}` names where it is kept. None: the preset's variable, if it is set."""
    headers: dict[str, str] = Field(default={}, repr=False)
    """Further headers of each request; a value may be `${env:NAME}` or `${file:PATH}`."""
    max_tokens: int | None = Field(default=None, gt=0)
    """Longest answer in tokens where the request sets no limit."""
    tokens_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    """The name under which the server takes that limit; None is the preset's, else `max_tokens`."""
    temperature: float | None = Field(default=None, ge=0, le=2)
    """How freely it answers; None leaves it to the server."""
    top_p: float | None = Field(default=None, gt=0, le=1)
    """Share of likely words it chooses among; None leaves it to the server."""
    stream_usage: bool = True
    """Ask for token counts (`stream_options`); false for servers that refuse to be asked."""
    system_messages: Literal["merge", "pass"] = "merge"
    """`merge` joins all system messages into one at the front, which some templates demand; `pass` leaves them."""
    thinking: Literal["marked", "begun"] = "marked"
    """`marked`: what it thinks stands between `<think>` and `</think>`, or in a field of its own. `begun`: its chat
    template writes `<think>` into the prompt, so that each answer begins with a thought, and only `</think>` comes."""
    extra_body: Annotated[dict[str, Any], AfterValidator(_no_field_of_ours)] = {}
    """Further fields of the request's body, such as `{"reasoning_effort": "low"}`."""
    timeouts: LlmTimeouts = LlmTimeouts()
    """How long it may take."""

    @property
    def names_any(self) -> bool:
        """Whether a language model is meant at all, be it incompletely."""
        return bool(self.preset or self.base_url or self.model)
