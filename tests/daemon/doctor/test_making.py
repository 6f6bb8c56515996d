"""Checks are made side by side, each within its time."""

import threading
import time
from collections.abc import Iterable

import anyio
import pytest

from vox.daemon.doctor.check import Check, ready
from vox.daemon.doctor.making import in_thread, make_all
from vox.errors import VoxError


def check(name: str) -> Check:
    return Check(name, "ok", "fine")


@pytest.mark.anyio
async def test_what_hangs_or_fails_is_told_under_its_name_and_the_rest_goes_on() -> None:
    let_go = threading.Event()

    def hang() -> Iterable[Check]:
        let_go.wait(30)
        return []

    def fail() -> Iterable[Check]:
        raise OSError("the disk is on fire")

    async def refuse() -> Iterable[Check]:
        raise VoxError("no")

    async def wait() -> Iterable[Check]:
        await anyio.sleep_forever()
        return []

    begin = time.monotonic()
    try:
        found = await make_all(
            {
                "first": in_thread(lambda: [check("one"), check("two")]),
                "hangs": in_thread(hang),
                "fails": in_thread(fail),
                "refuses": refuse,
                "waits": wait,
            },
            0.3,
        )
    finally:
        let_go.set()
    assert time.monotonic() - begin < 3
    assert [made.name for made in found] == ["one", "two", "hangs", "fails", "refuses", "waits"]
    assert [made.status for made in found] == ["ok", "ok", "warning", "warning", "warning", "warning"]
    told = {made.name: made.detail for made in found}
    assert "longer than 0.3 s" in told["hangs"] and "longer than 0.3 s" in told["waits"]
    assert "on fire" in told["fails"] and told["refuses"].endswith("no")


def test_a_check_as_it_is_sent() -> None:
    assert Check("x", "ok", "fine").shape() == {"name": "x", "status": "ok", "detail": "fine"}
    remedy = {"action": "run", "label": "Do it", "detail": "so"}
    assert Check("x", "error", "bad", ("Do it", "so")).shape()["remediation"] == remedy


def test_only_an_error_makes_it_not_ready() -> None:
    assert ready([check("x"), Check("y", "warning", "hm")]) is True
    assert ready([check("x"), Check("y", "error", "bad")]) is False
