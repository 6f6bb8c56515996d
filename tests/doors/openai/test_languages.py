import pytest

from vox.doors.openai.languages import code_of, name_of


@pytest.mark.parametrize(
    ("code", "name"), [("en", "english"), ("de-AT", "german"), ("EN", "english"), ("ht", "haitian creole")]
)
def test_names(code: str, name: str) -> None:
    assert name_of(code) == name


def test_a_language_without_a_name_here() -> None:
    assert name_of("tlh") == "tlh" and name_of(None) == ""


@pytest.mark.parametrize(
    ("named", "code"), [("german", "de"), ("German ", "de"), ("de", "de"), ("en-US", "en-US"), (None, None)]
)
def test_codes(named: str | None, code: str | None) -> None:
    assert code_of(named) == code
