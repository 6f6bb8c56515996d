"""Tests that need what not every machine has: they are skipped there, and fail where nothing may be missing."""

import os
from importlib.util import find_spec
from typing import NoReturn

import pytest

__all__ = ["require", "without"]

_EVERYTHING = os.environ.get("VOX_TEST_EVERYTHING") == "1"  # read here: some tests take all variables of Vox away


def without(message: str) -> NoReturn:
    """Skip the test for want of something; with VOX_TEST_EVERYTHING=1 it fails."""
    if _EVERYTHING:
        pytest.fail(message)
    pytest.skip(message)


def require(*packages: str) -> None:
    """Go on only where all the packages are installed; see `without`."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        without(f'{", ".join(missing)} missing: python -m pip install -e ".[test,engines]"')
