"""`preferences.json`: what a user has chosen in a program with windows, such as that of the published clients.

It holds wishes rather than settings. What `config.json` or the environment says comes first, and a wish that cannot be
fulfilled here, such as a model of another system, is passed over. Vox reads the file and never writes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from vox.config.file import ConfigFile, Problem, read_file
from vox.types import Kind

__all__ = ["Preferences", "read_preferences"]

Policy = Literal["never", "on_first_use", "eager"]
_POLICIES: tuple[Policy, ...] = ("never", "on_first_use", "eager")


@dataclass(frozen=True, slots=True)
class Preferences:
    """The wishes in `speech`; None where there is none."""

    transcription_model: str | None = None
    """`preferredTranscriptionModelId`: the default for speech recognition."""
    synthesis_model: str | None = None
    """`preferredSynthesisModelId`: the default for speech synthesis."""
    synthesis_voice: str | None = None
    """`preferredSynthesisVoiceId`: used with that model and no other."""
    input_device: str | None = None
    """`preferredInputDeviceId`: the microphone, while it is there."""
    download_policy: Policy | None = None
    """`modelDownloadPolicy`: as the setting `warmUp`."""

    def model(self, kind: Kind) -> str | None:
        """The preferred model of a kind."""
        return self.transcription_model if kind == "asr" else self.synthesis_model


def read_preferences(path: Path, problems: list[Problem], before: Preferences | None = None) -> Preferences:
    """Read the file; what is wrong in it is added to `problems`, and costs no more than itself.

    Args:
        before: What was in force until now, and stays while the file cannot be used.
    """
    file = read_file(path, "It is left out." if before is None else "What was in force stays.")
    if file is None:
        return Preferences()
    if not isinstance(file.value, dict):
        problems.append(file.unusable or file.problem((), "is not an object.", 'Write {"speech": { … }}.'))
        return before or Preferences()
    speech: Any = cast("dict[str, Any]", file.value).get("speech") or {}
    if not isinstance(speech, dict):
        problems.append(file.problem(("speech",), "is not an object.", "It is left out."))
        return Preferences()
    read = _Reader(file, cast("dict[str, Any]", speech), problems)
    return Preferences(
        transcription_model=read.text("preferredTranscriptionModelId"),
        synthesis_model=read.text("preferredSynthesisModelId"),
        synthesis_voice=read.text("preferredSynthesisVoiceId"),
        input_device=read.text("preferredInputDeviceId"),
        download_policy=cast("Policy | None", read.text("modelDownloadPolicy", _POLICIES.__contains__)),
    )


class _Reader:
    def __init__(self, file: ConfigFile, speech: dict[str, Any], problems: list[Problem]) -> None:
        self._file, self._speech, self._problems = file, speech, problems

    def text(self, name: str, allowed: Callable[[str], bool] = lambda _: True) -> str | None:
        value = self._speech.get(name)
        if isinstance(value, str) and (not value.strip() or allowed(value.strip())):
            return value.strip() or None
        if value is not None:
            self._problems.append(self._file.problem(("speech", name), "cannot be used.", "It is left out."))
        return None
