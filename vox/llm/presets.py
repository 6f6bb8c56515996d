"""Servers that are known by name, and what settings come down to: an address, a model, a key, a dialect.

Sources: the vendors' own documents of their OpenAI-compatible endpoints, and the default ports of the local servers.
"""

import os
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from vox.config.llm import LlmSettings, Preset, check_header
from vox.config.references import resolve_references
from vox.errors import LlmNotConfigured
from vox.llm.body import Dialect
from vox.log import redactor

__all__ = ["KNOWN", "Known", "Server", "resolve"]


@dataclass(frozen=True, slots=True)
class Known:
    """What a preset stands for."""

    base_url: str
    key_variable: str | None = None
    """The variable its documents keep the key in."""
    tokens_field: str = "max_tokens"
    model: str | None = None
    """Used when none is named."""
    headers: tuple[tuple[str, str], ...] = ()


KNOWN: MappingProxyType[Preset, Known] = MappingProxyType(
    {
        "groq": Known("https://api.groq.com/openai/v1", "GROQ_API_KEY", "max_completion_tokens"),
        "openrouter": Known(
            "https://openrouter.ai/api/v1",
            "OPENROUTER_API_KEY",
            headers=(("X-Title", "Vox"),),  # shown in the user's own list of requests there
        ),
        "openai": Known("https://api.openai.com/v1", "OPENAI_API_KEY", "max_completion_tokens"),
        "ollama": Known("http://127.0.0.1:11434/v1"),
        "llama.cpp": Known("http://127.0.0.1:8080/v1", model="default"),  # it serves the one it was started with
        "lm-studio": Known("http://127.0.0.1:1234/v1"),
    }
)
"""The presets. None of the vendors' has a default model: their names come and go."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where requests go, and with what."""

    base_url: str
    model: str
    headers: dict[str, str] = field(repr=False)
    """The key included."""
    dialect: Dialect
    remedy: str = ""
    """What a user may have forgotten, where that can be told."""

    @property
    def host(self) -> str:
        """The address as messages show it."""
        parts = urlsplit(self.base_url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    @property
    def is_local(self) -> bool:
        """It is on this machine, where no proxy leads."""
        host = urlsplit(self.base_url).hostname or ""
        return host in ("localhost", "::1") or host.startswith("127.")


def resolve(settings: LlmSettings) -> Server:
    """The server that is meant. Keys are looked up now, so that one that was replaced is not used any longer.

    Raises:
        LlmNotConfigured: No server or no model is named.
        ConfigError: A key or header is kept where it cannot be read, or is no header value.
    """
    known = KNOWN[settings.preset] if settings.preset else _at(settings.base_url)
    base_url = settings.base_url or (known.base_url if known else None)
    model = settings.model or (known.model if known else None)
    if base_url is None:
        names = ", ".join(KNOWN)
        raise LlmNotConfigured(f"No server of a language model is named. Set llm.baseUrl or llm.preset ({names}).")
    if model is None:
        named = urlsplit(base_url).hostname  # without the password that may stand before it
        raise LlmNotConfigured(f"No model is named for {named}. Set llm.model in config.json, or VOX_LLM_MODEL.")
    return Server(
        base_url=base_url,
        model=model,
        headers=_headers(settings, known, base_url),
        dialect=Dialect(
            settings.stream_usage, settings.tokens_field or (known.tokens_field if known else "max_tokens")
        ),
        remedy=_remedy(settings),
    )


def _at(base_url: str | None) -> Known | None:
    """The preset at an address that was written out."""
    return next((known for known in KNOWN.values() if base_url and _same_host(base_url, known.base_url)), None)


def _same_host(one: str, other: str) -> bool:
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc.lower()) == (second.scheme, second.netloc.lower())


def _headers(settings: LlmSettings, known: Known | None, base_url: str) -> dict[str, str]:
    headers = {**dict(known.headers if known else ()), **resolve_references(settings.headers)}
    redactor.learn(headers)
    key = _key(settings, known, base_url)
    if key:
        redactor.learn_value(key)
        headers["Authorization"] = f"Bearer {key}"
    for name, value in headers.items():
        check_header("apiKey" if name == "Authorization" else f"headers.{name!r}", name, value)
    return headers


def _key(settings: LlmSettings, known: Known | None, base_url: str) -> str | None:
    if settings.api_key is not None:
        return resolve_references({"llm.apiKey": settings.api_key})["llm.apiKey"].strip()
    if known is None or known.key_variable is None or not _same_host(base_url, known.base_url):
        return None  # a vendor's key goes to that vendor alone
    return os.environ.get(known.key_variable, "").strip() or None


def _remedy(settings: LlmSettings) -> str:
    match settings.preset:
        case "ollama":
            return "Is it running? Start it with: ollama serve"
        case "llama.cpp":
            return "Is it running? Start it with: llama-server -m MODEL.gguf --jinja"
        case "lm-studio":
            return "Is its server switched on? Start it with: lms server start"
        case _:
            return "Check llm.baseUrl, and whether the server runs."
