"""What a handshake says: keys wherever clients write them, the beta where it is asked for, one subprotocol chosen."""

from typing import Any

import pytest

from vox.doors.realtime.dialect import Knock, read_knock


def knock(*offered: str, query: str = "", query_key: bool = False, **headers: str) -> Knock:
    listed = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"headers": listed, "subprotocols": list(offered), "query_string": query.encode()}
    return read_knock(scope, query_key)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ((), None),
        (("realtime",), "realtime"),
        (("realtime", "openai-insecure-api-key.k", "openai-agents-sdk.0.1.0"), "realtime"),
        (("openai-insecure-api-key.k", "realtime", "openai-beta.realtime-v1"), "realtime"),
        (("openai-insecure-api-key.k", "openai-beta.realtime-v1"), "openai-beta.realtime-v1"),
        (("openai-insecure-api-key.k", "openai-agents-sdk.0.1.0"), "openai-agents-sdk.0.1.0"),
        (("openai-insecure-api-key.k",), None),
        (("k",), None),
    ],
)
def test_the_one_that_is_chosen_never_holds_the_key(offered: tuple[str, ...], chosen: str | None) -> None:
    assert knock(*offered).subprotocol == chosen


@pytest.mark.parametrize(
    ("offered", "headers", "key"),
    [
        ((), {}, None),
        ((), {"authorization": "Bearer abc"}, "abc"),
        ((), {"authorization": "bearer  abc"}, "abc"),
        ((), {"authorization": "Basic abc"}, None),
        (("realtime", "openai-insecure-api-key.abc"), {}, "abc"),
        (("realtime", "openai-insecure-api-key", "abc"), {}, "abc"),
        (("realtime", "ek_1"), {}, "ek_1"),
        (("realtime", "openai-beta.realtime-v1", "openai-organization.o", "openai-project.p"), {}, None),
        (("realtime", "openai-insecure-api-key.b"), {"authorization": "Bearer a"}, "a"),
    ],
)
def test_the_key(offered: tuple[str, ...], headers: dict[str, str], key: str | None) -> None:
    assert knock(*offered, **headers).key == key


def test_the_key_in_the_address_counts_only_when_it_is_wanted() -> None:
    assert knock(query="api_key=abc").key is None
    assert knock(query="api_key=abc", query_key=True).key == "abc"


def test_the_beta_is_asked_for_by_header_or_subprotocol() -> None:
    assert knock(OpenAI_Beta="realtime=v1").beta is False  # names come in lower case from every server
    assert knock(openai_beta="realtime=v1").beta and knock("realtime", "openai-beta.realtime-v1").beta
    assert not knock("realtime").beta and not knock(openai_beta="assistants=v2").beta


def test_model_and_intent() -> None:
    assert knock(query="model=gpt-realtime&intent=transcription") == Knock(None, False, None, "gpt-realtime", True)
    assert knock(query="model=&intent=talk").model is None
