"""The voices of macOS through its program `say`. Source: its manual page.

The text goes to standard input, so it is never an option. Written without a Mac at hand: the tests run a stand-in that
follows the manual page.
"""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from vox.provider import Call, ProviderError
from vox_providers import _children, _riff
from vox_providers._system_voices import SystemVoice, by_language

__all__ = ["Say"]

_NORMAL = 175  # words per minute, about what most voices speak when no rate is given
_RATE = 22_050  # Hz, of the voices that every Mac has
_LISTING_S, _LONGEST_RUN_S = 20.0, 300.0
_ROW = re.compile(r"(\S.*?)\s+([a-z]{2,3}(?:[_-][A-Za-z0-9]+)*)\s+#.*")


class Say:
    """`say` at a path."""

    name = "say"

    def __init__(self, path: str) -> None:
        self._path = path

    def listed(self) -> list[SystemVoice]:
        """What `say -v ?` lists; a voice's name is its id.

        Raises:
            ProviderError: The program does not run, or lists nothing.
        """
        done = _children.run([self._path, "-v", "?"], Call("voices", {}), _LISTING_S)
        rows = filter(None, map(_ROW.fullmatch, done.output.decode("utf-8", "replace").splitlines()))
        found = {row[1]: SystemVoice(row[1], row[1], row[2].replace("_", "-")) for row in rows}
        if done.status or not found:
            raise _children.failure(self._path, done)
        return list(found.values())

    def match(self, known: Sequence[SystemVoice], language: str) -> SystemVoice | None:
        """A voice of the language."""
        return by_language(known, language)

    def speak(self, text: str, voice: SystemVoice, speed: float, call: Call) -> tuple[bytes, int]:
        """16-bit mono PCM and its rate.

        Raises:
            ProviderError: The program failed or took too long, or the call was cancelled.
        """
        pace = [] if speed == 1 else ["-r", str(round(_NORMAL * speed))]
        form = ["--file-format=WAVE", f"--data-format=LEI16@{_RATE}"]
        with tempfile.TemporaryDirectory(prefix="vox-say-") as folder:
            out = Path(folder, "speech.wav")
            argv = [self._path, "-v", voice.id, *pace, "-o", str(out), *form, "-f", "-"]
            done = _children.run(argv, call, _LONGEST_RUN_S, text.encode())
            if done.status:
                raise _children.failure(self._path, done)
            if not out.is_file():
                raise ProviderError(f"say wrote no sound with the voice {voice.id!r}: is it downloaded?")
            return _riff.read_pcm(out.read_bytes(), "say")
