"""Nothing a provider says can steer a terminal or stop a command from printing it."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from vox.cli.output import Output, ProgressLine, as_json, printable
from vox.errors import VoxError

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # with surrogates
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)


def mended(value):
    """The value with what UTF-8 cannot carry replaced."""
    if isinstance(value, str):
        return "".join("?" if unicodedata.category(letter) == "Cs" else letter for letter in value)
    if isinstance(value, list):
        return [mended(item) for item in value]
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    return value


@given(ANY_TEXT)
def test_printable_text_has_no_controls_and_can_be_written(text):
    shown = printable(text)
    shown.encode("utf-8")
    assert not [letter for letter in shown if unicodedata.category(letter) == "Cc" and letter not in "\t\n"]


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_ordinary_text_stays_as_it_is(text):
    assert printable(f"{text}\n\t{text}") == f"{text}\n\t{text}"


def test_terminal_sequences_go_whole():
    assert printable("\x1b[31;1mred\x1b[0m \x1b]0;title\x07 \x9b2J plain") == "red ]0;title 2J plain"


@given(st.dictionaries(ANY_TEXT, VALUES, max_size=4))
def test_json_says_what_was_meant_in_plain_characters(value):
    text = as_json(value)
    assert not [letter for letter in text if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n"]
    assert json.loads(text) == mended(value)


def test_errors_go_to_stderr_without_colours_where_there_is_no_terminal(capsys):
    Output().error(VoxError("it \x1b[31mbroke"))
    assert capsys.readouterr() == ("", "error: it broke\n")


def test_quiet_is_quiet(capsys):
    output = Output(quiet=True)
    output.note("note")
    output.status("status")
    with output.progress() as progress:
        progress.show("models.progress", {"modelId": "m", "progress": 0.5, "status": "loading"})
    output.line("result")
    assert capsys.readouterr() == ("result\n", "")


def test_progress_elsewhere_than_on_a_terminal_is_a_line_for_each_tenth(capsys):
    with ProgressLine(quiet=False, bar=False) as progress:
        for hundredth in range(0, 101, 2):
            progress.show("models.progress", {"modelId": "m", "progress": hundredth / 100, "status": "loading"})
        progress.show("models.progress", {"modelId": "m", "progress": 1.0, "status": "checking"})
        progress.show("something.else", {})
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 12 and said[0] == "m 0% loading" and said[-1] == "m 100% checking"
