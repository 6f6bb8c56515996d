"""What came of a run, for people, for programs, and for the test pages of a build server."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, get_args
from xml.etree import ElementTree

from vox.provider.conformance.outcome import Outcome, Result

__all__ = ["as_junit", "as_object", "lines_of", "passed", "summary"]

_SHOWN_LINES = 3  # requests and answers shown under a failure; the JSON has some more
_WIDTH = max(len(outcome) for outcome in get_args(Outcome))


def passed(results: Sequence[Result], *, strict: bool = False) -> bool:
    """Whether the provider conforms: nothing failed, and with `strict` nothing was warned about either."""
    bad = ("fail", "warning") if strict else ("fail",)
    return not any(result.outcome in bad for result in results)


def lines_of(result: Result) -> Iterator[str]:
    """A result for people: a line, and under it what is wrong and what to do about it."""
    head = f"{result.outcome:{_WIDTH}}  {result.id}: {result.title}"
    if result.outcome not in ("fail", "warning"):
        yield f"{head} ({result.message})" if result.message else head
        return
    yield head
    indent = " " * (_WIDTH + 2)
    yield f"{indent}{result.message}"
    yield f"{indent}rule: {result.rule}"
    yield f"{indent}mend: {result.mend}"
    for line in result.sent[-_SHOWN_LINES:]:
        yield f"{indent}sent: {line}"
    for line in result.received[-_SHOWN_LINES:]:
        yield f"{indent}came: {line}"


def summary(results: Sequence[Result]) -> str:
    """How many of each, on a line."""
    counts = Counter(result.outcome for result in results)
    words = [f"{counts['pass']} passed", f"{counts['fail']} failed", f"{counts['warning']} warnings"]
    words += [f"{counts['not offered']} not offered"]
    words += [f"{counts['not run']} not run"] if counts["not run"] else []
    return f"{', '.join(words)}, in {_seconds(results):.1f} s."


def as_object(results: Sequence[Result], command: Sequence[str], *, strict: bool = False) -> dict[str, Any]:
    """The whole run as an object for JSON."""
    counts = Counter(result.outcome for result in results)
    return {
        "command": list(command),
        "ok": passed(results, strict=strict),
        "counts": {outcome: counts[outcome] for outcome in get_args(Outcome)},
        "seconds": round(_seconds(results), 3),
        "checks": [asdict(result) for result in results],
    }


def as_junit(results: Sequence[Result], command: Sequence[str], *, strict: bool = False) -> bytes:
    """The run as a JUnit XML file: a test case for each check, failures with what was sent and what came back."""
    counts = Counter(result.outcome for result in results)
    failures = counts["fail"] + (counts["warning"] if strict else 0)
    figures = {
        "name": "vox providers check",
        "tests": str(len(results)),
        "failures": str(failures),
        "errors": "0",
        "skipped": str(counts["not offered"] + counts["not run"]),
        "time": f"{_seconds(results):.3f}",
    }
    root = ElementTree.Element("testsuites", {key: value for key, value in figures.items() if key != "skipped"})
    suite = ElementTree.SubElement(root, "testsuite", figures)
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", {"name": "command", "value": _legal(" ".join(command))})
    for result in results:
        _add_case(suite, result, strict)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n"


def _add_case(suite: ElementTree.Element, result: Result, strict: bool) -> None:
    part, _, name = result.id.partition(".")
    case = ElementTree.SubElement(
        suite, "testcase", {"classname": f"vox.{part}", "name": name, "time": f"{result.seconds:.3f}"}
    )
    told = _legal("\n".join(lines_of(result)))
    if result.outcome == "fail" or (strict and result.outcome == "warning"):
        failure = ElementTree.SubElement(case, "failure", {"message": _legal(result.message), "type": result.outcome})
        failure.text = told
    elif result.outcome in ("not offered", "not run"):
        ElementTree.SubElement(case, "skipped", {"message": _legal(result.message)})
    elif result.outcome == "warning":
        ElementTree.SubElement(case, "system-out").text = told


def _seconds(results: Sequence[Result]) -> float:
    return sum(result.seconds for result in results)


def _legal(text: str) -> str:
    """The text without characters that XML 1.0 has no form for."""
    return "".join(letter if letter in "\t\n" or _is_legal(ord(letter)) else "�" for letter in text)


def _is_legal(code: int) -> bool:
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
