"""The figures inside a Markdown page: what stands between two markers is replaced, the rest is the author's."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.report import Report

__all__ = ["fill"]


def fill(page: str, reports: Sequence[Report]) -> str:
    """The page with the tables of these reports, and the machine they were made on.

    Raises:
        ValueError: The page has no place for one of them.
    """
    for report in reports:
        page = _replace(page, report.name, report.markdown())
    return _replace(page, "machine", _machine(reports[0].machine)) if reports else page


def _replace(page: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not place.search(page):
        raise ValueError(f"the page has no markers {begin} and {end}")
    return place.sub(lambda _: f"{begin}\n\n{text}\n{end}", page, count=1)


def _machine(facts: dict[str, str]) -> str:
    named = {**facts, "measured": datetime.now(UTC).strftime("%Y-%m-%d")}
    return "\n".join(f"- {name}: {value}" for name, value in named.items()) + "\n"
