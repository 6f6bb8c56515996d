"""What the speaking providers share: text that can be said, a speed that can be kept, and the WAV they answer with."""

import io
import math
import re
import unicodedata
import wave

from vox.provider import Call, ProviderError

__all__ = [
    "LONGEST_TEXT",
    "check_length",
    "is_latin",
    "is_too_long",
    "nothing_to_say",
    "silence",
    "speed",
    "spoken_text",
    "wav",
]

LONGEST_TEXT = 20_000
"""Characters in one request: about 20 minutes of speech, 60 MB of audio."""

_INVALID = -32602  # JSON-RPC's number for parameters that cannot be used
_SLOWEST, _FASTEST = 0.25, 4.0  # the range the speech APIs in use agree on
_LONGEST_AUDIO = 180 << 20  # bytes of PCM; base64 makes 240 MiB of it, and Vox reads lines of at most 256 MiB
_UNSPOKEN = re.compile(
    "[\u231a-\u231b\u23e9-\u23ff\u25a0-\u27bf\u2b00-\u2bff\ufe00-\ufe0f\u20e3\ufffc-\ufffd"
    "\U0001f000-\U0001faff\U000e0000-\U000e007f]+"
)
"""Pictures: emoji, dingbats, bullets, and the marks that choose their shape."""
_DROPPED = frozenset(["Cc", "Cs", "Co", "Cn"])  # control characters, lone surrogates, private use, unassigned
_JOINERS = "\u200c\u200d"  # they change the shape and sound of Persian and Indic words


def spoken_text(call: Call) -> str:
    """The text of the request without what has no sound; line ends are newlines, letters composed (NFC).

    Raises:
        ProviderError: Longer than `LONGEST_TEXT` (`text_too_long`), or nothing is left.
    """
    text = call.text
    if len(text) > LONGEST_TEXT:
        message = (
            f"The text has {len(text):,} characters, and one request may have {LONGEST_TEXT:,}: send it in parts, "
            "cut between sentences."
        )
        raise ProviderError(message, code="text_too_long", limit=LONGEST_TEXT, length=len(text))
    text = re.sub("\r\n?|[\x0b\x0c\x85\u2028\u2029]", "\n", text)
    text = "".join(_sound(character) for character in _UNSPOKEN.sub(" ", text))
    text = unicodedata.normalize("NFC", text)
    if not text.strip():
        raise nothing_to_say()
    return text


def speed(call: Call) -> float:
    """The speed of the request.

    Raises:
        ProviderError: Not between 0.25 and 4.
    """
    wanted = call.speed
    if not math.isfinite(wanted) or not _SLOWEST <= wanted <= _FASTEST:
        raise ProviderError(f"speed must be between {_SLOWEST} and {_FASTEST:g}, not {wanted:g}.", rpc_code=_INVALID)
    return wanted


def nothing_to_say(why: str = "It holds no words, numbers or letters that can be spoken.") -> ProviderError:
    """The error for a text that would come out as silence."""
    return ProviderError(f"There is nothing to say in this text. {why}", rpc_code=_INVALID)


def is_latin(text: str) -> bool:
    """Whether a letter of it belongs to the Latin script, in any style; true for text without letters."""
    letters = [letter for letter in unicodedata.normalize("NFKC", text) if letter.isalpha()]
    return not letters or any(unicodedata.name(letter, "").startswith("LATIN ") for letter in letters)


def check_length(size: int, rate: int) -> None:
    """Stop before the answer outgrows what Vox reads.

    Args:
        size: Bytes of 16-bit mono PCM so far.
        rate: Samples per second.

    Raises:
        ProviderError: Too long (`text_too_long`).
    """
    if is_too_long(size):
        minutes = _LONGEST_AUDIO // (2 * rate * 60)
        message = (
            f"Spoken at this speed the text lasts longer than {minutes} minutes: send it in parts, or speak faster."
        )
        raise ProviderError(message, code="text_too_long", limitMinutes=minutes)


def is_too_long(size: int) -> bool:
    """Whether `check_length` would stop here."""
    return size > _LONGEST_AUDIO


def silence(seconds: float, rate: int) -> bytes:
    """16-bit mono PCM in which nothing is heard."""
    return bytes(2 * round(seconds * rate))


def wav(pcm: bytes | bytearray, rate: int) -> bytes:
    """16-bit mono PCM as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return file.getvalue()


def _sound(character: str) -> str:
    if character == "\n" or character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category == "Cf":
        return ""  # soft hyphens, direction marks, zero-width marks: they stand inside words
    return " " if category in _DROPPED else character
