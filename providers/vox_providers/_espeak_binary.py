"""espeak-ng as a program: one child process per request, ended at once when nobody waits for it any more."""

import subprocess
import tempfile
from pathlib import Path
from time import monotonic
from typing import IO

from vox.provider import Call, ProviderError
from vox_providers import _speech
from vox_providers._espeak_voices import Listed, Voice, parse_table

__all__ = ["EspeakBinary"]

_LOOK_S = 0.05  # how often a running child is looked at: nobody notices a shorter delay of a cancellation
_LONGEST_RUN_S = 120.0  # the longest text takes some 10 s on a slow machine
_LISTING_S = 10.0
_RATE = 22_050  # of every voice espeak-ng ships; the header of the answer has the last word
_HEADER = 4096  # bytes within which the data chunk of a WAV begins


class EspeakBinary:
    """The `espeak-ng` (or older `espeak`) at a path."""

    def __init__(self, path: str) -> None:
        self._path = path

    def listed(self) -> list[Listed]:
        """What `--voices` lists.

        Raises:
            ProviderError: The program does not run or does not answer.
        """
        try:
            done = subprocess.run(
                [self._path, "--voices"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_LISTING_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProviderError(f"{self._path} does not list its voices: {error}") from error
        found = parse_table(done.stdout.decode("utf-8", "replace"))
        if not found:
            raise self._failed(done.returncode, done.stderr)
        return found

    def speak(self, text: str, voice: Voice, words_per_minute: int, call: Call) -> tuple[bytes, int]:
        """16-bit mono PCM and its rate. The text goes in as a file, so it is never an option or a command.

        Raises:
            ProviderError: The program failed or took too long, the speech is too long, or the call was cancelled.
        """
        # --stdin: all of the text at once; -b 1: it is UTF-8; -z: no pause after the end.
        options = ["--stdin", "--stdout", "-b", "1", "-z", "-v", voice.listed.file, "-s", str(words_per_minute)]
        with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as sound, tempfile.TemporaryFile() as said:
            words.write(text.encode())
            words.seek(0)
            try:
                child = subprocess.Popen([self._path, *options], stdin=words, stdout=sound, stderr=said)
            except OSError as error:
                raise ProviderError(f"{self._path} does not run: {error}") from error
            try:
                self._wait(child, sound, call)
            finally:
                child.kill()
                child.wait()
            sound.seek(0)
            said.seek(0)
            return self._pcm(child.returncode, sound.read(), said.read())

    def _wait(self, child: subprocess.Popen[bytes], sound: IO[bytes], call: Call) -> None:
        end = monotonic() + _LONGEST_RUN_S
        while True:
            call.raise_if_cancelled()
            _speech.check_length(sound.seek(0, 2), _RATE)
            if monotonic() > end:
                raise ProviderError(f"{self._path} did not finish within {_LONGEST_RUN_S:.0f} s and was ended.")
            try:
                child.wait(_LOOK_S)
            except subprocess.TimeoutExpired:
                continue
            return

    def _pcm(self, status: int, sound: bytes, said: bytes) -> tuple[bytes, int]:
        """The samples after the header of a stream, whose sizes are placeholders."""
        start = sound.find(b"data", 0, _HEADER) + 8
        if status or sound[:4] != b"RIFF" or start < 8:
            raise self._failed(status, said)
        return sound[start:], int.from_bytes(sound[24:28], "little")

    def _failed(self, status: int, said: bytes) -> ProviderError:
        words = said.decode("utf-8", "replace").strip()[-500:] or "it said nothing"
        return ProviderError(f"{Path(self._path).name} failed with status {status}: {words}")
