"""How many calls at once: every step of the precedence, alone and against the next one."""

from typing import Any

import pytest

from vox.config import ProviderEntry
from vox.protocol.provider import read_models
from vox.runtime.limits import DEFAULT_LIMIT, limits

ENTRY_MODEL: dict[str, Any] = {"modelOptions": {"m": {"maxConcurrency": 5}}}
ENTRY: dict[str, Any] = {"maxConcurrency": 3}
SAID_OF_MODEL: dict[str, Any] = {"models": [{"id": "m", "maxConcurrency": 7}, {"id": "n"}]}
SAID: dict[str, Any] = {"maxConcurrency": 2}
SILENT: dict[str, Any] = {"models": [{"id": "m"}, {"id": "n"}]}


@pytest.mark.parametrize(
    ("fields", "said", "of_model", "of_others"),
    [
        ({**ENTRY_MODEL, **ENTRY}, {**SAID_OF_MODEL, **SAID}, 5, 3),
        (ENTRY_MODEL, {**SAID_OF_MODEL, **SAID}, 5, 2),
        (ENTRY, {**SAID_OF_MODEL, **SAID}, 3, 3),
        ({}, {**SAID_OF_MODEL, **SAID}, 7, 2),
        ({}, SAID_OF_MODEL, 7, 1),
        ({}, {**SILENT, **SAID}, 2, 2),
        ({}, SILENT, 1, 1),
        ({"kind": "tts"}, SILENT, 4, 4),
        ({"kind": "tts", **ENTRY_MODEL}, SILENT, 5, 4),
    ],
)
def test_the_first_that_is_set_counts(
    fields: dict[str, Any], said: dict[str, Any], of_model: int, of_others: int
) -> None:
    entry = ProviderEntry.model_validate({"id": "x", "command": ["x"], **fields})
    overall, own = limits(entry, read_models(said))
    assert (own.get("m", overall), own.get("n", overall)) == (of_model, of_others)


def test_before_the_provider_was_asked_the_entry_and_the_kind_count() -> None:
    entry = ProviderEntry.model_validate({"id": "x", "command": ["x"], **ENTRY_MODEL})
    assert limits(entry, None) == (DEFAULT_LIMIT["asr"], {"m": 5})
    entry = ProviderEntry.model_validate({"id": "x", "kind": "tts", "command": ["x"]})
    assert limits(entry, None) == (DEFAULT_LIMIT["tts"], {})


def test_what_a_program_says_of_its_other_kind_does_not_count() -> None:
    entry = ProviderEntry.model_validate({"id": "x", "kind": "tts", "command": ["x"]})
    said = read_models({"models": [{"id": "a", "kind": "asr", "maxConcurrency": 9}, {"id": "b", "maxConcurrency": 2}]})
    assert limits(entry, said) == (4, {"b": 2})
