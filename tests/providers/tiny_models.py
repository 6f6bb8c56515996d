"""A small real ONNX model with the files, inputs and outputs of Parakeet TDT, whose words are sounds.

A word is a buzz (a harmonic series on 180 Hz, so that a voice detector takes it for a voice) with its strength around
one frequency. The encoder is fitted by ridge regression on the features of onnx-asr's own preprocessor, so loader,
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

_DURATIONS = 5  # a TDT model chooses to go on by 0 to 4 frames
FLOAT, INT32, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL


def sound(frequencies: Sequence[float], lead_s: float = LEAD_S, tail_s: float = 0.4, seed: int = 0) -> Any:
    """The words with these frequencies, as float32 at 16 kHz, in a little noise."""
    parts = [np.zeros(int(lead_s * RATE))]
    for frequency in frequencies:
        parts += [_buzz(frequency), np.zeros(int(GAP_S * RATE))]
    signal = np.concatenate([*parts, np.zeros(int(tail_s * RATE))])
    return (signal + np.random.default_rng(seed).normal(0, 1e-3, len(signal))).astype(np.float32)


def say(*tokens: str) -> Any:
    """The sound of these tokens."""
    return sound([TOKENS[token] for token in tokens])


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


@cache
def _buzz(frequency: float) -> Any:
    time = np.arange(int(WORD_S * RATE)) / RATE
    signal = np.zeros(len(time))
    for harmonic in range(1, 39):
        at = 180.0 * harmonic
        strength = 1 / (1 + ((at - frequency) / 60) ** 2) + 1 / (1 + ((at - 300) / 80) ** 2)
        signal += strength / harmonic**0.3 * np.sin(2 * np.pi * at * time + harmonic**2)
    return 0.4 * signal / np.abs(signal).max() * np.hanning(len(time)) ** 0.25


@cache
def fitted(features: str, step: int) -> tuple[Any, Any]:
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
    weights, bias = fitted("nemo128", 8)
    nodes = [
        node("AveragePool", "audio_signal", "pooled", kernel_shape=[8], strides=[8], ceil_mode=1),
        node("Conv", "pooled weights bias", "outputs", kernel_shape=[1]),
        node("Sub", "length one", "last"),
        node("Div", "last eight", "last_frame"),
        node("Add", "last_frame one", "encoded_lengths"),
    ]
    inputs = [value("audio_signal", FLOAT, ["B", 128, "T"]), value("length", INT64, ["B"])]
    outputs = [value("outputs", FLOAT, ["B", len(bias), "F"]), value("encoded_lengths", INT64, ["B"])]
    constants = {"weights": weights, "bias": bias, "one": integer(1), "eight": integer(8)}
    return model(nodes, inputs, outputs, constants)


def _parakeet_decoder() -> onnx.ModelProto:
    """A token uses 4 frames and blank 1; the last token, known from the state, is not said again at once."""
    blank = len(TOKENS)
    said = np.full((1, blank + 1, 1), 100, np.float32)
    said[0, blank, 0] = 0
    jumps = np.zeros((_DURATIONS, blank + 1), np.float32)
    jumps[4, :blank] = jumps[1, blank] = 10
    nodes = [
        node("Cast", "targets", "last", to=INT64),
        node("OneHot", "last size off_on", "last_hot", axis=-1),
        node("Transpose", "last_hot", "output_states_1", perm=[1, 0, 2]),
        node("Add", "input_states_2 one", "output_states_2"),
        node("MatMul", "gain encoder_outputs", "raw"),
        node("Transpose", "last_hot", "last_column", perm=[0, 2, 1]),
        node("Mul", "last_column said", "penalty"),
        node("Sub", "raw penalty", "logits"),
        node("ArgMax", "logits", "best", axis=1, keepdims=0),
        node("OneHot", "best size off_on", "best_hot", axis=-1),
        node("Transpose", "best_hot", "best_column", perm=[0, 2, 1]),
        node("MatMul", "jumps best_column", "durations"),
        node("Concat", "logits durations", "column", axis=1),
        node("Transpose", "column", "row", perm=[0, 2, 1]),
        node("Unsqueeze", "row axis", "outputs"),
        node("Identity", "target_length", "prednet_lengths"),
    ]
    state = [1, "B", blank + 1]
    inputs = [
        value("encoder_outputs", FLOAT, ["B", blank + 1, 1]),
        value("targets", INT32, ["B", 1]),
        value("target_length", INT32, ["B"]),
        value("input_states_1", FLOAT, state),
        value("input_states_2", FLOAT, state),
    ]
    outputs = [
        value("outputs", FLOAT, ["B", 1, 1, blank + 1 + _DURATIONS]),
        value("prednet_lengths", INT32, ["B"]),
        value("output_states_1", FLOAT, state),
        value("output_states_2", FLOAT, state),
    ]
    constants = {
        "gain": 20 * np.eye(blank + 1, dtype=np.float32),
        "said": said,
        "jumps": jumps,
        "size": np.array(blank + 1, np.int64),
        "off_on": np.array([0, 1], np.float32),
        "one": np.array(1, np.float32),
        "axis": integer(1),
    }
    return model(nodes, inputs, outputs, constants)


def node(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def value(name: str, kind: int, shape: Sequence[int | str] | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def integer(value: int) -> Any:
    return np.array([value], np.int64)


def model(
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: dict[str, Any],
) -> onnx.ModelProto:
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
