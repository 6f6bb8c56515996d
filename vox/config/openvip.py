"""`openVip` of config.json: agents that are spoken to through the daemon's microphone.

A phrase is a row of words; `ok|okay send` stands for either beginning. Phrases are kept by language, `*` for any.
"""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field

from vox.config.described import Described

__all__ = ["DEFAULT_OPENVIP_PORT", "OpenVipPhrases", "OpenVipSaid", "OpenVipSettings", "Phrases"]

DEFAULT_OPENVIP_PORT = 8770
"""The port that OpenVIP's clients have built in."""

_Phrase: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
_Language: TypeAlias = Annotated[str, Field(pattern=r"^(\*|[a-zA-Z]{2,3}(-[A-Za-z0-9]+)*)$")]

Phrases: TypeAlias = dict[_Language, Annotated[list[_Phrase], Field(max_length=100)]]
"""Language, such as `en`, or `*` for any → phrases."""

# Recognisers of one language write the others' words as best they can, so the English phrases work everywhere.
_SUBMIT: Phrases = {
    "*": ["ok send", "ok submit"],
    "de": ["ok senden", "ok absenden|abschicken", "ok schick|schicke ab"],
    "es": ["ok|vale enviar|envía|manda"],
    "fr": ["ok|d'accord envoyer|envoie|envoyez"],
    "it": ["ok invia|manda|inviare"],
    "nl": ["ok verstuur|verzend|versturen"],
    "pt": ["ok enviar|envia|envie"],
    "ja": ["オーケー 送信", "ok 送信"],
    "zh": ["好的 发送", "ok 发送"],
}
_MUTE: Phrases = {
    "*": ["ok mute"],
    "de": ["ok stumm", "ok stummschalten"],
    "es": ["ok|vale silencio"],
    "fr": ["ok|d'accord silence|muet"],
    "it": ["ok muto|silenzio"],
    "nl": ["ok stil|dempen"],
    "pt": ["ok silêncio|mudo"],
}
_LISTEN: Phrases = {
    "*": ["ok listen"],
    "de": ["ok zuhören|hören", "ok hör zu"],
    "es": ["ok|vale escucha|escuchar"],
    "fr": ["ok|d'accord écoute|écoutez"],
    "it": ["ok ascolta|ascoltare"],
    "nl": ["ok luister|luisteren"],
    "pt": ["ok escuta|escute|ouça"],
}
_AGENT: Phrases = {"*": ["agent"], "es": ["agente"], "it": ["agente"], "pt": ["agente"]}


class OpenVipPhrases(Described, BaseModel):
    """What is said to Vox itself rather than to an agent. A kind that is given replaces its defaults; `{}` is none."""

    submit: Phrases = Field(default=_SUBMIT)
    """Among the last words: send what was said."""
    mute: Phrases = Field(default=_MUTE)
    """Hear no word of what follows but those of `listen`."""
    listen: Phrases = Field(default=_LISTEN)
    """Hear again."""
    agent: Phrases = Field(default=_AGENT)
    """Before a name among the last words: speak to that agent."""
    within_words: int = Field(default=15, ge=1, le=100)
    """Last words of an utterance among which a phrase is looked for."""
    confidence_per_word: float = Field(default=0.05, ge=0, le=1)
    """What each word behind the phrase takes away from its confidence of 1."""
    threshold: float = Field(default=0.85, ge=0, le=1)
    """Least confidence."""
    name_within_words: int = Field(default=10, ge=1, le=100)
    """Last words among which an agent's name is looked for."""
    name_threshold: float = Field(default=0.5, gt=0, le=1)
    """Least likeness of what was said and an agent's name, 1 for the same."""


class OpenVipSaid(Described, BaseModel):
    """What Vox says about itself. An empty text says nothing."""

    muted: str = Field(default="Muted.", max_length=200)
    """After `mute`."""
    listening: str = Field(default="Listening.", max_length=200)
    """After `listen`."""
    agent: str = Field(default="Agent {name}.", max_length=200)
    """After another agent was chosen; `{name}` stands for it."""


class OpenVipSettings(Described, BaseModel):
    """Agents that are spoken to through the daemon's microphone, and speak through its loudspeaker."""

    listen: bool = True
    """Listen as soon as an agent is connected; otherwise when a client asks for it."""
    headphones: bool = False
    """Listen also while something is spoken: nobody hears themselves."""
    auto_submit: bool = False
    """Send each utterance, without a phrase for it."""
    follow_focus: bool = True
    """Speak to the agent whose terminal has the keyboard's focus, where it tells."""
    model: str | None = Field(default=None, min_length=1)
    """Model that recognises; none is the default."""
    language: str | None = Field(default=None, min_length=1)
    """Language that is spoken; none has it detected, where the model can."""
    speech_model: str | None = Field(default=None, min_length=1)
    """Model that speaks where a request names none; none is the default."""
    speech_voice: str | None = Field(default=None, min_length=1)
    """Its voice."""
    announcements: bool = True
    """Say what `said` has."""
    said: OpenVipSaid = OpenVipSaid()
    """What Vox says about itself."""
    phrases: OpenVipPhrases = OpenVipPhrases()
    """What is said to Vox itself rather than to an agent."""
