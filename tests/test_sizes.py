"""The house's numbers: how long a file and a function may be. A file that outgrows them holds more than one concept."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("vox", "providers/vox_providers")
FILE_LINES = 500
PROGRAM_LINES = 250
"""Of a provider program, which must be readable alone; what programs share begins with an underscore."""
MEDIAN_LINES = 150
FUNCTION_LINES = 60
MEDIAN_FUNCTION_LINES = 8
WIDE_FUNCTION_LINES, WIDE_SHARE = 25, 0.1

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and body lines, without the docstring, of every function that does something."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            body = [part for part in body if not _is_ellipsis(part)]
            if body:
                yield (
                    f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
                    (body[-1].end_lineno or 0) - body[0].lineno + 1,
                )


def _is_ellipsis(part: ast.stmt) -> bool:
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant) and part.value.value is ...


def every_function() -> list[tuple[str, int]]:
    return [found for folder in PACKAGES for path in sources(folder) for found in functions(path)]


@pytest.mark.parametrize("folder", PACKAGES)
def test_no_file_is_too_long(folder: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in sources(folder)}
    assert lengths
    assert {path.name: lines for path, lines in lengths.items() if lines > _bound(path)} == {}
    assert median(lengths.values()) <= MEDIAN_LINES


def _bound(path: Path) -> int:
    is_program = path.parent.name == "vox_providers" and not path.name.startswith("_")
    return PROGRAM_LINES if is_program else FILE_LINES


def test_no_function_is_too_long() -> None:
    assert [found for found in every_function() if found[1] > FUNCTION_LINES] == []


def test_functions_are_short_as_a_rule() -> None:
    lines = [lines for _, lines in every_function()]
    assert median(lines) <= MEDIAN_FUNCTION_LINES
    assert sum(length > WIDE_FUNCTION_LINES for length in lines) / len(lines) <= WIDE_SHARE


def test_test_files_keep_the_same_bound() -> None:
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in sources("tests")}
    assert {name: lines for name, lines in lengths.items() if lines > 500} == {}
