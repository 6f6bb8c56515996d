"""`vox origins`: listed, added, removed; a daemon that runs is not asked and needs no restart."""

import json
from pathlib import Path

import pytest

from tests.cli.daemons import vox
from vox.paths import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_a_page_is_let_in_and_out(home: Home) -> None:
    assert vox(home, "origins", "list").stdout == ""
    assert vox(home, "origins", "add", "https://a.example").stdout == "allowed: https://a.example\n"
    assert vox(home, "origins", "add", "https://a.example").stdout == "was allowed already: https://a.example\n"
    home.config_json.write_text('{"allowedOrigins": ["https://b.example"]}', encoding="utf-8")
    home.config_json.chmod(0o600)
    listed = json.loads(vox(home, "origins", "list", "--json").stdout)
    assert listed == {"origins": ["https://a.example", "https://b.example"]}
    removed = json.loads(vox(home, "origins", "remove", "https://a.example", "--json").stdout)
    assert removed == {"origin": "https://a.example", "listed": False, "changed": True}
    assert vox(home, "origins", "remove", "https://b.example").stdout == "was not in origins.json: https://b.example\n"
    assert vox(home, "origins", "list").stdout == "https://b.example\n"


def test_what_is_no_origin(home: Home) -> None:
    done = vox(home, "origins", "add", "a.example")
    assert done.returncode == 64 and "no origin" in done.stderr and not done.stdout
