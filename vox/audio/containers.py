"""Reading m4a, mp4, mov, webm, mkv and AAC through PyAV, which the extra `av` installs.

FFmpeg can open network addresses, playlists and devices. Here it gets an open file and one demuxer by name, never a
path, so that nothing inside a file can make it look elsewhere.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from vox.audio.pcm import Samples
from vox.audio.resample import Resampler
from vox.audio.source import Opened
from vox.audio.track import BLOCK_SAMPLES, Track, mix
from vox.errors import UnsupportedAudio

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

__all__ = ["open_container"]

_DEMUXERS = {"mp4": "mov", "matroska": "matroska", "aac": "aac"}
_NAMES = {"mp4": "MP4/M4A", "matroska": "Matroska/WebM", "aac": "AAC"}
_NO_OTHER_FILES = {"enable_drefs": "0", "protocol_whitelist": "none"}
_ODD_TITLES = {"metadata_errors": "ignore"}  # before 19, PyAV refused a file whose title is not UTF-8


@contextmanager
def open_container(opened: Opened, family: Literal["mp4", "matroska", "aac"]) -> Generator[Track]:
    """Open the first sound track for reading.

    Raises:
        UnsupportedAudio: PyAV is not installed, there is no sound track, or no frame of it can be decoded.
    """
    try:
        import av
        from av.error import FFmpegError
    except ImportError as error:
        raise UnsupportedAudio(
            f"{opened.name} is {_NAMES[family]} audio, which needs an extra: "
            'run `python -m pip install "voxhost[av]"`, or convert the file to WAV, FLAC, OGG or MP3',
            extra="av",
        ) from error
    try:
        opening: dict[str, Any] = {} if int(av.__version__.partition(".")[0]) >= 19 else _ODD_TITLES
        container = av.open(opened.file, "r", format=_DEMUXERS[family], options=dict(_NO_OTHER_FILES), **opening)
    except (FFmpegError, ValueError) as error:
        raise UnsupportedAudio(f"{opened.name} is a damaged {_NAMES[family]} file: {error}") from error
    with container:
        yield _track(container, opened.name)


def _track(container: "InputContainer", name: str) -> Track:
    if not container.streams.audio:
        raise UnsupportedAudio(f"{name} has no sound track")
    frames = _frames(container, container.streams.audio[0])
    first = next(frames, None)
    if first is None:
        raise UnsupportedAudio(f"{name} has a sound track, but not one frame of it can be decoded")
    return Track(first.sample_rate, first.layout.nb_channels, None, _blocks(first, frames))


def _frames(container: "InputContainer", stream: "AudioStream") -> "Iterator[AudioFrame]":
    """All frames that can be decoded; a damaged packet is skipped, the end of a file that was cut off is the end."""
    from av.error import FFmpegError

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
        except FFmpegError:
            continue


def _blocks(first: "AudioFrame", rest: "Iterator[AudioFrame]") -> Iterator[Samples]:
    """Frames are some 20 ms; they are gathered, since every block costs the reader a little."""
    gathered: list[Samples] = []
    held = 0
    for mono in _at_one_rate(chain([first], rest), first.sample_rate):
        gathered.append(mono)
        held += len(mono)
        if held >= BLOCK_SAMPLES:
            yield np.concatenate(gathered)
            gathered, held = [], 0
    if gathered:
        yield np.concatenate(gathered)


def _at_one_rate(frames: "Iterator[AudioFrame]", rate: int) -> Iterator[Samples]:
    """Broadcast recordings may switch their rate in the middle; the first one is kept."""
    current, resampler = rate, Resampler(rate, rate)
    for frame in frames:
        if frame.sample_rate != current:
            yield resampler.flush()
            current, resampler = frame.sample_rate, Resampler(frame.sample_rate, rate)
        yield resampler.push(_mono(frame))
    yield resampler.flush()


def _mono(frame: "AudioFrame") -> Samples:
    """A frame's samples, which may be planar or interleaved, integer or float."""
    values = frame.to_ndarray()
    frames_first = values.T if frame.format.is_planar else values.reshape(-1, frame.layout.nb_channels)
    return mix(_as_float(frames_first))


def _as_float(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.uint8:
        return (values.astype(np.float32) - 128) / np.float32(128)
    if values.dtype.kind == "i":
        return values.astype(np.float32) / np.float32(np.iinfo(values.dtype).max + 1)
    return values.astype(np.float32)
