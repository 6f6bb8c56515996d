"""Reading through libsndfile: WAV in all its codecs, FLAC, Ogg Vorbis and Opus, MP3, AIFF, CAF, W64, AU and more."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import SEEK_SET, BytesIO, FileIO, RawIOBase
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import soundfile

from vox.audio import wav
from vox.audio.pcm import Samples
from vox.audio.sniff import looks_like
from vox.audio.source import Opened
from vox.audio.track import BLOCK_SAMPLES, Track, mix
from vox.errors import UnsupportedAudio

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["open_sndfile"]

_UNKNOWN_FRAMES = 2**62  # libsndfile answers 2**63-1 for a FLAC stream that does not say how long it is


class _Forward(soundfile.SoundFile):
    """A sound file that is only read forwards.

    soundfile seeks after every read of a seekable file. That is wasted here, inexact in MP3, and in a FLAC that was cut
    off it throws away the samples that were read.
    """

    def seekable(self) -> bool:
        return False


class _SizesFilled(RawIOBase):
    """A WAV whose header says that it reaches to the end of the file, whatever it really says.

    A recorder that was killed leaves zeros for the sizes, which libsndfile takes to mean that there are no samples.
    """

    def __init__(self, file: BytesIO | FileIO, data_start: int) -> None:
        self._file = file
        self._sizes = (4, data_start - 4)

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: "Buffer", /) -> int:
        start, view = self._file.tell(), memoryview(buffer).cast("B")
        count = self._file.readinto(view) or 0
        for field in self._sizes:
            for offset in range(max(field, start), min(field + 4, start + count)):
                view[offset - start] = 0xFF
        return count


@contextmanager
def open_sndfile(opened: Opened) -> Generator[Track]:
    """Open for reading.

    Raises:
        UnsupportedAudio: Not a format that libsndfile reads, or damaged before its first sample; also from the blocks.
    """
    try:
        sound = _Forward(_handle(opened), closefd=False)
    except soundfile.LibsndfileError as error:
        raise UnsupportedAudio(
            f"{opened.name} is not readable as audio ({error.error_string.rstrip('.')}): "
            f"it looks like {looks_like(opened.file)}"
        ) from error
    with sound:
        frames = sound.frames if sound.frames < _UNKNOWN_FRAMES else None
        yield Track(sound.samplerate, sound.channels, frames, _blocks(sound, opened.name))


def _handle(opened: Opened) -> int | BinaryIO:
    """The descriptor where there is one: reading through Python's file objects would take the interpreter lock."""
    if (start := _open_ended(opened)) is not None:
        return cast(BinaryIO, _SizesFilled(opened.file, start))
    return opened.file.fileno() if os.name == "posix" and isinstance(opened.file, FileIO) else opened.file


def _open_ended(opened: Opened) -> int | None:
    """Where the samples begin in a WAV that does not say how many they are."""
    try:
        info = wav.scan(opened.file, opened.size)
    except UnsupportedAudio:
        return None  # most files are no WAV; what is wrong with one, libsndfile says
    finally:
        opened.file.seek(0)
    return info.data_start if info.open_ended else None


def _blocks(sound: soundfile.SoundFile, name: str) -> Iterator[Samples]:
    block = np.empty((max(1, BLOCK_SAMPLES // sound.channels), sound.channels), dtype=np.float32)
    position = 0
    while True:
        try:
            count = len(sound.read(out=block))
        except soundfile.LibsndfileError as error:
            count = sound.tell() - position  # a file that was cut off: these came before the end
            if position + count == 0:
                raise UnsupportedAudio(f"{name} is damaged: {error.error_string}") from error
        if count <= 0:
            return
        position += count
        yield mix(block[:count])
