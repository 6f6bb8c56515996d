"""Keys that a client lends for one call, to be used with the vendor they belong to and nowhere else.

Only these few names are taken, under the names of the environment variables that hold them elsewhere. A key is never
written down: what is lent is taught to the redactor before anything is done with it.
"""

from collections.abc import Mapping
from typing import Any

from vox.log import redactor

__all__ = ["FEATURE", "NAMES", "read_credentials"]

FEATURE = "credentials"
"""What a provider declares that takes lent keys; no other is given any."""

NAMES: tuple[str, ...] = (
    "OPENAI_API_KEY",
    "NV_API_KEY",
    "NVIDIA_API_KEY",
    "GROQ_API_KEY",
    "GEMINI_API_KEY",
    "GOOGLE_API_KEY",
    "GOOGLE_GENAI_API_KEY",
)
"""What may be lent."""

_LONGEST = 4096  # characters; the longest key of a vendor has a few hundred


def read_credentials(given: Mapping[str, Any]) -> dict[str, str]:
    """The keys among `given`, by their names in `NAMES`; `openaiApiKey` and `openai_api_key` name the same. What has
    another name, is empty or is no key is left out without a word."""
    lent: dict[str, str] = {}
    for written, value in given.items():
        name = _BY_PLAIN.get(_plain(written))
        if name is not None and isinstance(value, str) and 0 < len(value.strip()) <= _LONGEST:
            lent.setdefault(name, value.strip())
    redactor.lend(lent.values())
    return lent


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


_BY_PLAIN = {_plain(name): name for name in NAMES}
