"""`vox models catalog`: the list, and where a newer one comes from."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from tests.cli.daemons import environment, vox
from vox.paths import Home


def test_the_catalogue_is_listed(run: Callable[..., Result]) -> None:
    head, *models = run("models", "catalog").stdout.splitlines()
    assert head.startswith("catalog v1 updated 20")
    assert any(
        line.startswith('parakeet:v3 kind=asr installed=unknown status=ready vendor="nvidia" languages="25 European')
        for line in models
    )
    assert {"moonshine:tiny-en", "hibari:en"} == {line.split()[0] for line in models if line.endswith("default=true")}
    assert len(json.loads(run("models", "catalog", "--json").stdout)["models"]) == len(models)


def test_there_is_no_refresh_without_an_address(run: Callable[..., Result]) -> None:
    refused = run("models", "catalog", "refresh")
    assert (refused.exit_code, refused.stdout) == (64, "") and "VOX_MODEL_CATALOG_URL" in refused.stderr


def test_a_refresh_takes_the_list_from_where_the_user_keeps_it(home: Home, tmp_path: Path) -> None:
    newer = {"version": 7, "updatedAt": "2030-01-01", "models": [{"id": "echo:v1", "kind": "asr"}]}
    source = tmp_path / "list.json"
    source.write_text(json.dumps(newer), encoding="utf-8")
    done = vox(home, "models", "catalog", "refresh", env=environment(home) | {"VOX_MODEL_CATALOG_URL": source.as_uri()})
    assert done.stdout.splitlines() == [
        "catalog v7 updated 2030-01-01",
        "echo:v1 kind=asr installed=true status=ready",
    ]
    assert home.models_catalog.stat().st_mode & 0o777 == 0o600
    assert vox(home, "models", "catalog").stdout == done.stdout
