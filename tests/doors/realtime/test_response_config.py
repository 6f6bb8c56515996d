"""What one response goes by: its session's configuration but for what its client names."""

from typing import Any

import pytest

from tests.doors.realtime.test_config import TOOL, refused, start
from vox.doors.realtime.response_config import ResponseConfig
from vox.doors.realtime.stages import TurnTimes


def test_a_response_has_the_sessions_configuration_but_for_what_is_named() -> None:
    session = start().merged({"instructions": "Be kind.", "tools": [TOOL], "audio": {"output": {"voice": "anna"}}})
    config = ResponseConfig.of(session)
    assert (config.instructions, config.asked, config.voice) == ("Be kind.", None, "anna")
    assert (config.tools, config.in_conversation, config.max_output_tokens) == ((TOOL,), True, "inf")
    config = ResponseConfig.of(
        session,
        {
            "instructions": "Count.",
            "output_modalities": ["text"],
            "conversation": "none",
            "tools": [],
            "tool_choice": "none",
            "max_output_tokens": 20,
            "metadata": {"topic": "numbers"},
            "audio": {"output": {"voice": "bert", "format": {"type": "audio/pcmu"}}},
        },
    )
    assert (config.instructions, config.asked, config.voice) == ("Count.", "Count.", "bert")
    assert (config.output_modality, config.output_format, config.tools) == ("text", "audio/pcmu", ())
    assert (config.in_conversation, config.max_output_tokens) == (False, 20)
    assert (config.tool_choice, config.metadata) == ("none", {"topic": "numbers"})


def test_what_no_client_names_can_be_given() -> None:
    times = TurnTimes(1.0, 2.0, 3.0)
    config = ResponseConfig.of(start(), None, say="Hi.", turn=times)
    assert (config.say, config.turn) == ("Hi.", times)
    later = start().merged({"max_output_tokens": 5})
    assert ResponseConfig.of(later).max_output_tokens == 5
    assert ResponseConfig.of(later, {"max_output_tokens": "inf"}).max_output_tokens == "inf"


@pytest.mark.parametrize(
    ("patch", "param"),
    [
        ("now", "response"),
        ({"conversation": "conv_1"}, "response.conversation"),
        ({"metadata": {"a": 1}}, "response.metadata"),
        ({"metadata": {"a": "x" * 513}}, "response.metadata"),
        ({"metadata": {"a" * 65: "x"}}, "response.metadata"),
        ({"metadata": {str(number): "x" for number in range(17)}}, "response.metadata"),
        ({"metadata": []}, "response.metadata"),
        ({"prompt": {"id": "x"}}, "response.prompt"),
        ({"audio": {"output": {"format": "wav"}}}, "response.audio.output.format"),
    ],
)
def test_what_a_response_cannot_be_is_refused(patch: Any, param: str) -> None:
    assert refused(ResponseConfig.of, start(), patch).param == param
