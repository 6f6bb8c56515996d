"""A configuration file as text and value, and what is wrong with it, said so that a user can mend it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vox.config.access import may_be_written_by_others
from vox.config.comments import without_comments
from vox.config.lines import Place, line_of

__all__ = ["ConfigFile", "Problem", "read_file"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a configuration file that cannot be used."""

    file: str
    line: int
    path: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}: {self.message} {self.fix}".rstrip()


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that was read, its comments blanked out. One that is not there is an empty object; one that cannot be used
    has its problem."""

    path: Path
    text: str
    value: Any
    unusable: Problem | None = None

    def problem(self, place: Place, message: str, fix: str) -> Problem:
        """What is wrong at a place of the file."""
        shown = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
        return Problem(str(self.path), line_of(self.text, place), shown or self.path.name, message, fix)


def read_file(path: Path, otherwise: str) -> ConfigFile | None:
    """Read a file of JSON. None when there is none.

    Args:
        otherwise: What is done when it cannot be used, for the problem.
    """

    def unusable(line: int, message: str, fix: str) -> ConfigFile:
        return ConfigFile(path, "", None, Problem(str(path), line, path.name, message, fix))

    try:
        text = path.read_text(encoding="utf-8-sig")
        others = may_be_written_by_others(path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        return unusable(1, f"cannot be read: {error}.", otherwise)
    if others:
        told = "may be written by other users, who could make Vox run their programs."
        return unusable(1, told, f"Run: chmod go-w {path}")
    try:
        plain = without_comments(text)
        return ConfigFile(path, plain, json.loads(plain))
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        return unusable(line, f"is not valid JSON: {error}.", otherwise)
