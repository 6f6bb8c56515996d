"""One check: what was found, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Check", "Status", "ready"]

Status = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was found, and what to do about it."""

    name: str
    status: Status
    detail: str
    remedy: tuple[str, str] | None = None
    """What to do in two or three words, and how."""

    def shape(self) -> dict[str, Any]:
        """As `doctor.run` sends it."""
        shape: dict[str, Any] = {"name": self.name, "status": self.status, "detail": self.detail}
        if self.remedy is not None:
            shape["remediation"] = {"action": "run", "label": self.remedy[0], "detail": self.remedy[1]}
        return shape


def ready(checks: Iterable[Check]) -> bool:
    """Whether there is no error among them."""
    return all(check.status != "error" for check in checks)
