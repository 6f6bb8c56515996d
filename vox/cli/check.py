"""`vox providers check`: the conformance suite against a program, or against a provider that is configured."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vox.cli.options import json_option
from vox.cli.output import NOT_FOUND, Output
from vox.errors import InvalidRequest

if TYPE_CHECKING:
    from vox.provider.conformance import Result

__all__ = ["check_command"]

_AFTER_DASHES = "vox.cli.check.command"
_STYLES = {"pass": "32", "warning": "33", "fail": "31;1"}

_EPILOG = """\b
Examples:
  vox providers check -- python3 mine.py
  vox providers check --kind tts --junit report.xml -- node mine.mjs
  vox providers check moonshine --json
"""


class _BeforeDashes(click.Command):
    """Keeps what follows two dashes apart: it is a command of its own, with options of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            dashes = args.index("--")
            ctx.meta[_AFTER_DASHES] = args[dashes + 1 :]
            args = args[:dashes]
        return super().parse_args(ctx, args)


@click.command("check", cls=_BeforeDashes, epilog=_EPILOG)
@click.argument("provider", required=False, metavar="[ID | -- COMMAND [ARGS]...]")
@click.option("--kind", type=click.Choice(["asr", "tts"]), help="Check it as that; without it, as what it offers.")
@click.option("--model", metavar="ID", help="Check with that model; without it, with the first that is installed.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="Wait that long for work.")
@click.option("--only", multiple=True, metavar="ID", help="Run that check only; end.* takes all that begin so.")
@click.option("--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="Give the program this variable too.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML too.")
@click.option("--install", is_flag=True, help="Try install too, which may download.")
@click.option("--strict", is_flag=True, help="Take warnings for failures.")
@json_option
@click.pass_context
def check_command(ctx: click.Context, provider: str | None, junit: Path | None, strict: bool, **wanted: Any) -> int:
    """Check that a provider keeps to the protocol.

    Every rule of the protocol is tried on the program, and every feature it declares. It is started as Vox would start
    it; no daemon is needed. Exit status 0 when nothing fails, else 1.
    """
    from vox.provider.conformance import Bench, Result, Times, report, run

    output = ctx.find_object(Output)
    assert output is not None
    program = _program(provider, ctx.meta.get(_AFTER_DASHES), wanted["kind"], wanted["variables"])
    limit: float | None = wanted["timeout"]
    times = Times(work=limit, silence=min(limit, 5.0)) if limit else Times()
    options: dict[str, Any] = {
        "kind": program.kind,
        "model": wanted["model"],
        "install": wanted["install"],
        "times": times,
    }
    bench = Bench(program.argv, program.environment, program.folder, **options)

    def told(result: Result) -> None:
        if not output.json:
            _show(output, result)
        output.status(f"after {result.id}")

    try:
        results = run(bench, told, wanted["only"])
    except ValueError as error:
        raise InvalidRequest(str(error)) from None
    if junit is not None:
        junit.write_bytes(report.as_junit(results, program.argv, strict=strict))
    if output.json:
        output.object(report.as_object(results, program.argv, strict=strict))
    else:
        output.line(report.summary(results))
    return 0 if report.passed(results, strict=strict) else NOT_FOUND


def _program(provider: str | None, command: list[str] | None, kind: Any, variables: tuple[str, ...]) -> Any:
    from vox.cli.programs import configured, named

    if (provider is None) == (not command):
        raise InvalidRequest("Name a provider, or give a program after two dashes: vox providers check -- python3 x.py")
    if command:
        return named(command, kind, variables)
    if variables:
        raise InvalidRequest("--env is for a program after two dashes; a provider has env in providers.json.")
    return configured(str(provider), kind)


def _show(output: Output, result: "Result") -> None:
    from vox.provider.conformance import report

    first, *rest = report.lines_of(result)
    output.line(first, _STYLES.get(result.outcome, ""))
    for line in rest:
        output.line(line)
