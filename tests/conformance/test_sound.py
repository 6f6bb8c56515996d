"""The recordings that the checks send: speech as long as it should be, at any rate, and no sentence again and again."""

import pytest

from vox.provider.conformance.sound import long_speech, read_wav, speech


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000])
def test_speech_at_the_rate_of_the_model(rate: int) -> None:
    for made, seconds in ((speech(rate), 3.0), (long_speech(rate), 20.2)):
        audio = read_wav(made)
        assert audio.rate == rate and audio.seconds == pytest.approx(seconds, abs=0.05) and audio.loudest > 0.1


def test_two_sentences_in_turn() -> None:
    one, both = speech()[44:], long_speech()[44:]
    assert both.count(one) == 2 and both[: len(both) // 2] == both[len(both) // 2 :] and not both.startswith(one)
