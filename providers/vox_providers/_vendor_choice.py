"""The model and the voice that a call names, among those a vendor is known to have."""

from __future__ import annotations

from vox.provider import ProviderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["check_model", "named_voice", "no_voice"]

_NEAREST = 3
_ALIKE = 0.5  # of difflib's ratio


def check_model(vendor: str, model_id: str, known: Sequence[str]) -> None:
    """Whether the vendor has the model.

    Raises:
        ProviderError: It does not (`model_not_found`).
    """
    if model_id not in known:
        message = f"{vendor} has no model {model_id!r} here; it has {', '.join(known)}."
        raise ProviderError(message, code="model_not_found", nearest=_nearest(model_id, known))


def named_voice(vendor: str, wanted: str | None, known: Sequence[str]) -> str:
    """The voice as the vendor writes it, whatever the case it is asked for in; the first one when none is.

    Raises:
        ProviderError: The vendor has none of that name (`voice_not_found`).
    """
    if wanted is None:
        return known[0]
    found = {voice.casefold(): voice for voice in known}.get(wanted.strip().casefold())
    if found is None:
        raise no_voice(vendor, wanted, known)
    return found


def no_voice(vendor: str, wanted: str, known: Iterable[str]) -> ProviderError:
    """The error for a voice that is not among `known`."""
    near = _nearest(wanted, known)
    hint = f"Did you mean {' or '.join(near)}?" if near else "`vox voices` lists them."
    return ProviderError(f"{vendor} has no voice {wanted!r}. {hint}", code="voice_not_found", nearest=near)


def _nearest(wanted: str, known: Iterable[str]) -> list[str]:
    import difflib  # slow to import, and only needed here

    names = {name.casefold(): name for name in known}
    return [names[match] for match in difflib.get_close_matches(wanted.casefold(), names, _NEAREST, _ALIKE)]
