"""What Scribe, the recogniser of ElevenLabs, is asked and what it answers.

Source: ElevenLabs' API reference of POST /v1/speech-to-text. Words come as the text has them, with what stands between
them as entries of their own, so languages that write no spaces get none.
"""

from __future__ import annotations

from vox.provider import Call, ProviderError
from vox_providers._transcript import Word, segments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["fields", "transcript"]

_INVALID = -32602
_MOST_TERMS, _LONGEST_TERM = 1000, 50  # key terms of scribe_v2, and characters in one
_HOTTEST = 2.0

# ISO 639-3, as Scribe names what it heard, and ISO 639-1, as everybody else does.
_LONG_AND_SHORT = """
afr:af amh:am ara:ar asm:as aze:az bel:be ben:bn bos:bs bul:bg cat:ca ces:cs cmn:zh cym:cy dan:da deu:de ell:el eng:en
est:et fas:fa fin:fi fra:fr gle:ga glg:gl guj:gu hau:ha heb:he hin:hi hrv:hr hun:hu hye:hy ibo:ig ind:id isl:is ita:it
jav:jv jpn:ja kan:kn kat:ka kaz:kk khm:km kir:ky kor:ko lao:lo lav:lv lin:ln lit:lt ltz:lb mal:ml mar:mr mkd:mk mlt:mt
mon:mn mri:mi msa:ms mya:my nep:ne nld:nl nor:no oci:oc ori:or pan:pa pol:pl por:pt pus:ps ron:ro rus:ru slk:sk slv:sl
sna:sn snd:sd som:so spa:es srp:sr swa:sw swe:sv tam:ta tel:te tgk:tg tha:th tur:tr ukr:uk urd:ur uzb:uz vie:vi wol:wo
xho:xh yor:yo zho:zh zul:zu
"""
_SHORT = {long: short for long, _, short in (pair.partition(":") for pair in _LONG_AND_SHORT.split())}


def fields(call: Call, model: str) -> dict[str, object]:
    """The form that goes with the recording.

    Raises:
        ProviderError: A translation is wanted, or hotwords or the temperature are beyond what the API takes.
    """
    if call.params.get("task") == "translate":
        raise ProviderError(f"{model} cannot translate; faster-whisper:base can.", rpc_code=_INVALID)
    form: dict[str, object] = {
        "model_id": model,
        "timestamps_granularity": "word",
        "tag_audio_events": "false",  # "(laughter)" is nothing that was said
        "diarize": "false",
    }
    if call.language:
        form["language_code"] = call.language.replace("_", "-").partition("-")[0].lower()
    temperature = call.params.get("temperature")
    if isinstance(temperature, int | float) and not isinstance(temperature, bool):
        form["temperature"] = str(min(max(float(temperature), 0.0), _HOTTEST))
    terms = _terms(call.params.get("hotwords"))
    return {**form, "keyterms": terms} if terms else form


def transcript(answer: Any, call: Call) -> dict[str, object]:
    """The result for what Scribe answered.

    Raises:
        ProviderError: It is no transcript (`provider_misbehaved`).
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise ProviderError("ElevenLabs answered without a text.", code="provider_misbehaved")
    result: dict[str, object] = {"text": answer["text"].strip()}
    told = answer.get("language_code")
    if isinstance(told, str) and told:
        result["language"] = _SHORT.get(told.lower(), told)
    found, spaced = _words(answer.get("words"))
    if found and spaced:
        result["segments"] = segments(found)
    if call.params.get("words") is True:
        result["words"] = [word.to_wire() for word in found]
    if call.params.get("hotwords"):
        result["used"] = {"hotwords": True}
    return result


def _terms(hotwords: Any) -> list[str]:
    terms = [word.strip() for word in hotwords if isinstance(word, str)] if isinstance(hotwords, list) else []
    terms = [term for term in terms if term]
    if len(terms) > _MOST_TERMS or any(len(term) > _LONGEST_TERM for term in terms):
        raise ProviderError(
            f"Scribe takes {_MOST_TERMS} hotwords of {_LONGEST_TERM} characters each; these are more or longer.",
            rpc_code=_INVALID,
        )
    return terms


def _words(entries: Any) -> tuple[list[Word], bool]:
    """The words that have times, and whether spaces stand between them."""
    found: list[Word] = []
    spaced = False
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or not isinstance(entry.get("text"), str):
            continue
        if entry.get("type") == "spacing":
            spaced = True
        elif entry.get("type") == "word" and entry["text"].strip() and (word := _word(entry)) is not None:
            found.append(word)
    return found, spaced or len(found) == 1


def _word(entry: dict[str, Any]) -> Word | None:
    start, end = entry.get("start"), entry.get("end")
    if not isinstance(start, int | float) or not isinstance(end, int | float) or not 0 <= start <= end:
        return None
    word = Word(entry["text"].strip(), float(start), float(end))
    sure = entry.get("logprob")
    if isinstance(sure, int | float) and sure <= 0:
        word.logprobs.append(float(sure))
    return word
