"""`openVip` of config.json, and the port beside it."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.config.conftest import Load
from vox.config.openvip import DEFAULT_OPENVIP_PORT, OpenVipPhrases, OpenVipSettings


def test_without_a_word_it_listens_announces_and_knows_phrases(load_home: Load) -> None:
    settings = load_home().settings
    vip = settings.open_vip
    assert vip == OpenVipSettings()
    assert settings.openvip_port == DEFAULT_OPENVIP_PORT == 8770
    assert (vip.listen, vip.announcements, vip.headphones, vip.auto_submit, vip.follow_focus) == (
        True,
        True,
        False,
        False,
        True,
    )
    assert vip.phrases.submit["*"] == ["ok send", "ok submit"] and len(vip.phrases.submit) >= 8
    assert (vip.phrases.within_words, vip.phrases.threshold, vip.phrases.confidence_per_word) == (15, 0.85, 0.05)
    assert (vip.phrases.name_within_words, vip.phrases.name_threshold) == (10, 0.5)


def test_a_kind_of_phrases_that_is_given_replaces_its_own_defaults_alone(load_home: Load) -> None:
    phrases = load_home(config={"openVip": {"phrases": {"submit": {"de": ["ab damit"]}, "mute": {}}}}).settings
    given = phrases.open_vip.phrases
    assert (given.submit, given.mute) == ({"de": ["ab damit"]}, {})
    assert given.listen == OpenVipPhrases().listen


def test_the_port_may_be_named_by_the_environment(load_home: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_OPENVIP_PORT", "8771")
    assert load_home(config={"openvipPort": 1}).settings.openvip_port == 8771


@pytest.mark.parametrize(
    "wrong",
    [
        {"submit": {"german": ["x"]}},
        {"submit": {"*": [""]}},
        {"submit": {"*": "ok send"}},
        {"submit": {"*": ["x" * 201]}},
        {"threshold": 1.1},
        {"withinWords": 0},
        {"nameThreshold": 0},
        {"unknown": {}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OpenVipSettings.model_validate({"phrases": wrong})
