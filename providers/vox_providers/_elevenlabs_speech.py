"""What the speaking models of ElevenLabs take. Source: ElevenLabs' pages on its models and on voice settings."""

from vox.provider import Call, ProviderError

__all__ = ["LANGUAGES", "LONGEST", "speech_request"]

LONGEST = {
    "eleven_multilingual_v2": 10_000,
    "eleven_turbo_v2_5": 40_000,
    "eleven_flash_v2_5": 40_000,
    "eleven_v3": 5_000,
}
"""Model → characters in one request. The first one is the default."""

_TWENTY_NINE = "ar bg cs da de el en es fi fil fr hi hr id it ja ko ms nl pl pt ro ru sk sv ta tr uk zh"
_SECOND = tuple(_TWENTY_NINE.split())
_SECOND_AND_HALF = (*_SECOND, "hu", "no", "vi")

LANGUAGES = {
    "eleven_multilingual_v2": _SECOND,
    "eleven_turbo_v2_5": _SECOND_AND_HALF,
    "eleven_flash_v2_5": _SECOND_AND_HALF,
}
"""Model → what it speaks, as far as that is told: eleven_v3 speaks over seventy languages."""

_INVALID = -32602
_SLOWEST, _FASTEST = 0.7, 1.2  # what the API takes as speed
_TOLD_THE_LANGUAGE = (
    "eleven_turbo_v2_5",
    "eleven_flash_v2_5",
)  # the others hear it from the text, and refuse the field


def speech_request(call: Call) -> dict[str, object]:
    """The body of a request for speech.

    Raises:
        ProviderError: Nothing to say, too long (`text_too_long`), a language the model does not speak, or a speed
            beyond what the API takes.
    """
    model = call.model_id
    body: dict[str, object] = {"text": _text(call.text, model), "model_id": model}
    if not _SLOWEST <= call.speed <= _FASTEST:
        message = f"ElevenLabs speaks at a speed from {_SLOWEST} to {_FASTEST}, not {call.speed:g}."
        raise ProviderError(message, rpc_code=_INVALID)
    if call.speed != 1.0:
        body["voice_settings"] = {"speed": call.speed}
    language = (call.language or "").replace("_", "-").partition("-")[0].lower()
    spoken = LANGUAGES.get(model, ())
    if language and spoken and language not in spoken:
        message = f"{model} does not speak {call.language}. It speaks {', '.join(spoken)}."
        raise ProviderError(message, rpc_code=_INVALID, languages=list(spoken))
    if language and model in _TOLD_THE_LANGUAGE:
        body["language_code"] = language
    return body


def _text(text: str, model: str) -> str:
    if len(text) > LONGEST[model]:
        message = f"The text has {len(text):,} characters, and {model} takes {LONGEST[model]:,}: send it in parts."
        raise ProviderError(message, code="text_too_long", limit=LONGEST[model], length=len(text))
    if not any(character.isalnum() for character in text):
        from vox_providers._speech import nothing_to_say

        raise nothing_to_say()
    return text
