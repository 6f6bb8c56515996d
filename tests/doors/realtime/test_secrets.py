"""Secrets: opaque, each its own, gone when their time is over."""

import time

import pytest

from vox.doors.realtime import secrets as module
from vox.doors.realtime.secrets import Secrets
from vox.errors import NoRoom


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_any_number_of_times_until_its_end() -> None:
    clock = Clock()
    secrets = Secrets[str](clock)
    minted = secrets.mint("how it begins", 300, "who")
    assert minted.value.startswith("ek_") and abs(minted.expires_at - time.time() - 300) < 5
    clock.now += 299.9
    for _ in range(2):
        found = secrets.find(minted.value)
        assert found is not None and (found.session, found.minter) == ("how it begins", "who")
    clock.now += 0.2
    assert secrets.find(minted.value) is None


def test_nobody_guesses_one_from_another() -> None:
    secrets = Secrets[int]()
    values = {secrets.mint(number, 60).value for number in range(100)}
    assert len(values) == 100 and all(len(value) > 40 for value in values)
    assert secrets.find("ek_" + "a" * 43) is None and secrets.find("") is None and secrets.find("ek_\udcff") is None


def test_no_secret_is_kept_as_it_is() -> None:
    secrets = Secrets[str]()
    value = secrets.mint("s", 60).value
    assert value not in repr(vars(secrets)) and value.removeprefix("ek_") not in repr(vars(secrets))


def test_expired_ones_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 2)
    clock = Clock()
    secrets = Secrets[str](clock)
    secrets.mint("a", 10)
    kept = secrets.mint("b", 100)
    with pytest.raises(NoRoom):
        secrets.mint("c", 10)
    clock.now += 11
    assert secrets.find(secrets.mint("c", 10).value) is not None and secrets.find(kept.value) is not None
