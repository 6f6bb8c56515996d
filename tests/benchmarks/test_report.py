"""Goals are judged the right way round, ratios are taken within their rounds, and a page keeps its author's words."""

import pytest

from benchmarks.page import fill
from benchmarks.report import Report, Row, figure, median_ratio


def _row(ratio: float | None, at_most: float | None = None, at_least: float | None = None) -> Row:
    return Row("calls", "Vox", "1 ms", "peer", "2 ms", ratio, at_most, at_least)


@pytest.mark.parametrize(
    ("row", "goal", "met"),
    [
        (_row(0.5, at_most=1), "≤ 1", True),
        (_row(1.5, at_most=1), "≤ 1", False),
        (_row(6, at_least=6), "≥ 6", True),
        (_row(5.9, at_least=6), "≥ 6", False),
        (_row(0, at_most=0), "≤ 0", True),
        (_row(None, at_least=6), "≥ 6", None),
        (_row(2), "", None),
    ],
)
def test_a_goal_is_met_or_not(row: Row, goal: str, met: bool | None) -> None:
    assert (row.goal, row.met) == (goal, met)


def test_one_disturbed_round_does_not_move_the_ratio() -> None:
    assert median_ratio([2, 400, 2.2], [1, 1, 1.1]) == 2


@pytest.mark.parametrize(
    ("value", "text"), [(12_345.6, "12,346 µs"), (123.4, "123 µs"), (12.34, "12.3 µs"), (0.123, "0.12 µs")]
)
def test_figures_show_what_matters(value: float, text: str) -> None:
    assert figure(value, "µs") == text


def test_a_page_keeps_everything_but_the_tables() -> None:
    report = Report("host", "Host", "How.", [_row(0.5, at_most=1)], {"cores": "2"})
    page = (
        "# Page\n<!-- machine: begin -->\n<!-- machine: end -->\nwords\n<!-- host: begin -->old\n<!-- host: end -->\n"
    )
    filled = fill(page, [report])
    assert "| calls | Vox | 1 ms | peer | 2 ms | 0.50 | ≤ 1 | yes |" in filled
    assert "old" not in filled and "\nwords\n" in filled and "- cores: 2" in filled
    assert fill(filled, [report]) == filled


def test_a_page_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no markers"):
        fill("# Page\n", [Report("host", "Host", "How.", [], {})])
