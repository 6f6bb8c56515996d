"""All benchmarks, one after another; `--write FILE` puts their tables between the markers of a page.

python -m benchmarks [--quick] [--json FILE] [--write docs/benchmarks.md] [NAME…]
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import (
    capacity,
    engines,
    fairness,
    host,
    live,
    openvip,
    realtime,
    recognition,
    replicas,
    rest,
    soak,
    start,
    streams,
)
from benchmarks.page import fill
from benchmarks.report import Report

_BENCHMARKS = {
    "host": host.measure,
    "capacity": capacity.measure,
    "fairness": fairness.measure,
    "replicas": replicas.measure,
    "soak": soak.measure,
    "start": start.measure,
    "recognition": recognition.measure,
    "streams": streams.measure,
    "live": live.measure,
    "rest": rest.measure,
    "realtime": realtime.measure,
    "openvip": openvip.measure,
    "engines": engines.measure,
}


def run(names: Sequence[str], quick: bool) -> list[Report]:
    """The reports of these benchmarks; each is printed as it is ready."""
    reports: list[Report] = []
    for name in names:
        report = _BENCHMARKS[name](quick)
        print(f"## {report.title}\n\n{report.markdown()}", flush=True)
        reports.append(report)
    return reports


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. The status is 1 when a goal was missed."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(_BENCHMARKS)}; all when none is given")
    parser.add_argument("--quick", action="store_true", help="few calls: to see that it works, not to quote")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into this page")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in _BENCHMARKS]:
        parser.error(f"unknown benchmark {unknown[0]!r}; known: {', '.join(_BENCHMARKS)}")
    reports = run(options.names or list(_BENCHMARKS), options.quick)
    if options.json is not None:
        documents = [report.document() for report in reports]
        options.json.write_text(json.dumps(documents, indent=1, ensure_ascii=False), encoding="utf-8")
    if options.write is not None:
        options.write.write_text(fill(options.write.read_text(encoding="utf-8"), reports), encoding="utf-8")
    missed = [f"{report.title}: {row.what}" for report in reports for row in report.rows if row.met is False]
    for line in missed:
        print(f"goal missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
