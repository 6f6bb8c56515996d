"""What comes first: a lent key, the entry's variables, the environment's."""

import pytest

from vox.provider import Call, ProviderError
from vox_providers._vendor_settings import Key, base_url, listed, setting, time_limit_s

NAMES = ("VOX_OPENAI_TTS_TIMEOUT_SECONDS", "OPENAI_TTS_TIMEOUT_SECONDS")
KEY = Key("Gemini", "GEMINI_API_KEY", "GOOGLE_API_KEY")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*NAMES, "VOX_ENTRY_ENV", "GEMINI_API_KEY", "GOOGLE_API_KEY", "A_URL", "A_LIST"):
        monkeypatch.delenv(name, raising=False)


def put(monkeypatch: pytest.MonkeyPatch, entry: dict[str, str], daemon: dict[str, str]) -> None:
    """The environment that a program gets from those of its entry and of the daemon."""
    for name, value in {**daemon, **entry}.items():
        monkeypatch.setenv(name, value)
    if entry:
        monkeypatch.setenv("VOX_ENTRY_ENV", ",".join(entry))


@pytest.mark.parametrize(
    ("entry", "daemon", "seconds"),
    [
        ({}, {}, 12),
        ({}, {NAMES[1]: "5"}, 5),
        ({}, {NAMES[0]: "4", NAMES[1]: "5"}, 4),
        ({NAMES[1]: "6"}, {NAMES[0]: "4"}, 6),
        ({NAMES[1]: "6", NAMES[0]: "7"}, {NAMES[0]: "4"}, 7),
        ({NAMES[1]: ""}, {NAMES[0]: "4"}, 4),
        ({}, {NAMES[0]: "31"}, 30),
        ({}, {NAMES[0]: " 0.5 "}, 0.5),
        *(({}, {NAMES[0]: nonsense}, 12) for nonsense in ("0", "-1", "soon", "nan", "inf", "-inf", "1e999", "12s")),
    ],
)
def test_a_time_limit(
    monkeypatch: pytest.MonkeyPatch, entry: dict[str, str], daemon: dict[str, str], seconds: float
) -> None:
    put(monkeypatch, entry, daemon)
    assert time_limit_s(NAMES, 12, 30) == seconds


@pytest.mark.parametrize(
    ("lent", "entry", "daemon", "key"),
    [
        ({}, {}, {}, ""),
        ({}, {}, {"GOOGLE_API_KEY": "d2"}, "d2"),
        ({}, {}, {"GEMINI_API_KEY": "d1", "GOOGLE_API_KEY": "d2"}, "d1"),
        ({}, {"GOOGLE_API_KEY": "e2"}, {"GEMINI_API_KEY": "d1"}, "e2"),
        ({}, {"GOOGLE_API_KEY": ""}, {"GEMINI_API_KEY": "d1"}, ""),
        ({}, {"GEMINI_API_KEY": " ", "GOOGLE_API_KEY": "e2"}, {"GEMINI_API_KEY": "d1"}, "e2"),
        ({"GOOGLE_API_KEY": "l2"}, {"GOOGLE_API_KEY": ""}, {"GEMINI_API_KEY": "d1"}, "l2"),
        ({"GEMINI_API_KEY": " "}, {}, {"GEMINI_API_KEY": "d1"}, "d1"),
        ({"GROQ_API_KEY": "other"}, {}, {"GEMINI_API_KEY": "d1"}, "d1"),
    ],
)
def test_a_key(
    monkeypatch: pytest.MonkeyPatch, lent: dict[str, str], entry: dict[str, str], daemon: dict[str, str], key: str
) -> None:
    put(monkeypatch, entry, daemon)
    assert KEY.find(Call("synthesize", {"credentials": lent})) == key


def test_a_key_that_may_not_be_lent_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    call = Call("synthesize", {"credentials": {"GEMINI_API_KEY": "lent"}})
    assert Key("Gemini", "GEMINI_API_KEY", lent=False).find(call) == ""


def test_without_a_key_one_line_tells_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProviderError) as caught:
        KEY.require()
    assert caught.value.code == "unauthorized"
    assert caught.value.message == (
        "Gemini needs a key. Set GEMINI_API_KEY or GOOGLE_API_KEY in the entry's env, or in the environment of the "
        "daemon."
    )
    monkeypatch.setenv("GEMINI_API_KEY", "a key\nwith a line end")
    with pytest.raises(ProviderError, match="holds what is no key") as caught:
        KEY.require()
    assert "line end" not in caught.value.message.replace("line ends", "")


def test_lists_and_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert listed("A_LIST") == [] and setting("A_LIST") == ""
    monkeypatch.setenv("A_LIST", " kokoro, ,piper ")
    assert listed("A_LIST") == ["kokoro", "piper"]


@pytest.mark.parametrize("given", ["http://127.0.0.1:8000/v1/", "https://api.example.org/v1"])
def test_an_address(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    assert base_url(("A_URL",), "https://default.example/v1") == "https://default.example/v1"
    monkeypatch.setenv("A_URL", given)
    assert base_url(("A_URL",), "https://default.example/v1") == given.rstrip("/")


@pytest.mark.parametrize("given", ["localhost:8000", "ftp://a/b", "http://", "http://[::1", "http://a:99999/"])
def test_what_is_no_address(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("A_URL", given)
    with pytest.raises(ProviderError, match="A_URL must be an address such as https:"):
        base_url(("A_URL",), "https://default.example/v1")
