"""Small real ONNX models with the files, inputs and outputs of Whisper's two exports, whose words are sounds.

The sounds, and how an encoder learns them, are those of `tiny_models`. The decoders keep what they have said in their
caches as the real ones do, so that a loop which mishandles a cache repeats or loses words.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper

from tests.providers.tiny_models import BOOL, FLOAT, INT32, INT64, TOKENS, fitted, integer, model, node, sound, value

WHISPER_WORDS = {" open": 500, " close": 800, " the": 1200, " door": 1700, " window": 2300, " café": 3000}
"""Token → the frequency of its sound in Hz. Whisper spells its tokens in bytes: the last one is not ASCII."""

WHISPER_SPECIAL = ("<|startoftranscript|>", "<|en|>", "<|de|>", "<|transcribe|>", "<|notimestamps|>")
"""Whisper's other tokens here. A recording is German to the model when its first word is one of the last three."""


def say(*words: str) -> Any:
    """The sound of these words."""
    return sound([WHISPER_WORDS[word] for word in words])


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


def _whisper_scores(mels: int) -> tuple[list[onnx.NodeProto], dict[str, Any]]:
    """From `input_features` to `scores`, one row for each 20 ms: the six sounds and silence."""
    weights, bias = fitted(f"whisper{mels}", 2)
    nodes = [
        node("Conv", "input_features weights bias", "fine", kernel_shape=[1]),
        node("AveragePool", "fine", "coarse", kernel_shape=[8], strides=[2], pads=[3, 3]),
        node("Transpose", "coarse", "scores", perm=[0, 2, 1]),
    ]
    return nodes, {"weights": weights, "bias": bias}


def _word_nodes(scores: str) -> list[onnx.NodeProto]:
    """`[B, T, 7]` scores → `first [B, T]`, 1 where a sound begins; `later [B, T]`, which one it is 160 ms on."""
    return [
        node("ArgMax", scores, "best", axis=2, keepdims=0),
        node("Equal", "best silence", "quiet_flag"),
        node("Not", "quiet_flag", "loud_flag"),
        node("Cast", "loud_flag", "loud", to=INT64),
        node("Pad", "loud pad_front", "moved"),
        node("Slice", "moved at_0 at_minus_1 axis_1", "before"),
        node("Sub", "loud before", "change"),
        node("Max", "change zero", "first"),
        node("Pad", "best pad_back", "longer"),
        node("Slice", "longer at_8 at_end axis_1", "later"),
        node("CumSum", "first one", "count"),
        node("Equal", "count at_1", "in_first_word"),
        node("Cast", "in_first_word", "in_first_number", to=INT64),
        node("Mul", "first in_first_number", "first_begins"),
        node("Mul", "first_begins later", "first_sound"),
        node("ReduceMax", "first_sound", "leading", axes=[1], keepdims=1),
        node("GreaterOrEqual", "leading at_3", "german"),
        node("Where", "german id_de id_en", "language"),
    ]


def _word_constants() -> dict[str, Any]:
    special = len(TOKENS) + 1
    return {
        "silence": integer(len(TOKENS)),
        "pad_front": np.array([0, 1, 0, 0], np.int64),
        "pad_back": np.array([0, 0, 0, 8], np.int64),
        "zero": np.array(0, np.int64),
        "one": np.array(1, np.int64),
        "at_0": integer(0),
        "at_1": integer(1),
        "at_3": integer(3),
        "at_8": integer(8),
        "at_minus_1": integer(-1),
        "at_end": integer(1 << 40),
        "axis_1": integer(1),
        "id_en": integer(special + WHISPER_SPECIAL.index("<|en|>")),
        "id_de": integer(special + WHISPER_SPECIAL.index("<|de|>")),
        "id_end": integer(len(TOKENS)),
    }


def _whisper_encoder(mels: int) -> onnx.ModelProto:
    nodes, constants = _whisper_scores(mels)
    nodes.append(node("Identity", "scores", "last_hidden_state"))
    inputs = [value("input_features", FLOAT, ["B", mels, 3000])]
    return model(nodes, inputs, [value("last_hidden_state", FLOAT, ["B", 1500, len(TOKENS) + 1])], constants)


def _whisper_decoder() -> onnx.ModelProto:
    """Says the n-th sound of the encoder's states, n being how many tokens its own cache holds, less the four it is
    prompted with; after one token, it says the language."""
    classes, vocabulary = len(TOKENS) + 1, len(TOKENS) + 1 + len(WHISPER_SPECIAL)
    begun, cached = _cache_branches(classes)
    names = ["present.0.decoder.key", "present.0.decoder.value", "present.0.encoder.key", "present.0.encoder.value"]
    nodes = [
        node("Cast", "input_ids", "ids_float", to=FLOAT),
        node("Unsqueeze", "ids_float heads_and_size", "embedded"),
        helper.make_node("If", ["use_cache_branch"], [*names, "states"], then_branch=cached, else_branch=begun),
        node("Squeeze", "states axis_1", "scores"),
        *_word_nodes("scores"),
        node("Shape", "present.0.decoder.key", "tokens_so_far", start=2, end=3),
        node("Sub", "tokens_so_far at_3", "wanted"),
        node("Equal", "count wanted", "in_word"),
        node("Cast", "in_word", "in_word_number", to=INT64),
        node("Mul", "in_word_number first", "here"),
        node("Mul", "here later", "picked"),
        node("ReduceMax", "picked", "word", axes=[1], keepdims=1),
        node("ReduceMax", "here", "is_there", axes=[1], keepdims=1),
        node("Cast", "is_there", "is_there_flag", to=BOOL),
        node("Where", "is_there_flag word id_end", "said"),
        node("Equal", "tokens_so_far at_1", "asks_language"),
        node("Where", "asks_language language said", "token"),
        node("OneHot", "token vocabulary off_on", "chosen", axis=-1),
        node("Unsqueeze", "ids_float axis_2", "ids_column"),
        node("Mul", "ids_column nothing", "spread"),
        node("Add", "chosen spread", "logits"),
    ]
    cache_inputs = {name.replace("present", "past_key_values"): name for name in names}
    shapes = {name: _cache_shape(name, classes) for name in names}
    inputs = [
        value("input_ids", INT64, ["B", "L"]),
        value("encoder_hidden_states", FLOAT, ["B", "T", classes]),
        *(value(past, FLOAT, shapes[present]) for past, present in cache_inputs.items()),
        value("use_cache_branch", BOOL, [1]),
    ]
    outputs = [
        value("logits", FLOAT, ["B", "L", vocabulary]),
        *(value(name, FLOAT, shapes[name]) for name in names),
    ]
    constants = {
        **_word_constants(),
        "heads_and_size": np.array([1, 3], np.int64),
        "axis_2": integer(2),
        "vocabulary": np.array(vocabulary, np.int64),
        "off_on": np.array([0, 1], np.float32),
        "nothing": np.array(0, np.float32),
    }
    return model(nodes, inputs, outputs, constants)


def _cache_shape(name: str, classes: int) -> list[int | str]:
    return ["B", 1, "P", 1] if ".decoder." in name else ["B", 1, "T", classes]


def _cache_branches(classes: int) -> tuple[onnx.GraphProto, onnx.GraphProto]:
    """What a merged decoder does without and with a cache: make it, or extend it and leave the encoder's part empty."""
    outputs = [value(name, FLOAT, None) for name in ("d_key", "d_value", "e_key", "e_value", "used")]
    begun = [
        node("Identity", "embedded", "d_key"),
        node("Identity", "embedded", "d_value"),
        node("Unsqueeze", "encoder_hidden_states axis_1", "e_key"),
        node("Identity", "e_key", "e_value"),
        node("Identity", "e_key", "used"),
    ]
    cached = [
        node("Concat", "past_key_values.0.decoder.key embedded", "d_key", axis=2),
        node("Concat", "past_key_values.0.decoder.value embedded", "d_value", axis=2),
        node("Slice", "past_key_values.0.encoder.key at_0 at_0 at_0", "e_key"),
        node("Identity", "e_key", "e_value"),
        node("Identity", "past_key_values.0.encoder.value", "used"),
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
        node("Cast", "decoder_input_ids", "prompt", to=INT64),
        node("Cast", "first", "begins", to=BOOL),
        node("Squeeze", "begins at_0", "begins_flat"),
        node("Squeeze", "later at_0", "later_flat"),
        node("Compress", "later_flat begins_flat", "words", axis=0),
        node("Squeeze", "language at_0", "language_flat"),
        node("Squeeze", "prompt at_0", "prompt_flat"),
        node("Shape", "prompt_flat", "length"),
        node("Equal", "length at_1", "asks_language"),
        node("Where", "asks_language at_0 at_1", "skip"),
        node("Concat", "language_flat words id_end", "all", axis=0),
        node("Slice", "all skip at_end at_0", "answer"),
        node("Concat", "prompt_flat answer", "sequence", axis=0),
        node("Unsqueeze", "sequence two_in_front", "sequence_3d"),
        node("Cast", "sequence_3d", "sequences", to=INT32),
    ]
    numbers = ("max_length", "min_length", "num_beams", "num_return_sequences")
    inputs = [
        value("input_features", FLOAT, ["B", 80, 3000]),
        *(value(name, INT32, [1]) for name in numbers),
        *(value(name, FLOAT, [1]) for name in ("length_penalty", "repetition_penalty")),
        value("decoder_input_ids", INT32, ["B", "L"]),
    ]
    constants = {**score_constants, **_word_constants(), "two_in_front": np.array([0, 1], np.int64)}
    return model(nodes, inputs, [value("sequences", INT32, ["B", 1, "N"])], constants)


def _whisper_vocabulary(folder: Path) -> None:
    """Words as Whisper spells them: every byte is one printable character, a space is `Ġ`."""
    spelled = [word.replace(" ", "Ġ").replace("é", "Ã©") for word in WHISPER_WORDS]
    vocabulary = {token: number for number, token in enumerate([*spelled, "<|endoftext|>"])}
    special = {token: number for number, token in enumerate(WHISPER_SPECIAL, len(vocabulary))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "added_tokens.json").write_text(json.dumps(special), encoding="utf-8")
