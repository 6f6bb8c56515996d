"""WAV files as other programs write them, put right: through a pipe no sizes can be known beforehand."""

import io
import struct
import wave

from vox.provider import ProviderError

__all__ = ["read_pcm", "read_wav"]

_SHOWN = 40  # bytes of something unusable that an error quotes


def read_wav(data: bytes, program: str) -> bytes:
    """A WAV file with the sizes it really has: a program that writes to a pipe cannot know them beforehand.

    Raises:
        ProviderError: It is no WAV file, or one without sound.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        began = repr(data[:_SHOWN]) if data else "nothing"
        raise ProviderError(
            f"{program} wrote no WAV file, but {began}. Have it write WAV to {{out}} or standard output."
        )
    chunks = _chunks(data)
    sound, form = chunks.get(b"data", b""), chunks.get(b"fmt ", b"")
    if len(form) < 16 or not sound:
        raise ProviderError(f"{program} wrote a WAV file without sound.")
    frame = max(struct.unpack_from("<H", form, 12)[0], 1)
    sound = sound[: len(sound) // frame * frame]
    body = b"WAVE" + _chunk(b"fmt ", form) + _chunk(b"data", sound)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def read_pcm(data: bytes, program: str) -> tuple[bytes, int]:
    """The samples of a WAV file of 16 bits and one channel, and their rate.

    Raises:
        ProviderError: It is something else.
    """
    try:
        with wave.open(io.BytesIO(read_wav(data, program))) as reader:
            width, channels = reader.getsampwidth(), reader.getnchannels()
            if (width, channels) == (2, 1):
                return reader.readframes(reader.getnframes()), reader.getframerate()
    except wave.Error as error:  # of a form that is no PCM
        raise ProviderError(f"{program} wrote sound that cannot be read: {error}.") from error
    raise ProviderError(f"{program} wrote {channels} channels of {8 * width} bits instead of one of 16.")


def _chunks(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data" and size == 0:
            size = len(data)  # a placeholder: the sound goes on to the end
        found.setdefault(name, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
