"""Whisper through onnx-asr: `whisper:tiny` to `whisper:large-v3-turbo`, 99 languages.

Weights: the ONNX exports `onnx-community/whisper-…` (encoder and merged decoder), by `vox models install
whisper:base`, or from a folder; `istupakov/whisper-base-onnx` (one graph with the search inside) loads from a folder
too. `VOX_WHISPER_QUANTIZATION` chooses another precision, `int8` for instance; see `_onnx_models`. Nothing is
downloaded except by install.

onnx-asr gives text alone: no times inside a piece and no probabilities, so there are segments (one for each piece of
speech) but no words, and no confidence. Without `language` the model guesses one for each piece. Translation is not
offered.

What was run: both layouts from loading to text, with small generated models that have the same files, inputs and
outputs and whose words are tones, and the download against a local server that behaves as the hub documents. What was
not run here: OpenAI's weights, and the real hub; the repository names of `medium` and `large-v3` could not be checked.
"""

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._onnx_asr import Engine
from vox_providers._onnx_models import Checkpoint, Family, Layout
from vox_providers._whisper_languages import LANGUAGES, whisper_language

__all__ = ["provider"]

_OTHERS = ("vocab.json", "added_tokens.json")
_MERGED = Layout("whisper", ("**/encoder_model", "**/decoder_model_merged"), (*_OTHERS, "config.json"))
_SEARCH = Layout("whisper-ort", ("whisper-*_beamsearch",), _OTHERS)
_LONGEST_S = 29.0  # the model looks at 30 s, and drops what is beyond
_REPOSITORIES = {  # with the width and the decoder layers that tell the files of one from another's
    "base": ("onnx-community/whisper-base", 512, 6),
    "tiny": ("onnx-community/whisper-tiny", 384, 4),
    "small": ("onnx-community/whisper-small", 768, 12),
    "medium": ("onnx-community/whisper-medium-ONNX", 1024, 24),
    "large-v3": ("onnx-community/whisper-large-v3-ONNX", 1280, 32),
    "large-v3-turbo": ("onnx-community/whisper-large-v3-turbo", 1280, 4),
}
_LAYOUTS = (_MERGED, _SEARCH)

family = Family(
    "whisper",
    [
        Checkpoint(
            f"whisper:{variant}",
            f"Whisper {variant}",
            repo,
            _LAYOUTS,
            " ".join(LANGUAGES),
            {"d_model": width, "decoder_layers": layers},
        )
        for variant, (repo, width, layers) in _REPOSITORIES.items()
    ],
    preferred=("none", "int8"),
    traits={"words": False, "sampleRate": 16000},
    aliases={"whisper:large": "whisper:large-v3", "whisper:turbo": "whisper:large-v3-turbo"},
)
engine = Engine(family, _LONGEST_S)
provider = Provider("whisper", kind="asr")
provider.models(engine.models)
provider.install(engine.install)
provider.import_files(engine.import_files)
provider.remove(engine.remove)
provider.preload(engine.preload)


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """The text and a segment for each piece of speech.

    Raises:
        ProviderError: A language Whisper does not know, translation; see `Engine.recognise`.
    """
    checkpoint = family.checkpoint(call.model_id)
    if call.params.get("task") == "translate":
        raise ProviderError("Whisper through onnx-asr transcribes only; it cannot translate.", rpc_code=-32602)
    language = whisper_language(call.language)
    try:
        heard = engine.recognise(call, checkpoint, **({"language": language} if language else {}))
    except KeyError as problem:  # onnx-asr looks the language up among the tokens
        if problem.args != (f"<|{language}|>",):
            raise
        raise ProviderError(
            f"The files of {checkpoint.id} lack the language {language!r}.", rpc_code=-32602
        ) from problem
    spoken = [(one.piece, text) for one in heard if _is_said(text := one.result.text.strip())]
    result: dict[str, object] = {
        "text": " ".join(text for _, text in spoken),
        "segments": [
            {"id": number, "start": round(piece.start_s, 3), "end": round(piece.end_s, 3), "text": text}
            for number, (piece, text) in enumerate(spoken)
        ],
    }
    return {**result, "language": language, "used": {"language": language}} if language else result


def _is_said(text: str) -> bool:
    """Whether it holds a word: over noise and music Whisper writes dots and notes."""
    return any(letter.isalnum() for letter in text)


if __name__ == "__main__":
    serve(provider)
