"""How many calls may be inside a provider at once: what the user says, else what the provider says of itself, else what
is safe for its kind."""

from vox.config import ProviderEntry
from vox.protocol.provider import ModelsResult
from vox.types import Kind

__all__ = ["DEFAULT_LIMIT", "limits"]

DEFAULT_LIMIT: dict[Kind, int] = {"asr": 1, "tts": 4}
"""Calls inside a process that neither the user nor the provider limits. An ASR provider written from the older
published page was promised one request at a time."""


def limits(entry: ProviderEntry, answer: ModelsResult | None) -> tuple[int, dict[str, int]]:
    """Calls inside one process at once: of all models without a limit of their own, and of each that has one. First
    that is set: the entry's for the model, the entry's, the provider's for the model, the provider's, the kind's.

    Args:
        answer: What the provider says of itself; None when it was not asked yet.
    """
    own = {name: option.max_concurrency for name, option in entry.model_options.items() if option.max_concurrency}
    if entry.max_concurrency is not None or answer is None:
        return entry.max_concurrency or DEFAULT_LIMIT[entry.kind], own
    shapes = [shape for shape in answer.models if shape.kind in (None, entry.kind)]
    advertised = {shape.id: shape.max_concurrency for shape in shapes if shape.max_concurrency}
    return answer.max_concurrency or DEFAULT_LIMIT[entry.kind], {**advertised, **own}
