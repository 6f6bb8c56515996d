"""A graph out of a graph: the branch of Moonshine's decoder that shows its cross-attention.

ONNX files are protocol buffers, and this edit only moves whole messages around, so it is done on the wire format: tag,
length, bytes. That spares users a library of 17 MB for a change of twenty lines. Field numbers are those of onnx.proto.
"""

from collections.abc import Iterator

__all__ = ["attention_graph"]

_MODEL_GRAPH = 7
_NODE, _NAME, _INITIALIZER, _INPUT, _OUTPUT = 1, 2, 5, 11, 12
_NODE_OUTPUT, _NODE_NAME, _NODE_TYPE, _NODE_ATTRIBUTE = 2, 3, 4, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_GRAPH = 1, 6
_VALUE_NAME, _VALUE_TYPE = 1, 2
# TypeProto{tensor_type{elem_type: FLOAT, shape{four dimensions of any size}}}
_FLOAT_TENSOR = b"\x0a\x0c\x08\x01\x12\x08" + 4 * b"\x0a\x00"
_VARINT, _BYTES = 0, 2

_INPUTS = (b"input_ids", b"encoder_hidden_states", b"encoder_attention_mask")


def attention_graph(merged: bytes) -> bytes:
    """An ONNX model of the outer nodes and the `If` node's else branch, whose outputs are the cross-attentions.

    Args:
        merged: The merged decoder as ONNX. Its else branch is the one without a cache.

    Raises:
        ValueError: `merged` has no such branch or no such attentions.
    """
    graph = _first(merged, _MODEL_GRAPH)
    nodes = list(_all(graph, _NODE))
    choice = next((node for node in nodes if _first(node, _NODE_TYPE) == b"If"), b"")
    branch = next(
        (_first(part, _ATTRIBUTE_GRAPH) for part in _all(choice, _NODE_ATTRIBUTE) if _is_else(part)),
        b"",
    )
    attentions = [_first(node, _NODE_OUTPUT) for node in _all(branch, _NODE) if _is_attention(node)]
    if not attentions:
        raise ValueError("The decoder has no branch with cross-attention; its weights are not the expected ones.")
    parts = [
        *(_packed(_NODE, node) for node in [*(node for node in nodes if node is not choice), *_all(branch, _NODE)]),
        _packed(_NAME, b"attention"),
        *(_packed(_INITIALIZER, value) for part in (graph, branch) for value in _all(part, _INITIALIZER)),
        *(_packed(_INPUT, given) for given in _all(graph, _INPUT) if _first(given, _VALUE_NAME) in _INPUTS),
        *(_packed(_OUTPUT, _float_tensor(name)) for name in attentions),
    ]
    rest = [raw for number, _, raw in _fields(merged) if number != _MODEL_GRAPH]  # versions and operator sets
    return b"".join([*rest, _packed(_MODEL_GRAPH, b"".join(parts))])


def _is_else(attribute: bytes) -> bool:
    return _first(attribute, _ATTRIBUTE_NAME) == b"else_branch"


def _is_attention(node: bytes) -> bool:
    return _first(node, _NODE_TYPE) == b"Softmax" and b"encoder_attn" in _first(node, _NODE_NAME)


def _float_tensor(name: bytes) -> bytes:
    return _packed(_VALUE_NAME, name) + _packed(_VALUE_TYPE, _FLOAT_TENSOR)


def _first(message: bytes, number: int) -> bytes:
    """The first value of a field, empty when it is absent."""
    return next(_all(message, number), b"")


def _all(message: bytes, number: int) -> Iterator[bytes]:
    return (value for found, value, _ in _fields(message) if found == number)


def _fields(message: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, value and whole bytes of every field of a message.

    Raises:
        ValueError: A field is neither a number nor a run of bytes, or is cut off.
    """
    at = 0
    while at < len(message):
        begin = at
        tag, at = _varint(message, at)
        size, at = _varint(message, at)
        value = b""
        if tag & 7 == _BYTES:
            value = message[at : at + size]
            at += size
        elif tag & 7 != _VARINT:
            raise ValueError(f"A field of wire type {tag & 7} is not expected here.")
        if at > len(message):
            raise ValueError("The model is cut off.")
        yield tag >> 3, value, message[begin:at]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits per byte, lowest first, and where it ends."""
    value = shift = 0
    while at < len(message):
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("The model is cut off.")


def _packed(number: int, value: bytes) -> bytes:
    """A field that holds `value`."""
    return bytes([number << 3 | _BYTES]) + _as_varint(len(value)) + value


def _as_varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])
