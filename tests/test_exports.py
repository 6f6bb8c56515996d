"""The public surface: every `__all__`, sorted, true, and as tests/exports.txt says.

A change of it is meant to be seen in review. When it is wanted, write the file anew:

    python -m tests.test_exports > tests/exports.txt
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import vox

SNAPSHOT = Path(__file__).with_name("exports.txt")


def modules() -> list[str]:
    """Every public module of the package."""
    found = pkgutil.walk_packages(vox.__path__, "vox.")
    return ["vox", *sorted(module.name for module in found if not module.name.rpartition(".")[2].startswith("_"))]


def surface() -> Iterator[str]:
    """`module: name name …`, one line a module that offers names."""
    for name in modules():
        exported = getattr(importlib.import_module(name), "__all__", ())
        if exported:
            yield f"{name}: {' '.join(exported)}"


def test_the_surface_is_the_one_agreed_on() -> None:
    expected = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    actual = list(surface())
    assert actual == expected, "if this is wanted: python -m tests.test_exports > tests/exports.txt"


@pytest.mark.parametrize("name", modules())
def test_every_module_says_what_it_offers(name: str) -> None:
    module = importlib.import_module(name)
    assert (module.__doc__ or "").strip(), "a module begins with what it is for"
    exported = getattr(module, "__all__", None)
    defined = [
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == name and callable(value)
    ]
    if exported is None:
        assert not defined, f"{name} defines {defined} and has no __all__"
        return
    assert len(set(exported)) == len(exported)
    for key in exported:
        assert not key.startswith("_") or key == "__version__"
        assert hasattr(module, key), f"{name}.{key} is promised and missing"


@pytest.mark.parametrize("name", modules())
def test_every_public_class_and_function_is_described(name: str) -> None:
    module = importlib.import_module(name)
    bare: list[str] = []
    for key in getattr(module, "__all__", ()):
        value = getattr(module, key)
        if getattr(value, "__module__", None) != name:
            continue
        if (inspect.isclass(value) or inspect.isfunction(value)) and not inspect.getdoc(value):
            bare.append(key)
        if inspect.isclass(value):
            bare += [f"{key}.{member}" for member in _undescribed(value)]
    assert not bare


def _undescribed(kind: type) -> Iterator[str]:
    for name, member in vars(kind).items():
        function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
        if name.startswith("_") or not inspect.isfunction(function):
            continue
        if not any(inspect.getdoc(getattr(base, name, None)) for base in kind.__mro__) and not _of_a_protocol(
            kind, name
        ):
            yield name


def _of_a_protocol(kind: type, name: str) -> bool:
    """Whether a Protocol of the same module describes the method already: implementations need not repeat it."""
    module = inspect.getmodule(kind)
    return any(
        inspect.isclass(value) and getattr(value, "_is_protocol", False) and inspect.getdoc(getattr(value, name, None))
        for value in vars(module).values()
    )


if __name__ == "__main__":
    print("\n".join(surface()))
