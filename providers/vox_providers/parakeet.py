"""Parakeet TDT 0.6B through onnx-asr: `parakeet:v3` (25 European languages) and `parakeet:v2` (English).

Weights: the ONNX exports `istupakov/parakeet-tdt-0.6b-v3-onnx` and `-v2-onnx` of NVIDIA's models (CC-BY-4.0), by
`vox models install parakeet:v3` (int8, about 670 MB; `VOX_PARAKEET_QUANTIZATION=none` for full precision) or from a
folder, see `_onnx_models`. Nothing is downloaded otherwise.

A token comes with the encoder frame (80 ms) in which it begins, and with its log probability: word starts and
confidences are the model's own. onnx-asr does not pass on how long a token lasts, so a word ends where the next one
begins, or four frames after its last token, the longest duration a TDT model can choose.

What was run: the whole path (loading, log-mel features, encoder, TDT decoding, words, times; the download against a
local server that behaves as the hub documents) with a small generated model that has the same files, inputs and
outputs and whose words are tones. What was not run here: NVIDIA's weights, and the real hub.
"""

from vox.provider import Call, Provider, serve
from vox_providers._onnx_asr import Engine, Heard
from vox_providers._onnx_models import Checkpoint, Family, Layout
from vox_providers._transcript import Word, mean_confidence, segments, words

__all__ = ["provider"]

_LAYOUT = Layout("nemo-conformer-tdt", ("encoder-model", "decoder_joint-model"), ("vocab.txt", "config.json"))
_EUROPE = "bg cs da de el en es et fi fr hr hu it lt lv mt nl pl pt ro ru sk sl sv uk"
_LONGEST_S = 24.0  # memory grows with the square of the length; the exports are made for 20 to 30 s
_LONGEST_TOKEN_S = 4 * 0.08

family = Family(
    "parakeet",
    [
        Checkpoint(
            "parakeet:v3",
            "Parakeet TDT 0.6B v3",
            "istupakov/parakeet-tdt-0.6b-v3-onnx",
            (_LAYOUT,),
            _EUROPE,
            {"tokens": 8193},
        ),
        Checkpoint(
            "parakeet:v2",
            "Parakeet TDT 0.6B v2",
            "istupakov/parakeet-tdt-0.6b-v2-onnx",
            (_LAYOUT,),
            "en",
            {"tokens": 1025},
        ),
    ],
    preferred=("int8", "none"),
    traits={"words": True, "sampleRate": 16000},
)
engine = Engine(family, _LONGEST_S)
provider = Provider("parakeet", kind="asr")
provider.models(engine.models)
provider.install(engine.install)
provider.import_files(engine.import_files)
provider.remove(engine.remove)
provider.preload(engine.preload)


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """The text, its segments and, when `words` is asked for, every word with its time.

    Raises:
        ProviderError: See `Engine.recognise`.
    """
    checkpoint = family.checkpoint(call.model_id)
    heard = engine.recognise(call, checkpoint)
    spoken = [word for one in heard for word in _words(one)]
    result: dict[str, object] = {
        "text": " ".join(text for one in heard if (text := one.result.text.strip())),
        "segments": segments(spoken),
    }
    if spoken:
        result["confidence"] = round(mean_confidence(value for word in spoken for value in word.logprobs), 4)
    if checkpoint.languages == "en":
        result["language"] = "en"
    if call.params.get("words"):
        result["words"] = [word.to_wire() for word in spoken]
    return result


def _words(one: Heard) -> list[Word]:
    result, piece = one.result, one.piece
    return words(
        result.tokens or [],
        result.timestamps or [],
        result.logprobs,
        offset=piece.start_s,
        longest_token=_LONGEST_TOKEN_S,
        limit=piece.end_s,
    )


if __name__ == "__main__":
    serve(provider)
