"""Where speech goes while it is made: to the sound device, to stdout, or into a file.

Files are complete or not there: what is being written lies beside the file under a name of its own until it is whole.
"""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from vox.cli.destination import cannot_write, open_new
from vox.cli.hush import Hush
from vox.cli.output import Output
from vox.errors import VoxError

if TYPE_CHECKING:
    from vox.audio.speaker import Speaker

__all__ = ["Device", "NamedFile", "NewFile", "Sink", "Stdout"]

_UNFINISHED = ".part"
_SAMPLE_BYTES = 2


class Sink(Protocol):
    """Takes speech, piece by piece."""

    def write(self, samples: bytes, rate: int, *, whole: bool) -> None:
        """Samples for wav and pcm, 16-bit and mono; for other formats a whole file. `whole` when nothing else comes."""
        ...

    def wait_for_room(self) -> None:
        """Wait until it makes sense to have more made."""
        ...

    def finish(self) -> str | None:
        """All has come. Returns the file it is in, if there is one."""
        ...

    def abort(self) -> None:
        """Nothing else comes, and what came is not wanted any more."""
        ...


class _Format:
    """The bytes of a WAV whose length is not known while it is written, or of its samples alone."""

    def __init__(self, format: str) -> None:
        self._wav, self.rate, self.size = format == "wav", 0, 0

    def encode(self, samples: bytes, rate: int, *, whole: bool) -> bytes:
        from vox.audio import wav

        begun, self.rate, self.size = bool(self.rate), rate, self.size + len(samples)
        if begun or not self._wav:
            return samples
        return wav.header(rate, 1, len(samples) if whole else wav.MAX_DATA_BYTES) + samples

    def header(self) -> bytes:
        """The header, now that the length is known."""
        from vox.audio import wav

        return wav.header(self.rate, 1, self.size) if self._wav and self.rate else b""


class Stdout:
    """Standard output. A WAV there says that its length is not known, unless it comes in one piece."""

    def __init__(self, format: str) -> None:
        self._format = _Format(format)

    def write(self, samples: bytes, rate: int, *, whole: bool) -> None:
        sys.stdout.buffer.write(self._format.encode(samples, rate, whole=whole))
        sys.stdout.buffer.flush()

    def wait_for_room(self) -> None:
        return

    def finish(self) -> str | None:
        return None

    def abort(self) -> None:
        return


class NamedFile:
    """A file the user named; what was there before stays until the speech is whole."""

    def __init__(self, path: Path, format: str) -> None:
        self._path, self._format = path, _Format(format)
        # A pipe or a device is written as it is; it cannot be replaced by a file.
        self._target = path if path.exists() and not path.is_file() else path.with_name(path.name + _UNFINISHED)
        self._file: BinaryIO | None = None

    def write(self, samples: bytes, rate: int, *, whole: bool) -> None:
        try:
            self._file = self._file or self._target.open("wb")
            self._file.write(self._format.encode(samples, rate, whole=whole))
            self._file.flush()
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def wait_for_room(self) -> None:
        return

    def finish(self) -> str | None:
        try:
            self._file = self._file or self._target.open("wb")
            with self._file as file:
                if self._target != self._path:
                    file.seek(0)
                    file.write(self._format.header())
            if self._target != self._path:
                os.replace(self._target, self._path)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        return str(self._path)

    def abort(self) -> None:
        if self._file is not None:
            self._file.close()
            if self._target != self._path:
                self._target.unlink(missing_ok=True)


class NewFile:
    """A file under a name that nobody has yet, here or, where this folder cannot be written, in the temporary one."""

    def __init__(self, format: str) -> None:
        self._suffix, self._format = format, _Format(format)
        self._opened: tuple[Path, BinaryIO] | None = None

    def write(self, samples: bytes, rate: int, *, whole: bool) -> None:
        data = self._format.encode(samples, rate, whole=whole)
        try:
            self._file()[1].write(data)
        except OSError as error:
            raise cannot_write(self._file()[0], error) from error

    def wait_for_room(self) -> None:
        return

    def finish(self) -> str | None:
        path, opened = self._file()
        try:
            with opened as file:
                file.seek(0)
                file.write(self._format.header())
        except OSError as error:
            raise cannot_write(path, error) from error
        return str(path)

    def abort(self) -> None:
        if self._opened is not None:
            path, file = self._opened
            file.close()
            path.unlink(missing_ok=True)

    def _file(self) -> tuple[Path, BinaryIO]:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> tuple[Path, BinaryIO]:
        try:
            return open_new(Path(), "speech", self._suffix)
        except OSError:
            import tempfile

            return open_new(Path(tempfile.mkdtemp(prefix="vox-")), "speech", self._suffix)


class Device:
    """The sound device, or a new file where there is none. What is played, the daemon's microphone is not to hear."""

    def __init__(self, output: Output, volume: float = 1.0) -> None:
        self._output, self._volume = output, volume
        self._sink: Sink | None = None
        self._hush = Hush()

    def write(self, samples: bytes, rate: int, *, whole: bool) -> None:
        if self._sink is None:
            self._sink = self._open(rate)
        if isinstance(self._sink, _Playing):
            self._hush.more(len(samples) / _SAMPLE_BYTES / rate)
        self._sink.write(samples, rate, whole=whole)

    def wait_for_room(self) -> None:
        if self._sink is not None:
            self._sink.wait_for_room()

    def finish(self) -> str | None:
        path = self._sink.finish() if self._sink is not None else None
        self._hush.end()
        return path

    def abort(self) -> None:
        if self._sink is not None:
            self._sink.abort()
        self._hush.end()

    def _open(self, rate: int) -> Sink:
        from vox.audio.playback import NoDeviceError
        from vox.audio.speaker import Speaker

        speaker = Speaker(volume=self._volume)
        try:
            speaker.put(b"", rate)
            return _Playing(speaker)
        except NoDeviceError as error:
            self._output.note(f"not played: {error}")
            return NewFile("wav")


class _Playing:
    def __init__(self, speaker: "Speaker") -> None:
        self._speaker = speaker

    def write(self, samples: bytes, rate: int, *, whole: bool) -> None:
        with _told():
            self._speaker.put(samples, rate)

    def wait_for_room(self) -> None:
        with _told():
            self._speaker.wait_for_room()

    def finish(self) -> str | None:
        with _told():
            self._speaker.finish()

    def abort(self) -> None:
        self._speaker.interrupt()


@contextmanager
def _told() -> Generator[None]:
    from vox.audio.playback import NoDeviceError

    try:
        yield
    except NoDeviceError as error:
        raise VoxError(f"{error}; write to a file with --out") from error
