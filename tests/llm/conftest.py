"""A scripted server, and models that ask it."""

from collections.abc import Iterator

import pytest

from tests.llm_server import LlmServer


@pytest.fixture
def llm() -> Iterator[LlmServer]:
    with LlmServer() as server:
        yield server
