"""The conformance suite for providers: any program that speaks the protocol, started and asked as Vox would.

    from vox.provider.conformance import Bench, run

    with_failures = [r for r in run(Bench(["python3", "mine.py"], os.environ, Path.cwd())) if r.outcome == "fail"]

Standard library only, like the rest of `vox.provider`. On the command line it is `vox providers check`.
"""

from vox.provider.conformance import report
from vox.provider.conformance.bench import Bench, Times
from vox.provider.conformance.check import Check
from vox.provider.conformance.checks import CHECKS
from vox.provider.conformance.outcome import Result
from vox.provider.conformance.suite import run

__all__ = ["CHECKS", "Bench", "Check", "Result", "Times", "report", "run"]
