"""What the registry knows of a provider's models, and what it takes over from a call."""

import pytest

from tests.runtime.conftest import entry, model, running
from vox.paths import Home

pytestmark = pytest.mark.anyio


async def test_preloading_a_model_does_not_change_which_one_is_the_default(home: Home) -> None:
    async with running(home, entry("ear", {"models": [model("ear:1"), model("ear:2")]})) as setup:
        assert await setup.runtime.default_model("asr") == "ear:1"
        await setup.runtime.preload("ear:1", lambda _: None)
        assert await setup.runtime.default_model("asr") == "ear:1"
        assert [info.id for info in setup.registry.providers[0].known_models()] == ["ear:1", "ear:2"]
