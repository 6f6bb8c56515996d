"""Text to the phonemes Kokoro was trained on.

English goes through hibari's dictionary where that package is (Apache-2.0), which is also the better reader; all
others, and English without it, through kokoro-onnx's phonemizer: espeak-ng, GPL-3, in this process only. Affricates
are one sign in Kokoro's alphabet and two in espeak's. Japanese and Chinese were trained on other phonemes than
espeak's: tried, the result cannot be understood, so those voices are shown and not offered.
"""

import re
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from vox.provider import ProviderError
from vox_providers._hibari_reader import Reader

__all__ = ["LANGUAGES", "can_read", "language_of", "reader"]

LANGUAGES = {
    "a": "en-US",
    "b": "en-GB",
    "e": "es",
    "f": "fr-FR",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-BR",
    "z": "zh",
}
"""The first letter of a voice's id → its language."""

_ESPEAK = {"en-US": "en-us", "en-GB": "en-gb", "es": "es", "fr-FR": "fr-fr", "hi": "hi", "it": "it", "pt-BR": "pt-br"}
_ONE_SIGN = str.maketrans({"-": ""})
_AFFRICATES = (("dʒ", "ʤ"), ("tʃ", "ʧ"), ("dz", "ʣ"), ("ts", "ʦ"))
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]{2,}\)")  # espeak marks words it reads in another language
_LONGEST = 500  # phonemes; the model takes 510


def language_of(voice_id: str) -> str:
    """The language of a voice, BCP 47; of a voice somebody made, American English."""
    return LANGUAGES.get(voice_id[0], "en-US") if voice_id[1:3] in ("f_", "m_") else "en-US"


def can_read(language: str) -> bool:
    """Whether there is a reader for the language on this computer."""
    if language not in _ESPEAK:
        return False
    return _has_espeak() or (language.startswith("en") and _has_hibari())


def reader(language: str) -> Callable[[str], list[str]]:
    """What turns a sentence of the language into phonemes, in pieces the model takes.

    Raises:
        ProviderError: There is none.
    """
    if language not in _ESPEAK:
        raise ProviderError(
            f"Kokoro's voices for {language} need phonemes that this program cannot make. Choose a voice of another "
            "language, or another model.",
            rpc_code=-32602,
        )
    if language.startswith("en") and _has_hibari():
        from hibari.g2p import G2P

        return Reader(G2P(british=language == "en-GB")).phonemes
    if not _has_espeak():
        raise ProviderError(
            'Reading this language needs kokoro-onnx. Run `python -m pip install "voxhost[kokoro]"`.',
            code="model_not_installed",
        )
    from kokoro_onnx.tokenizer import Tokenizer  # pyright: ignore[reportMissingImports]

    tokenizer: Any = Tokenizer()
    return lambda sentence: _pieces(_espeak(tokenizer, sentence, _ESPEAK[language]))


def _has_hibari() -> bool:
    return find_spec("hibari") is not None


def _has_espeak() -> bool:
    return find_spec("kokoro_onnx") is not None


def _espeak(tokenizer: Any, sentence: str, language: str) -> str:
    phonemes = _LANGUAGE_SWITCH.sub("", str(tokenizer.phonemize(sentence, language))).translate(_ONE_SIGN)
    for two, one in _AFFRICATES:
        phonemes = phonemes.replace(two, one)
    return " ".join(phonemes.split())


def _pieces(phonemes: str) -> list[str]:
    """Cut between words where it is too long for the model; nothing when there is no sound in it."""
    if not any(sign.isalpha() for sign in phonemes):
        return []
    if len(phonemes) <= _LONGEST:
        return [phonemes]
    space = phonemes.rfind(" ", 1, _LONGEST)
    cut = space if space > 0 else _LONGEST
    return [*_pieces(phonemes[:cut]), *_pieces(phonemes[cut:].lstrip())]
