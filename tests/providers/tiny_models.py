"""Small real ONNX models with the files, inputs and outputs of Parakeet TDT and Whisper, whose words are sounds.

A word is a buzz (a harmonic series on 120 Hz, so that a voice detector takes it for a voice) with its strength around
one frequency. The encoders are fitted by ridge regression on the features of onnx-asr's own preprocessors, so loader,
features, encoder, decoding loop, tokens and times are the ones that run with the real weights; accuracy on speech is
the only thing they cannot show.
"""

import json
import wave
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE = 16000
WORD_S, GAP_S, LEAD_S = 0.32, 0.16, 0.4
"""Seconds a word sounds, the silence after it, and the silence before the first."""

TOKENS = {"▁open": 500, "▁close": 800, "▁the": 1200, "▁door": 1700, "▁win": 2300, "dow": 3000}
"""Parakeet's token → the frequency of its sound in Hz; `▁win` and `dow` are one word of two tokens."""

WHISPER_WORDS = {" open": 500, " close": 800, " the": 1200, " door": 1700, " window": 2300, " café": 3000}
"""The same for Whisper, whose tokens are spelled in bytes: the last one is not ASCII."""

WHISPER_SPECIAL = ("<|startoftranscript|>", "<|en|>", "<|de|>", "<|transcribe|>", "<|notimestamps|>")
"""Whisper's other tokens here. A recording is German to the model when its first word is one of the last three."""

_DURATIONS = 5  # a TDT model chooses to go on by 0 to 4 frames
_FLOAT, _INT32, _INT64, _BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL


def sound(frequencies: Sequence[float], lead_s: float = LEAD_S, tail_s: float = 0.4, seed: int = 0) -> Any:
    """The words with these frequencies, as float32 at 16 kHz, in a little noise."""
    parts = [np.zeros(int(lead_s * RATE))]
    for frequency in frequencies:
        parts += [_buzz(frequency), np.zeros(int(GAP_S * RATE))]
    signal = np.concatenate([*parts, np.zeros(int(tail_s * RATE))])
    return (signal + np.random.default_rng(seed).normal(0, 1e-3, len(signal))).astype(np.float32)


def say(*tokens: str) -> Any:
    """The sound of these tokens of either model."""
    return sound([{**TOKENS, **WHISPER_WORDS}[token] for token in tokens])


def write_wav(path: Path, signal: Any) -> Path:
    """The signal as Vox gives it to a provider."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.clip(signal, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def build_parakeet(folder: Path, suffix: str = ".int8", external_data: bool = False) -> Path:
    """Write the files of a Parakeet TDT export into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = folder / f"encoder-model{suffix}.onnx"
    beside = {"save_as_external_data": True, "location": f"{encoder.name}.data", "size_threshold": 0}
    onnx.save(_parakeet_encoder(), encoder, **(beside if external_data else {}))
    onnx.save(_parakeet_decoder(), folder / f"decoder_joint-model{suffix}.onnx")
    vocabulary = "".join(f"{token} {number}\n" for number, token in enumerate([*TOKENS, "<blk>"]))
    (folder / "vocab.txt").write_text(vocabulary, encoding="utf-8")
    config = {"model_type": "nemo-conformer-tdt", "features_size": 128, "subsampling_factor": 8}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def build_whisper(folder: Path, suffix: str = "", mels: int = 80) -> Path:
    """Write the files of an `onnx-community` Whisper export (encoder and merged decoder) into `folder`."""
    (folder / "onnx").mkdir(parents=True, exist_ok=True)
    onnx.save(_whisper_encoder(mels), folder / "onnx" / f"encoder_model{suffix}.onnx")
    onnx.save(_whisper_decoder(), folder / "onnx" / f"decoder_model_merged{suffix}.onnx")
    config = {"model_type": "whisper", "num_mel_bins": mels}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    _whisper_vocabulary(folder)
    return folder


def build_whisper_search(folder: Path) -> Path:
    """Write the files of a Whisper export with the search inside its one graph into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_whisper_search(), folder / "whisper-base_beamsearch.onnx")
    _whisper_vocabulary(folder)
    return folder


@cache
def _buzz(frequency: float) -> Any:
    time = np.arange(int(WORD_S * RATE)) / RATE
    signal = np.zeros(len(time))
    for harmonic in range(1, 58):
        at = 120.0 * harmonic
        strength = 1 / (1 + ((at - frequency) / 60) ** 2) + 0.3 / (1 + ((at - 300) / 80) ** 2)
        signal += strength / harmonic**0.3 * np.sin(2 * np.pi * at * time + harmonic**2)
    return 0.4 * signal / np.abs(signal).max() * np.hanning(len(time)) ** 0.25


@cache
def _fitted(features: str, step: int) -> tuple[Any, Any]:
    """Weights and biases that tell the six sounds and silence apart, from features averaged over `step` frames."""
    from onnx_asr.preprocessors import numpy_preprocessor

    kind = "NemoPreprocessorNumpy" if features.startswith("nemo") else "WhisperPreprocessorNumpy"
    preprocess = getattr(numpy_preprocessor, kind)(features)
    random = np.random.default_rng(1)
    frequencies = list(TOKENS.values())
    rows, targets = [], []
    for number in range(40):
        chosen = random.integers(0, len(frequencies), random.integers(1, 12))
        signal = sound([frequencies[word] for word in chosen], seed=number, lead_s=0.3, tail_s=0.3)
        found = preprocess(signal[None], np.array([len(signal)]))[0][0][:, : len(signal) // 160]
        for frame in range(found.shape[1] // step):
            rows.append(np.append(found[:, step * frame : step * (frame + 1)].mean(1), 1))
            targets.append(_target(chosen, (step * frame + step / 2) * 0.01 - 0.3))
    seen, wanted = np.array(rows), np.array(targets)
    weights = np.linalg.solve(seen.T @ seen + 5 * np.eye(seen.shape[1]), seen.T @ wanted).T.astype(np.float32)
    return weights[:, :-1, None], weights[:, -1]


def _target(chosen: Any, at: float) -> Any:
    word = int(at // (WORD_S + GAP_S)) if at >= 0 else -1
    sounding = 0 <= word < len(chosen) and 0.03 < at - word * (WORD_S + GAP_S) < WORD_S - 0.03
    target = np.full(len(TOKENS) + 1, -1.0)
    target[chosen[word] if sounding else len(TOKENS)] = 1
    return target


def _parakeet_encoder() -> onnx.ModelProto:
    weights, bias = _fitted("nemo128", 8)
    nodes = [
        _node("AveragePool", "audio_signal", "pooled", kernel_shape=[8], strides=[8], ceil_mode=1),
        _node("Conv", "pooled weights bias", "outputs", kernel_shape=[1]),
        _node("Sub", "length one", "last"),
        _node("Div", "last eight", "last_frame"),
        _node("Add", "last_frame one", "encoded_lengths"),
    ]
    inputs = [_value("audio_signal", _FLOAT, ["B", 128, "T"]), _value("length", _INT64, ["B"])]
    outputs = [_value("outputs", _FLOAT, ["B", len(bias), "F"]), _value("encoded_lengths", _INT64, ["B"])]
    constants = {"weights": weights, "bias": bias, "one": _int(1), "eight": _int(8)}
    return _model(nodes, inputs, outputs, constants)


def _parakeet_decoder() -> onnx.ModelProto:
    """A token uses 4 frames and blank 1; the last token, known from the state, is not said again at once."""
    blank = len(TOKENS)
    said = np.full((1, blank + 1, 1), 100, np.float32)
    said[0, blank, 0] = 0
    jumps = np.zeros((_DURATIONS, blank + 1), np.float32)
    jumps[4, :blank] = jumps[1, blank] = 10
    nodes = [
        _node("Cast", "targets", "last", to=_INT64),
        _node("OneHot", "last size off_on", "last_hot", axis=-1),
        _node("Transpose", "last_hot", "output_states_1", perm=[1, 0, 2]),
        _node("Add", "input_states_2 one", "output_states_2"),
        _node("MatMul", "gain encoder_outputs", "raw"),
        _node("Transpose", "last_hot", "last_column", perm=[0, 2, 1]),
        _node("Mul", "last_column said", "penalty"),
        _node("Sub", "raw penalty", "logits"),
        _node("ArgMax", "logits", "best", axis=1, keepdims=0),
        _node("OneHot", "best size off_on", "best_hot", axis=-1),
        _node("Transpose", "best_hot", "best_column", perm=[0, 2, 1]),
        _node("MatMul", "jumps best_column", "durations"),
        _node("Concat", "logits durations", "column", axis=1),
        _node("Transpose", "column", "row", perm=[0, 2, 1]),
        _node("Unsqueeze", "row axis", "outputs"),
        _node("Identity", "target_length", "prednet_lengths"),
    ]
    state = [1, "B", blank + 1]
    inputs = [
        _value("encoder_outputs", _FLOAT, ["B", blank + 1, 1]),
        _value("targets", _INT32, ["B", 1]),
        _value("target_length", _INT32, ["B"]),
        _value("input_states_1", _FLOAT, state),
        _value("input_states_2", _FLOAT, state),
    ]
    outputs = [
        _value("outputs", _FLOAT, ["B", 1, 1, blank + 1 + _DURATIONS]),
        _value("prednet_lengths", _INT32, ["B"]),
        _value("output_states_1", _FLOAT, state),
        _value("output_states_2", _FLOAT, state),
    ]
    constants = {
        "gain": 8 * np.eye(blank + 1, dtype=np.float32),
        "said": said,
        "jumps": jumps,
        "size": np.array(blank + 1, np.int64),
        "off_on": np.array([0, 1], np.float32),
        "one": np.array(1, np.float32),
        "axis": _int(1),
    }
    return _model(nodes, inputs, outputs, constants)


def _whisper_scores(mels: int) -> tuple[list[onnx.NodeProto], dict[str, Any]]:
    """From `input_features` to `scores`, one row for each 20 ms: the six sounds and silence."""
    weights, bias = _fitted(f"whisper{mels}", 2)
    nodes = [
        _node("Conv", "input_features weights bias", "fine", kernel_shape=[1]),
        _node("AveragePool", "fine", "coarse", kernel_shape=[8], strides=[2], pads=[3, 3]),
        _node("Transpose", "coarse", "scores", perm=[0, 2, 1]),
    ]
    return nodes, {"weights": weights, "bias": bias}


def _word_nodes(scores: str) -> list[onnx.NodeProto]:
    """`[B, T, 7]` scores → `first [B, T]`, 1 where a sound begins; `later [B, T]`, which one it is 160 ms on."""
    return [
        _node("ArgMax", scores, "best", axis=2, keepdims=0),
        _node("Equal", "best silence", "quiet_flag"),
        _node("Not", "quiet_flag", "loud_flag"),
        _node("Cast", "loud_flag", "loud", to=_INT64),
        _node("Pad", "loud pad_front", "moved"),
        _node("Slice", "moved at_0 at_minus_1 axis_1", "before"),
        _node("Sub", "loud before", "change"),
        _node("Max", "change zero", "first"),
        _node("Pad", "best pad_back", "longer"),
        _node("Slice", "longer at_8 at_end axis_1", "later"),
        _node("CumSum", "first one", "count"),
        _node("Equal", "count at_1", "in_first_word"),
        _node("Cast", "in_first_word", "in_first_number", to=_INT64),
        _node("Mul", "first in_first_number", "first_begins"),
        _node("Mul", "first_begins later", "first_sound"),
        _node("ReduceMax", "first_sound", "leading", axes=[1], keepdims=1),
        _node("GreaterOrEqual", "leading at_3", "german"),
        _node("Where", "german id_de id_en", "language"),
    ]


def _word_constants() -> dict[str, Any]:
    special = len(TOKENS) + 1
    return {
        "silence": _int(len(TOKENS)),
        "pad_front": np.array([0, 1, 0, 0], np.int64),
        "pad_back": np.array([0, 0, 0, 8], np.int64),
        "zero": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "at_0": _int(0),
        "at_1": _int(1),
        "at_3": _int(3),
        "at_8": _int(8),
        "at_minus_1": _int(-1),
        "at_end": _int(1 << 40),
        "axis_1": _int(1),
        "id_en": _int(special + WHISPER_SPECIAL.index("<|en|>")),
        "id_de": _int(special + WHISPER_SPECIAL.index("<|de|>")),
        "id_end": _int(len(TOKENS)),
    }


def _whisper_encoder(mels: int) -> onnx.ModelProto:
    nodes, constants = _whisper_scores(mels)
    nodes.append(_node("Identity", "scores", "last_hidden_state"))
    inputs = [_value("input_features", _FLOAT, ["B", mels, 3000])]
    return _model(nodes, inputs, [_value("last_hidden_state", _FLOAT, ["B", 1500, len(TOKENS) + 1])], constants)


def _whisper_decoder() -> onnx.ModelProto:
    """Says the n-th sound of the encoder's states, n being how many tokens its own cache holds, less the four it is
    prompted with; after one token, it says the language."""
    classes, vocabulary = len(TOKENS) + 1, len(TOKENS) + 1 + len(WHISPER_SPECIAL)
    begun, cached = _cache_branches(classes)
    names = ["present.0.decoder.key", "present.0.decoder.value", "present.0.encoder.key", "present.0.encoder.value"]
    nodes = [
        _node("Cast", "input_ids", "ids_float", to=_FLOAT),
        _node("Unsqueeze", "ids_float heads_and_size", "embedded"),
        helper.make_node("If", ["use_cache_branch"], [*names, "states"], then_branch=cached, else_branch=begun),
        _node("Squeeze", "states axis_1", "scores"),
        *_word_nodes("scores"),
        _node("Shape", "present.0.decoder.key", "tokens_so_far", start=2, end=3),
        _node("Sub", "tokens_so_far at_3", "wanted"),
        _node("Equal", "count wanted", "in_word"),
        _node("Cast", "in_word", "in_word_number", to=_INT64),
        _node("Mul", "in_word_number first", "here"),
        _node("Mul", "here later", "picked"),
        _node("ReduceMax", "picked", "word", axes=[1], keepdims=1),
        _node("ReduceMax", "here", "is_there", axes=[1], keepdims=1),
        _node("Cast", "is_there", "is_there_flag", to=_BOOL),
        _node("Where", "is_there_flag word id_end", "said"),
        _node("Equal", "tokens_so_far at_1", "asks_language"),
        _node("Where", "asks_language language said", "token"),
        _node("OneHot", "token vocabulary off_on", "chosen", axis=-1),
        _node("Unsqueeze", "ids_float axis_2", "ids_column"),
        _node("Mul", "ids_column nothing", "spread"),
        _node("Add", "chosen spread", "logits"),
    ]
    cache_inputs = {name.replace("present", "past_key_values"): name for name in names}
    shapes = {name: _cache_shape(name, classes) for name in names}
    inputs = [
        _value("input_ids", _INT64, ["B", "L"]),
        _value("encoder_hidden_states", _FLOAT, ["B", "T", classes]),
        *(_value(past, _FLOAT, shapes[present]) for past, present in cache_inputs.items()),
        _value("use_cache_branch", _BOOL, [1]),
    ]
    outputs = [
        _value("logits", _FLOAT, ["B", "L", vocabulary]),
        *(_value(name, _FLOAT, shapes[name]) for name in names),
    ]
    constants = {
        **_word_constants(),
        "heads_and_size": np.array([1, 3], np.int64),
        "axis_2": _int(2),
        "vocabulary": np.array(vocabulary, np.int64),
        "off_on": np.array([0, 1], np.float32),
        "nothing": np.array(0, np.float32),
    }
    return _model(nodes, inputs, outputs, constants)


def _cache_shape(name: str, classes: int) -> list[int | str]:
    return ["B", 1, "P", 1] if ".decoder." in name else ["B", 1, "T", classes]


def _cache_branches(classes: int) -> tuple[onnx.GraphProto, onnx.GraphProto]:
    """What a merged decoder does without and with a cache: make it, or extend it and leave the encoder's part empty."""
    outputs = [_value(name, _FLOAT, None) for name in ("d_key", "d_value", "e_key", "e_value", "used")]
    begun = [
        _node("Identity", "embedded", "d_key"),
        _node("Identity", "embedded", "d_value"),
        _node("Unsqueeze", "encoder_hidden_states axis_1", "e_key"),
        _node("Identity", "e_key", "e_value"),
        _node("Identity", "e_key", "used"),
    ]
    cached = [
        _node("Concat", "past_key_values.0.decoder.key embedded", "d_key", axis=2),
        _node("Concat", "past_key_values.0.decoder.value embedded", "d_value", axis=2),
        _node("Slice", "past_key_values.0.encoder.key at_0 at_0 at_0", "e_key"),
        _node("Identity", "e_key", "e_value"),
        _node("Identity", "past_key_values.0.encoder.value", "used"),
    ]
    return (
        helper.make_graph(begun, "begun", [], outputs),
        helper.make_graph(cached, "cached", [], outputs),
    )


def _whisper_search() -> onnx.ModelProto:
    """The whole search in one graph, for one recording: the prompt, the words, the end; or the language alone."""
    score_nodes, score_constants = _whisper_scores(80)
    nodes = [
        *score_nodes,
        *_word_nodes("scores"),
        _node("Cast", "decoder_input_ids", "prompt", to=_INT64),
        _node("Cast", "first", "begins", to=_BOOL),
        _node("Squeeze", "begins at_0", "begins_flat"),
        _node("Squeeze", "later at_0", "later_flat"),
        _node("Compress", "later_flat begins_flat", "words", axis=0),
        _node("Squeeze", "language at_0", "language_flat"),
        _node("Squeeze", "prompt at_0", "prompt_flat"),
        _node("Shape", "prompt_flat", "length"),
        _node("Equal", "length at_1", "asks_language"),
        _node("Where", "asks_language at_0 at_1", "skip"),
        _node("Concat", "language_flat words id_end", "all", axis=0),
        _node("Slice", "all skip at_end at_0", "answer"),
        _node("Concat", "prompt_flat answer", "sequence", axis=0),
        _node("Unsqueeze", "sequence two_in_front", "sequence_3d"),
        _node("Cast", "sequence_3d", "sequences", to=_INT32),
    ]
    numbers = ("max_length", "min_length", "num_beams", "num_return_sequences")
    inputs = [
        _value("input_features", _FLOAT, ["B", 80, 3000]),
        *(_value(name, _INT32, [1]) for name in numbers),
        *(_value(name, _FLOAT, [1]) for name in ("length_penalty", "repetition_penalty")),
        _value("decoder_input_ids", _INT32, ["B", "L"]),
    ]
    constants = {**score_constants, **_word_constants(), "two_in_front": np.array([0, 1], np.int64)}
    return _model(nodes, inputs, [_value("sequences", _INT32, ["B", 1, "N"])], constants)


def _whisper_vocabulary(folder: Path) -> None:
    """Words as Whisper spells them: every byte is one printable character, a space is `Ġ`."""
    spelled = [word.replace(" ", "Ġ").replace("é", "Ã©") for word in WHISPER_WORDS]
    vocabulary = {token: number for number, token in enumerate([*spelled, "<|endoftext|>"])}
    special = {token: number for number, token in enumerate(WHISPER_SPECIAL, len(vocabulary))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "added_tokens.json").write_text(json.dumps(special), encoding="utf-8")


def _node(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def _value(name: str, kind: int, shape: Sequence[int | str] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _int(value: int) -> Any:
    return np.array([value], np.int64)


def _model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: dict[str, Any],
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
