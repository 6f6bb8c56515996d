"""The graph cut out of the decoder, against the reference library for the format."""

import onnx
import pytest
from onnx import TensorProto, helper

from vox_providers._moonshine_graph import attention_graph

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def merged(attention: str = "/layers.0/encoder_attn/Softmax") -> onnx.ModelProto:
    """A decoder in small: a choice between two branches, one with a cross-attention."""
    states = helper.make_tensor_value_info("encoder_hidden_states", FLOAT, [1, 1, 2, 3])
    cached = helper.make_graph([helper.make_node("Identity", ["doubled"], ["a"])], "cached", [], [])
    weights = helper.make_tensor("w", FLOAT, [3], [1.0, 2.0, 300.0])
    plain = helper.make_graph(
        [
            helper.make_node("Mul", ["doubled", "w"], ["m"]),
            helper.make_node("Softmax", ["m"], ["attention"], attention),
        ],
        "plain",
        [],
        [helper.make_tensor_value_info("attention", FLOAT, None)],
        [weights],
    )
    graph = helper.make_graph(
        [
            helper.make_node("Add", ["encoder_hidden_states", "encoder_hidden_states"], ["doubled"]),
            helper.make_node("If", ["use_cache_branch"], ["logits"], then_branch=cached, else_branch=plain),
        ],
        "decoder",
        [states, helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1])],
        [helper.make_tensor_value_info("logits", FLOAT, None)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_the_branch_becomes_a_model_of_its_own() -> None:
    model = onnx.load_from_string(attention_graph(merged().SerializeToString()))
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["Add", "Mul", "Softmax"]
    assert [given.name for given in model.graph.input] == ["encoder_hidden_states"]
    assert [output.name for output in model.graph.output] == ["attention"]
    assert [weights.name for weights in model.graph.initializer] == ["w"]
    assert (model.ir_version, model.opset_import[0].version) == (8, 18)


def test_another_decoder_is_refused() -> None:
    with pytest.raises(ValueError, match="no branch with cross-attention"):
        attention_graph(merged("/layers.0/self_attn/Softmax").SerializeToString())


@pytest.mark.parametrize("damage", [b"", b"\xff", b"\x3a\x7f", b"\x3d\x00\x00\x00\x00"])
def test_damage_is_named(damage: bytes) -> None:
    with pytest.raises(ValueError):
        attention_graph(damage)
    with pytest.raises(ValueError, match="cut off"):
        attention_graph(merged().SerializeToString()[:-1])
