"""Keys as people write them lead to the settings; what is secret is known by its place."""

from typing import Any

import pytest

from vox.config.llm import LlmSettings
from vox.config.setting_keys import (
    Place,
    fields_of,
    is_secret,
    kept_elsewhere,
    mapped,
    model_in,
    place_of,
    written_place,
)
from vox.config.settings import Settings
from vox.errors import InvalidRequest


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("port", ("port",)),
        ("default_asr", ("defaultAsr",)),
        ("llm", ("llm",)),
        ("llm.base_url", ("llm", "baseUrl")),
        ("realtime.turn_detection.threshold", ("realtime", "turnDetection", "threshold")),
        ("llm.headers.X-Team.v2", ("llm", "headers", "X-Team.v2")),
        ("llm.extraBody.reasoning.effort", ("llm", "extraBody", "reasoning", "effort")),
        ("openAi.models.gpt-4.1", ("openAi", "models", "gpt-4.1")),
        ("openAi.voices.my.voice", ("openAi", "voices", "my", "voice")),
        ("openAi.voices.my.voice.voice", ("openAi", "voices", "my.voice", "voice")),
        ("openAi.voices.voice", ("openAi", "voices", "voice")),
    ],
)
def test_a_key_means_a_place(key: str, place: Place) -> None:
    assert place_of(key) == place


@pytest.mark.parametrize(
    ("key", "told", "nearest"),
    [
        ("prot", "Did you mean port", "port"),
        ("llm.base_uri", "Did you mean llm.baseUrl", "baseUrl"),
        ("DEFAULTASR", "Did you mean defaultAsr", "defaultAsr"),
        ("", "There are: ", None),
        ("$schema", "There are: ", None),
        ("port.x", "port is one value", None),
        ("llm..model", "There is no setting 'llm.'", None),
    ],
)
def test_a_key_that_means_none(key: str, told: str, nearest: str | None) -> None:
    with pytest.raises(InvalidRequest, match=told) as caught:
        place_of(key)
    found = caught.value.details.get("nearest", [])
    assert nearest in found if nearest else found == []


@pytest.mark.parametrize(
    ("place", "secret"),
    [
        (("port",), False),
        (("authToken",), True),
        (("llm", "apiKey"), True),
        (("llm", "model"), False),
        (("llm", "maxTokens"), False),
        (("llm", "headers", "X-Team"), True),
        (("llm", "extraBody", "seed"), False),
        (("llm", "extraBody", "api_key"), True),
        (("openAi", "models", "whisper-1"), False),
        (("realtime", "secretSeconds"), False),
    ],
)
def test_what_is_not_to_be_shown(place: Place, secret: bool) -> None:
    assert is_secret(place) is secret


@pytest.mark.parametrize(
    ("value", "elsewhere"),
    [(None, True), ("${env:A}", True), ("${file:~/a}", True), ("x${env:A}", False), ("sk-1", False), ({}, False)],
)
def test_what_says_where_it_is_kept(value: Any, elsewhere: bool) -> None:
    assert kept_elsewhere(value) is elsewhere


def test_a_place_is_spelled_as_the_document_has_it() -> None:
    document = {"llm": {"base_url": "http://a"}, "openAi": 5}
    assert written_place(document, ("llm", "baseUrl")) == ("llm", "base_url")
    assert written_place(document, ("llm", "topP")) == ("llm", "topP")
    assert written_place(document, ("openAi", "models", "default_asr")) == ("openAi", "models", "default_asr")
    assert written_place({"base_url": 1}, ("llm", "baseUrl")) == ("llm", "baseUrl")


def test_groups_and_mappings_are_told_apart() -> None:
    fields = fields_of(Settings)
    assert "$schema" not in fields and fields["defaultAsr"][0] == "default_asr"
    assert model_in(fields["llm"][1].annotation) is LlmSettings and model_in(fields["port"][1].annotation) is None
    headers = fields_of(LlmSettings)["headers"][1].annotation
    assert mapped(headers) is str and model_in(headers) is None and mapped(fields["port"][1].annotation) is None


def test_every_setting_is_found_by_its_key() -> None:
    for alias, (name, _) in fields_of(Settings).items():
        assert place_of(alias) == place_of(name) == (alias,)
