"""OpenAI's Python client, the current one: the scenarios of the Realtime interface. What it does with the audio API is
in tests/doors/openai/test_sdk.py."""

from collections.abc import Callable

import pytest

from tests.e2e.sdk.place import Place
from tests.e2e.sdk.realtime_scenarios import SCENARIOS


# The client opens its sockets in a way that `websockets` of today calls outdated.
@pytest.mark.filterwarnings(r"ignore:connect\(\) must be used as a context manager:DeprecationWarning")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_the_current_client(place: Place, scenario: Callable[[Place], None]) -> None:
    scenario(place)
