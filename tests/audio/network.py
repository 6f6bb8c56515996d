"""A network with the inputs and outputs of Silero VAD, small enough to be made on the spot."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def network(path: Path, state: str = "state") -> Path:
    """Write the file. What it tells of a frame is the sum of all it was given before, and of nothing at first.

    Args:
        state: Name of the input that is given back; Silero's is "state".
    """
    nodes = [
        helper.make_node("ReduceSum", ["input", "axis"], ["whole"], keepdims=1),
        helper.make_node("Add", [state, "whole"], ["stateN"]),
        helper.make_node("ReduceMax", [state], ["most"], keepdims=0),
        helper.make_node("Reshape", ["most", "shape"], ["output"]),
    ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 576]),
        helper.make_tensor_value_info(state, TensorProto.FLOAT, [2, 1, 128]),
        helper.make_tensor_value_info("sr", TensorProto.INT64, []),
    ]
    outputs = [
        helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1]),
        helper.make_tensor_value_info("stateN", TensorProto.FLOAT, [2, 1, 128]),
    ]
    numbers = {"axis": [1], "shape": [1, 1]}
    constants = [helper.make_tensor(name, TensorProto.INT64, [len(of)], of) for name, of in numbers.items()]
    graph = helper.make_graph(nodes, "vad", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path
