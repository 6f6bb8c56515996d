"""Reading through libsndfile: WAV in all its codecs, FLAC, Ogg Vorbis and Opus, MP3, AIFF, CAF, W64, AU and more."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BytesIO, FileIO

import numpy as np
import soundfile

from vox.audio.pcm import Samples
from vox.audio.sniff import looks_like
from vox.audio.source import Opened
from vox.audio.track import BLOCK_SAMPLES, Track, mix
from vox.errors import UnsupportedAudio

__all__ = ["open_sndfile"]

_UNKNOWN_FRAMES = 2**62  # libsndfile answers 2**63-1 for a FLAC stream that does not say how long it is


class _Forward(soundfile.SoundFile):
    """A sound file that is only read forwards.

    soundfile seeks after every read of a seekable file. That is wasted here, inexact in MP3, and in a FLAC that was cut
    off it throws away the samples that were read.
    """

    def seekable(self) -> bool:
        return False


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


def _handle(opened: Opened) -> int | BytesIO | FileIO:
    """The descriptor where there is one: reading through Python's file objects would take the interpreter lock."""
    return opened.file.fileno() if os.name == "posix" and isinstance(opened.file, FileIO) else opened.file


def _blocks(sound: soundfile.SoundFile, name: str) -> Iterator[Samples]:
    block = np.empty((max(1, BLOCK_SAMPLES // sound.channels), sound.channels), dtype=np.float32)
    started = False
    while True:
        try:
            count = len(sound.read(out=block))
        except soundfile.LibsndfileError as error:
            if started:  # cut off: what came before is what there is
                return
            raise UnsupportedAudio(f"{name} is damaged: {error.error_string}") from error
        if not count:
            return
        started = True
        yield mix(block[:count])
