"""The allow-list of web pages: three forms of file, exact comparison, re-read on change, damage that costs itself."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.config.origins import Origins, normal_origin


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    path.chmod(0o600)


def test_nobody_by_default(tmp_path: Path) -> None:
    origins = Origins(tmp_path)
    assert not any(map(origins.allows, ["https://a.example", "null", "", "http://localhost", "file://"]))


@pytest.mark.parametrize(
    "form", [{"origins": ["https://a.example"]}, {"origin": "https://a.example"}, ["https://a.example"]]
)
def test_every_form_of_a_file(tmp_path: Path, form: Any) -> None:
    write(tmp_path / "origins.json", form)
    origins = Origins(tmp_path)
    assert origins.allows("https://a.example")
    assert not origins.allows("http://a.example")


def test_all_sources_add_up(tmp_path: Path) -> None:
    write(tmp_path / "origins.json", ["https://file.example"])
    write(tmp_path / "origins.d" / "one.json", {"origin": "https://one.example"})
    write(tmp_path / "origins.d" / "two", {"origins": ["https://two.example:8443"]})
    (tmp_path / "origins.d" / "folder").mkdir()
    origins = Origins(tmp_path, ["https://settings.example/"])
    for name in ("file.example", "one.example", "two.example:8443", "settings.example"):
        assert origins.allows(f"https://{name}")
    assert not origins.allows("https://two.example")


def test_a_change_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "origins.json"
    origins = Origins(tmp_path)
    assert not origins.allows("https://a.example")
    write(path, ["https://a.example"])
    assert origins.allows("https://a.example")
    write(path, ["https://b.example"])
    os.utime(path, ns=(1, 1))
    assert not origins.allows("https://a.example") and origins.allows("https://b.example")
    path.unlink()
    assert not origins.allows("https://b.example")


@pytest.mark.parametrize("damage", ["{", "7", '{"origins": "https://a.example"}', "[" * 100_000, '"x"', "null", ""])
def test_a_damaged_file_costs_only_itself(tmp_path: Path, damage: str) -> None:
    write(tmp_path / "origins.json", damage)
    write(tmp_path / "origins.d" / "good", ["https://good.example"])
    origins = Origins(tmp_path)
    assert origins.allows("https://good.example") and not origins.allows("https://a.example")


def test_a_damaged_entry_costs_only_itself(tmp_path: Path) -> None:
    write(tmp_path / "origins.json", [7, None, "*", "https://*.example", "a.example", "https://a.example"])
    origins = Origins(tmp_path)
    assert origins.allows("https://a.example")
    assert not origins.allows("https://b.example")


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_a_file_that_others_may_write_is_not_trusted(tmp_path: Path) -> None:
    write(tmp_path / "origins.json", ["https://a.example"])
    (tmp_path / "origins.json").chmod(0o666)
    assert not Origins(tmp_path).allows("https://a.example")


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("https://Example.COM/", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("http://example.com:443", "http://example.com:443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://localhost:*", "http://localhost:*"),
        ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ("https://example.com:*", None),
        ("https://example.com/path", None),
        ("https://user@example.com", None),
        ("https://*", None),
        ("null", None),
        ("*", None),
        ("", None),
        ("https://", None),
        ("https://a b", None),
    ],
)
def test_the_normal_form(written: str, normal: str | None) -> None:
    assert normal_origin(written) == normal


def test_any_port_is_for_this_machine_only(tmp_path: Path) -> None:
    origins = Origins(tmp_path, ["http://localhost:*", "http://[::1]:*", "https://example.com:*"])
    assert origins.allows("http://localhost:3000") and origins.allows("http://localhost")
    assert origins.allows("http://[::1]:5173") and origins.allows("http://[::1]")
    assert not origins.allows("https://localhost:3000")
    assert not origins.allows("https://example.com:1")
    assert not origins.allows("http://localhost.example:3000")


@given(st.text(max_size=30))
def test_the_normal_form_is_a_fixed_point(text: str) -> None:
    normal = normal_origin(text)
    assert normal is None or normal_origin(normal) == normal


@given(st.text(max_size=30))
def test_what_is_not_listed_is_not_allowed(text: str) -> None:
    origins = Origins(Path("/no/such/home"), ["https://listed.example"])
    assert origins.allows(text) is (normal_origin(text) == "https://listed.example")
