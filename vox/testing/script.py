"""What a fake provider is to do with its next calls, in a folder: its test writes it, its processes read it.

A turn is a file, and the process that removes it has it. So each turn is taken once, however many processes there are
and however they end.
"""

import itertools
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

__all__ = ["Script", "Turn"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of a call: it takes its time, and then it crashes, fails, or is answered."""

    text: str = "hello world"
    """What is recognised."""
    audio: str = ""
    """A WAV file to answer as the speech; without one it is a tone, as long as its text."""
    takes_s: float = 0.0
    """Seconds of work. A cancellation ends it."""
    deaf: bool = False
    """Whether it works on when it is cancelled."""
    crash: bool = False
    """Whether the process ends instead of answering."""
    error: str = ""
    """The code of the error to answer, such as `provider_busy`."""
    message: str = ""
    retry_after_ms: int | None = None


class Script:
    """The turns of one fake provider, and a note of each call it was given.

    Args:
        folder: Where they are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._turns = folder / "turns"
        self._usual = folder / "usual.json"
        self._calls = folder / "calls.jsonl"
        self._numbers = itertools.count(1)
        self._turns.mkdir(parents=True, exist_ok=True)

    def add(self, turn: Turn) -> None:
        """One more turn, after those that are waiting."""
        _write(self._turns / f"{next(self._numbers):06}.json", turn)

    def set_usual(self, turn: Turn) -> None:
        """What becomes of a call when no turn is waiting."""
        _write(self._usual, turn)

    @property
    def usual(self) -> Turn:
        """What becomes of a call when no turn is waiting."""
        return _read(self._usual) if self._usual.exists() else Turn()

    def take(self) -> Turn:
        """The turn of the next call."""
        for file in sorted(self._turns.glob("*.json")):
            mine = file.with_suffix(f".{os.getpid()}")
            try:
                file.rename(mine)
            except FileNotFoundError:  # another process was faster
                continue
            turn = _read(mine)
            mine.unlink()
            return turn
        return self.usual

    def note(self, method: str, params: dict[str, Any]) -> None:
        """Write down that there was a call."""
        line = json.dumps({"method": method, "params": params}).encode() + b"\n"
        with self._calls.open("ab", buffering=0) as file:  # one write is one line, also from several processes
            file.write(line)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """All calls so far, `method` and `params`, in order."""
        return [*map(json.loads, self._calls.read_text(encoding="utf-8").splitlines())] if self._calls.exists() else []


def _write(file: Path, turn: Turn) -> None:
    part = file.with_suffix(".part")
    part.write_text(json.dumps(asdict(turn)), encoding="utf-8")
    part.replace(file)


def _read(file: Path) -> Turn:
    return replace(Turn(), **json.loads(file.read_text(encoding="utf-8")))
