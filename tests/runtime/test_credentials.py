"""Keys lent by clients: which are taken, and that none is written down."""

from hypothesis import given
from hypothesis import strategies as st
from pytest import mark

from vox.log import Redactor, redactor
from vox.runtime.credentials import NAMES, read_credentials
from vox.runtime.requests import SynthesizeRequest


@mark.parametrize(
    ("written", "name"),
    [
        ("OPENAI_API_KEY", "OPENAI_API_KEY"),
        ("openaiApiKey", "OPENAI_API_KEY"),
        ("openai_api_key", "OPENAI_API_KEY"),
        ("nvApiKey", "NV_API_KEY"),
        ("nvidia_api_key", "NVIDIA_API_KEY"),
        ("groqApiKey", "GROQ_API_KEY"),
        ("geminiApiKey", "GEMINI_API_KEY"),
        ("googleApiKey", "GOOGLE_API_KEY"),
        ("googleGenaiApiKey", "GOOGLE_GENAI_API_KEY"),
        ("google_genai_api_key", "GOOGLE_GENAI_API_KEY"),
    ],
)
def test_every_form_of_a_name(written: str, name: str) -> None:
    assert read_credentials({written: "  a-key-for-tests \n"}) == {name: "a-key-for-tests"}


def test_what_is_left_out() -> None:
    given = {"ELEVENLABS_API_KEY": "x", "MINIMAX_API_KEY": "x", "PATH": "/x", "GROQ_API_KEY": "  ", "openaiApiKey": 7}
    assert read_credentials({**given, "NV_API_KEY": "n" * 5000}) == {}


@given(st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(max_size=8)))
def test_nothing_but_the_allowed_comes_out(given: dict[str, object]) -> None:
    assert read_credentials(given).keys() <= set(NAMES)


def test_a_lent_key_is_in_no_text() -> None:
    lent = read_credentials({"OPENAI_API_KEY": "an odd looking key"})
    assert "an odd looking key" not in redactor.text("the provider said: an odd looking key is wrong")
    assert "odd" not in repr(SynthesizeRequest("hi", credentials=lent))


def test_only_so_many_are_remembered() -> None:
    known = Redactor()
    known.learn_value("kept for ever")
    known.lend(f"lent-number-{i:04}" for i in range(100))
    assert known.text("kept for ever, lent-number-0099") == "[redacted], [redacted]"
    assert known.text("lent-number-0000") == "lent-number-0000"
    known.lend(["lent-number-0099-and-more"])
    assert known.text("lent-number-0099-and-more") == "[redacted]"
