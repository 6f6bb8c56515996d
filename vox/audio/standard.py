"""Writing the one WAV that providers get: 16-bit PCM, mono, at the rate the model wants.

Samples go from the decoder through mixer and resampler into the file block by block; an hour needs no more memory than
a second. A file that already is in this form is copied, samples untouched, under a fresh header.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from vox.audio import spool, wav
from vox.audio.limits import Limits
from vox.audio.source import Opened, open_source
from vox.errors import AudioTooLarge, UnsupportedAudio, VoxError

__all__ = ["Abandoned", "Written", "write_standard"]

_COPY_BYTES = 2**20
_FULL_SCALE = 32_768


class Abandoned(Exception):
    """Nobody waits for the file any more."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was read and written."""

    input_bytes: int
    frames: int
    peak: float
    """Loudest sample, 0 to 1."""


def write_standard(
    source: Path | bytes, target: Path, rate: int, limits: Limits, abandoned: Callable[[], bool]
) -> Written:
    """Write `source` to the new file `target`; on any failure no file is left.

    Raises:
        NoInput, PathNotAllowed, UnsupportedAudio, AudioTooLarge: As `decode` does.
        VoxError: The spool cannot be written.
        Abandoned: `abandoned()`, asked between blocks, became true.
    """
    with open_source(source, limits) as opened, _new_file(target) as file:
        _put(file, wav.header(rate, 1, 0), target)
        frames, peak = 0, 0
        for block in _blocks(opened, rate, limits):
            if abandoned():
                raise Abandoned
            frames, peak = frames + len(block), max(peak, _loudest(block))
            _check_fits(frames, opened.name)
            _put(file, block.data, target)
        file.seek(0)
        _put(file, wav.header(rate, 1, 2 * frames), target)
    return Written(opened.size, frames, peak / _FULL_SCALE)


@contextmanager
def _new_file(target: Path) -> Generator[BinaryIO]:
    try:
        descriptor = spool.create(target)
    except OSError as error:
        raise _spool_failure(target, error) from error
    try:
        with open(descriptor, "wb") as file:
            yield file
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _put(file: BinaryIO, content: bytes | memoryview, target: Path) -> None:
    try:
        file.write(content)
        file.flush()  # a full disk must show here, not when the file is closed
    except OSError as error:
        raise _spool_failure(target, error) from error


def _spool_failure(target: Path, error: OSError) -> VoxError:
    return VoxError(
        f"cannot write to the spool folder {target.parent}: {error.strerror}; free some space or set another VOX_HOME"
    )


def _blocks(opened: Opened, rate: int, limits: Limits) -> Iterator[NDArray[np.int16]]:
    info = _already_standard(opened, rate)
    if info is not None:
        if info.duration_s > limits.max_duration_s:
            raise AudioTooLarge(f"{opened.name} is longer than the {limits.max_duration_s:g} s allowed; split it")
        yield from _copied(opened, info)
        return
    from vox.audio.decode import open_track, resampled  # and with it the sound libraries, which a copy does not need
    from vox.audio.pcm import to_int16

    with open_track(opened, limits) as track:
        for block in resampled(track, rate):
            yield to_int16(block)


def _already_standard(opened: Opened, rate: int) -> wav.WavInfo | None:
    try:
        info = wav.scan(opened.file, opened.size)
    except UnsupportedAudio:
        return None  # the decoders know more formats, and better what is wrong with this one
    finally:
        opened.file.seek(0)
    return info if info.is_pcm16 and info.channels == 1 and info.rate == rate else None


def _copied(opened: Opened, info: wav.WavInfo) -> Iterator[NDArray[np.int16]]:
    opened.file.seek(info.data_start)
    left = info.data_bytes
    while left > 0:
        content = opened.file.read(min(_COPY_BYTES, left))
        if len(content) < 2:  # the file shrank meanwhile
            return
        left -= len(content)
        yield np.frombuffer(content, dtype="<i2", count=len(content) // 2)


def _loudest(block: NDArray[np.int16]) -> int:
    return max(int(block.max()), -int(block.min()))


def _check_fits(frames: int, name: str) -> None:
    if 2 * frames > wav.MAX_DATA_BYTES:
        raise AudioTooLarge(f"{name} is longer than a WAV file can hold at this rate; split it")
