"""Figures as people read them."""

import pytest

from vox.cli.figures import shown_ms, shown_size, shown_speed, shown_spread


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0ms"), (12.4, "12ms"), (999, "999ms"), (1000, "1.00s"), (83_456, "83.46s")]
)
def test_times(value: float, shown: str) -> None:
    assert shown_ms(value) == shown


@pytest.mark.parametrize(("value", "shown"), [(900, "900B"), (1024, "1KB"), (120_000, "117KB"), (3 << 20, "3.0MB")])
def test_sizes(value: int, shown: str) -> None:
    assert shown_size(value) == shown


def test_speed() -> None:
    assert (shown_speed(5), shown_speed(0)) == ("5.00x realtime", "n/a")


def test_a_spread() -> None:
    values = {"avg": 1.0, "p50": 2.0, "p95": 3.0, "min": 4.0, "max": 5000.0}
    assert shown_spread(values, shown_ms) == "avg=1ms p50=2ms p95=3ms min=4ms max=5.00s"
