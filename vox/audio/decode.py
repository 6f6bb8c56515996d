"""A file or bytes in any known format, as mono samples.

Decoding, mixing and resampling go block by block: whatever the channels and rate of the input, memory holds one block
and the result. The caps are checked on every block, because a header can claim anything.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from vox.audio.limits import Limits
from vox.audio.pcm import Pcm, Samples
from vox.audio.resample import Resampler
from vox.audio.sniff import family
from vox.audio.source import Opened, open_source
from vox.audio.track import Track
from vox.errors import AudioTooLarge, UnsupportedAudio

__all__ = ["decode", "open_track", "resampled"]


def decode(source: Path | bytes, limits: Limits | None = None, *, rate: int | None = None) -> Pcm:
    """Decode all of it to mono, at `rate` Hz or at its own rate.

    A file that was cut off gives the samples it has; one without any gives a `Pcm` of length 0. Samples that are not
    numbers become silence.

    Raises:
        NoInput: The path names no regular file.
        PathNotAllowed: The file is not readable.
        UnsupportedAudio: It is not audio that can be decoded here.
        AudioTooLarge: It is over a cap.
    """
    caps = limits or Limits()
    with open_source(source, caps) as opened, open_track(opened, caps) as track:
        wanted = rate or track.rate
        blocks = list(resampled(track, wanted))
    return Pcm(np.concatenate(blocks) if blocks else np.zeros(0, dtype=np.float32), wanted)


@contextmanager
def open_track(opened: Opened, limits: Limits) -> Generator[Track]:
    """Start decoding what is open; the blocks come at the file's own rate.

    Raises:
        UnsupportedAudio: It is not audio that can be decoded here; also from the blocks.
        AudioTooLarge: It is over a cap; also from the blocks.
    """
    kind = family(opened.file)
    if kind == "other":
        from vox.audio.sndfile import open_sndfile

        reader = open_sndfile(opened)
    else:
        from vox.audio.containers import open_container

        reader = open_container(opened, kind)
    with reader as track:
        _check(track, opened.name, limits)
        yield Track(track.rate, track.channels, track.frames, _capped(track, opened.name, limits))


def resampled(track: Track, rate: int) -> Iterator[Samples]:
    """The track's blocks at `rate` Hz; none of them is empty."""
    resampler = Resampler(track.rate, rate)
    for block in track.blocks:
        if len(out := resampler.push(block)):
            yield out
    if len(out := resampler.flush()):
        yield out


def _check(track: Track, name: str, limits: Limits) -> None:
    if not limits.min_rate <= track.rate <= limits.max_rate:
        raise UnsupportedAudio(
            f"{name} claims {track.rate} Hz; rates from {limits.min_rate} to {limits.max_rate} Hz are read"
        )
    if track.channels > limits.max_channels:
        raise UnsupportedAudio(f"{name} has {track.channels} channels; up to {limits.max_channels} are read")
    if track.frames is not None and track.frames > limits.max_duration_s * track.rate:
        raise _too_long(name, limits)


def _capped(track: Track, name: str, limits: Limits) -> Iterator[Samples]:
    left = limits.max_duration_s * track.rate
    for block in track.blocks:
        left -= len(block)
        if left < 0:
            raise _too_long(name, limits)
        yield block


def _too_long(name: str, limits: Limits) -> AudioTooLarge:
    return AudioTooLarge(
        f"{name} is longer than the {limits.max_duration_s:g} s allowed; split it",
        maxDurationMs=round(limits.max_duration_s * 1000),
    )
