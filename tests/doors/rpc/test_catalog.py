"""The methods of the catalogue: what is known of each model here, and who may have a newer list fetched."""

import json
from pathlib import Path

import pytest

from tests.doors.conftest import PAGE, talking
from tests.runtime.conftest import entry, model
from vox.paths import Home

pytestmark = pytest.mark.anyio
ASR = entry("parakeet", {"models": [model("parakeet:v3"), model("parakeet:v2", installed=False)]})


async def test_the_catalogue_tells_what_is_here(home: Home) -> None:
    async with talking(home, ASR, access=PAGE) as talk:
        answer = (await talk.ask("models.catalog"))["result"]
    assert {"version", "updatedAt", "models", "plugins", "problems"} == answer.keys()
    known = {shown["id"]: shown for shown in answer["models"]}
    assert known["parakeet:v3"].items() >= {
        "kind": "asr", "family": "parakeet-tdt", "vendor": "nvidia", "status": "ready", "default": False,
        "installed": True, "available": True, "plugin": None,
    }.items()  # fmt: skip
    assert known["parakeet:v2"]["installed"] is False
    assert known["hibari:en"]["installed"] is None and known["hibari:en"]["available"] is None
    assert known["hibari:en"]["capabilities"] == {"synthesis": True, "streaming": True, "onDevice": True}


async def test_a_newer_list_is_fetched_when_somebody_asks(home: Home, tmp_path: Path) -> None:
    newer = {"version": 2, "updatedAt": "2030-01-01", "models": [{"id": "parakeet:v3", "kind": "asr"}]}
    (tmp_path / "list.json").write_text(json.dumps(newer), encoding="utf-8")
    async with talking(home, ASR, modelCatalogUrl=(tmp_path / "list.json").as_uri()) as talk:
        assert len((await talk.ask("models.catalog"))["result"]["models"]) > 1
        fetched = (await talk.ask("models.refreshCatalog"))["result"]
        assert [(shown["id"], shown["installed"]) for shown in fetched["models"]] == [("parakeet:v3", True)]
        assert (await talk.ask("models.catalog"))["result"] == fetched


async def test_without_an_address_nothing_is_fetched(home: Home) -> None:
    async with talking(home) as talk:
        assert (await talk.ask("models.refreshCatalog"))["errorInfo"]["code"] == "unsupported"


async def test_pages_have_nothing_fetched(home: Home) -> None:
    async with talking(home, access=PAGE) as talk:
        assert (await talk.ask("models.refreshCatalog"))["errorInfo"]["code"] == "unauthorized"
