"""runtime.json: believed when it makes sense, otherwise as if it were not there."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.client.discovery import Address, find
from vox.paths import Home

FACTS = {"version": "1.2", "serviceName": "Vox", "port": 5, "pid": 7, "socket": "/s", "token": "t", "startedAt": "x"}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(FACTS)), inner),
)


def found(home: Home, text: str) -> Address | None:
    home.ensure()
    home.runtime_json.write_text(text, encoding="utf-8")
    return find(home)


def test_a_daemon_of_ours_and_one_without_a_unix_socket(tmp_path):
    home = Home(tmp_path)
    assert found(home, json.dumps(FACTS)) == Address("/s", 5, 7, "1.2", "t")
    assert found(home, json.dumps({"port": 5, "pid": 7, "socket": None})) == Address(None, 5, 7, "", "")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"port": 1}', '{"port": "1", "pid": 2}', '{"port": 1, "pid": null}']
)
def test_what_cannot_be_used_is_no_daemon(tmp_path, text):
    assert found(Home(tmp_path), text) is None


def test_no_file_is_no_daemon(tmp_path):
    assert find(Home(tmp_path / "nothing")) is None


@given(JSON)
def test_any_json_is_an_address_or_nothing(tmp_path_factory, value):
    address = found(Home(tmp_path_factory.mktemp("home")), json.dumps(value))
    assert address is None or (isinstance(address.port, int) and isinstance(address.version, str))
