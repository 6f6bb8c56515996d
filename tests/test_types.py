"""The values: frozen, small, and with the gaps the protocol allows."""

import dataclasses
import pickle
from typing import Any

import pytest

from vox import types
from vox.types import AudioChunk, ModelInfo, Partial, Progress, Segment, Speech, Transcript, Voice, Word

VALUES: list[Any] = [
    ModelInfo("m:1", "M", "b", "asr", "p"),
    Voice("v", "V", "m:1", "b"),
    Word("hello", 0.0, 0.5),
    Segment(0, 0.0, 0.5, "hello"),
    Transcript("m:1", "hello", 12.5, 0.5),
    Speech("m:1", "v", "wav", "audio/wav", b"RIFF", 12.5, 0.5),
    Progress("m:1", 0.5, "loading"),
    AudioChunk(b"\0\0", 24_000),
    Partial("hello", 3),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_frozen_slotted_and_equal_by_value(value: Any) -> None:
    first = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, first, "other")
    assert not hasattr(value, "__dict__")
    assert pickle.loads(pickle.dumps(value)) == value == dataclasses.replace(value)


def test_every_value_is_exported() -> None:
    assert {type(value).__name__ for value in VALUES} | {"Kind", "Priority"} == set(types.__all__)


def test_a_model_is_usable_unless_its_provider_says_otherwise() -> None:
    info = ModelInfo("m:1", "M", "b", "asr", "p")
    assert (info.installed, info.available, info.preloaded, info.languages, info.sample_rate) == (
        True,
        True,
        False,
        (),
        None,
    )


def test_metrics_are_not_shared_between_values() -> None:
    first, second = Transcript("m", "", 0, 0), Transcript("m", "", 0, 0)
    first.metrics["totalMs"] = 1.0
    assert second.metrics == {} and Speech("m", "v", "wav", "a", b"", 0, 0).metrics == {}
