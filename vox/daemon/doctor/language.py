"""Is there a language model for spoken conversations, and does it answer?"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from vox.config.llm import LlmSettings
from vox.daemon.doctor.check import Check
from vox.errors import VoxError

if TYPE_CHECKING:
    from vox.llm.presets import Server

__all__ = ["language_model"]

_NAME = "llm"
_SETTINGS = ("Mend it", "llm in config.json, or VOX_LLM_BASE_URL, VOX_LLM_MODEL and VOX_LLM_API_KEY of the daemon")


async def language_model(settings: LlmSettings | None, bound_s: float) -> Iterable[Check]:
    """Whether one is configured, can be reached, and knows the model. Nothing is asked of it but its list of models.

    Args:
        bound_s: Seconds it may take.
    """
    if settings is None or not settings.names_any:
        return [Check(_NAME, "ok", "none is configured: spoken conversations are written down and not answered")]
    from vox.llm.listing import list_models
    from vox.llm.presets import resolve

    try:
        server = resolve(settings)
        names = await list_models(server, bound_s)
    except VoxError as error:
        return [Check(_NAME, "warning", error.message, _SETTINGS)]
    return [_found(server, names, settings)]


def _found(server: "Server", names: tuple[str, ...] | None, settings: LlmSettings) -> Check:
    told = f"{server.model} at {server.host}"
    if names is None:
        return Check(_NAME, "ok", f"{told}, which answers, and does not tell which models it has")
    if settings.preset == "llama.cpp" or _is_listed(server.model, names):
        return Check(_NAME, "ok", told)
    near = get_close_matches(server.model, names, n=3, cutoff=0.4) or names[:3]
    shown = f"; it has {', '.join(near)}" if near else "; it has none"
    remedy = ("Name one it has", "llm.model in config.json, or VOX_LLM_MODEL of the daemon")
    if settings.preset == "ollama":
        remedy = ("Have it fetched", f"ollama pull {server.model}")
    return Check(_NAME, "warning", f"{server.host} does not list the model {server.model}{shown}", remedy)


def _is_listed(model: str, names: tuple[str, ...]) -> bool:
    """As it is; as Ollama completes it; or without the suffix that says how OpenRouter shall serve it."""
    return bool({model, f"{model}:latest", model.partition(":")[0]} & set(names))
