"""The languages of Whisper, and which of them a BCP 47 tag means. Source: the tokenizer of openai/whisper."""

from collections.abc import Iterable

from vox.provider import ProviderError

__all__ = ["LANGUAGES", "whisper_language"]

# fmt: off
LANGUAGES: tuple[str, ...] = (
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it", "id", "hi",
    "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur", "hr", "bg", "lt", "la",
    "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn", "et", "mk", "br", "eu", "is", "hy",
    "ne", "mn", "bs", "kk", "sq", "sw", "gl", "mr", "pa", "si", "km", "sn", "yo", "so", "af", "oc", "ka", "be",
    "tg", "sd", "gu", "am", "yi", "lo", "uz", "fo", "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl",
    "mg", "as", "tt", "haw", "ln", "ha", "ba", "jw", "su",
)
# fmt: on
"""ISO 639 codes, the best known to the models first."""

_OTHER_NAMES = {"nb": "no", "jv": "jw", "iw": "he", "in": "id", "fil": "tl", "cmn": "zh"}
"""Codes in use for languages that Whisper knows by another one."""


def whisper_language(tag: str | None, offered: Iterable[str] = LANGUAGES) -> str | None:
    """Whisper's code for a tag; it knows languages, not regions. None stays None.

    Args:
        offered: The codes the model has.

    Raises:
        ProviderError: The model does not have it.
    """
    if tag is None:
        return None
    code = tag.replace("_", "-").partition("-")[0].lower()
    code = _OTHER_NAMES.get(code, code)
    known = tuple(offered)
    if code not in known:
        raise ProviderError(
            f"Whisper has no language {tag!r} here; it has {' '.join(known)}.", rpc_code=-32602, languages=list(known)
        )
    return code
