"""The checks, one file for each part of the protocol."""

from vox.provider.conformance.check import Check
from vox.provider.conformance.checks import (
    calls,
    cancelling,
    getting,
    keeping,
    life,
    lines,
    live,
    models,
    recognition,
    speech,
    streaming,
    voices,
    whole,
)

__all__ = ["CHECKS"]

CHECKS: list[Check] = [
    *models.CHECKS,
    *recognition.CHECKS,
    *speech.CHECKS,
    *voices.CHECKS,
    *calls.CHECKS,
    *getting.CHECKS,
    *keeping.CHECKS,
    *cancelling.CHECKS,
    *streaming.CHECKS,
    *live.CHECKS,
    *lines.CHECKS,
    *life.CHECKS,
    *whole.CHECKS,
]
"""In the order in which they are run: what others build on comes first, what looks back at the run last."""
