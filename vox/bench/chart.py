"""What was found as a picture: a PNG with bars for errors, speed, time to load and memory. Needs the extra `bench`."""

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from vox.bench.comparison import Comparison
from vox.bench.results import Found, Hearing, Speaking
from vox.errors import Unsupported

__all__ = ["chart", "check_chart"]

_PANEL_WIDTH, _BAR_HEIGHT, _AROUND = 3.2, 0.34, 1.0  # inches
_MIB = 1 << 20

_Panel = tuple[str, Callable[[Any], float | None], str]


def check_chart() -> None:
    """See to it that a chart can be drawn, before anything is measured for it.

    Raises:
        Unsupported: What draws it is not installed.
    """
    if find_spec("matplotlib") is None:
        raise Unsupported('A chart needs the extra bench: pip install "voxhost[bench]"')


def chart(found: Comparison) -> bytes:
    """A PNG: a row of panels for each kind of model that was measured.

    Raises:
        Unsupported: What draws it is not installed.
    """
    check_chart()
    from matplotlib.figure import Figure  # slow to load, and rarely wanted

    rows = [(models, panels) for models, panels in _rows(found) if models]
    heights = [_AROUND + _BAR_HEIGHT * len(models) for models, _ in rows] or [_AROUND]
    figure = Figure(figsize=(_PANEL_WIDTH * 4, sum(heights)), layout="constrained")
    grid = figure.add_gridspec(max(1, len(rows)), 4, height_ratios=heights)
    for number, (models, panels) in enumerate(rows):
        for place, panel in enumerate(panels):
            _draw(figure.add_subplot(grid[number, place]), models, panel, named=place == 0)
    target = BytesIO()
    figure.savefig(target, format="png", dpi=150)
    return target.getvalue()


def _rows(found: Comparison) -> list[tuple[Sequence[Found], list[_Panel]]]:
    return [
        (found.recognisers, [("word errors", _heard_rate, "{:.1f} %"), *_SHARED]),
        (found.speakers, [("word errors, round trip", _trip_rate, "{:.1f} %"), *_SHARED]),
    ]


def _draw(axes: Any, models: Sequence[Found], panel: _Panel, *, named: bool) -> None:
    title, value, form = panel
    values = [value(one) for one in models]
    places = range(len(models))  # not names: two models may have one
    bars = axes.barh(places, [each or 0.0 for each in values], color="#4c78a8")
    axes.set_yticks(places, [_name(one) for one in models])
    axes.bar_label(bars, ["–" if each is None else form.format(each) for each in values], padding=3, fontsize=8)
    axes.set_title(title, fontsize=10)
    axes.invert_yaxis()
    axes.margins(x=0.25)
    axes.tick_params(labelsize=8, labelleft=named)
    axes.spines[["top", "right"]].set_visible(False)


def _name(one: Found) -> str:
    return f"{one.model} {one.voice}" if isinstance(one, Speaking) and one.voice else one.model


def _heard_rate(one: Hearing) -> float | None:
    return None if one.errors.rate is None else one.errors.rate * 100


def _trip_rate(one: Speaking) -> float | None:
    """By the first recogniser that listened."""
    rate = next((trip.errors.rate for trip in one.trips), None)
    return None if rate is None else rate * 100


def _seconds(one: Found) -> float | None:
    return None if one.ready_ms is None else one.ready_ms / 1000


def _memory(one: Found) -> float | None:
    return None if one.peak_bytes is None else one.peak_bytes / _MIB


def _speed(one: Hearing | Speaking) -> float | None:
    return one.factor


_SHARED: list[_Panel] = [
    ("real-time factor", _speed, "{:.3f}"),
    ("load, s", _seconds, "{:.2f}"),
    ("peak memory, MiB", _memory, "{:,.0f}"),
]
