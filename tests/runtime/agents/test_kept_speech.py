"""Phrases that are made once."""

import pytest

from tests.runtime.agents.conftest import Speaking
from vox.errors import ProviderCrashed
from vox.runtime.agents.kept_speech import KeptSpeech
from vox.runtime.requests import SynthesizeRequest

pytestmark = pytest.mark.anyio


async def test_a_phrase_is_made_once_for_each_voice() -> None:
    speaking = Speaking()
    kept = KeptSpeech(speaking)
    first = await kept.get(SynthesizeRequest("Muted."))
    assert await kept.get(SynthesizeRequest("Muted.")) is first
    await kept.get(SynthesizeRequest("Muted.", voice="two"))
    assert [request.voice for request in speaking.requests] == [None, "two"]
    assert first[1] is not None and first[1].voice == "one"


async def test_what_was_used_longest_ago_goes_first() -> None:
    speaking = Speaking()
    speaking.rate = 48_000
    kept = KeptSpeech(speaking)
    long = "x" * 300  # thirty seconds: almost three megabytes
    for first in ("a", "b", "a", "c"):
        await kept.get(SynthesizeRequest(first + long))
    await kept.get(SynthesizeRequest("a" + long))
    assert [text[0] for text in speaking.texts] == ["a", "b", "c"]
    await kept.get(SynthesizeRequest("b" + long))
    assert [text[0] for text in speaking.texts] == ["a", "b", "c", "b"]


async def test_a_failure_is_not_kept() -> None:
    speaking = Speaking()
    kept = KeptSpeech(speaking)
    speaking.failures = {"Muted.": ProviderCrashed("It crashed.")}
    with pytest.raises(ProviderCrashed):
        await kept.get(SynthesizeRequest("Muted."))
    speaking.failures = {}
    assert (await kept.get(SynthesizeRequest("Muted.")))[0]
