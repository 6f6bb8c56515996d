"""The names of bundled programs: what published entries call them leads to what ships here."""

from typing import Any

import pytest

from tests.config.conftest import Load
from vox.config import load
from vox.config.builtins import BUILTINS, builtin_name, kind_of, nearest_builtins
from vox.paths import Home
from vox.types import Kind

PUBLISHED: dict[Kind, dict[str, str]] = {
    "asr": {
        "parakeet": "parakeet parakeet-asr",
        "moonshine": "moonshine moonshine-asr",
        "openai": "openai openai-asr openai-transcribe",
        "mlx-audio": "mlx-audio mlx_audio mlx-audio-stt mlx_audio_stt",
    },
    "tts": {
        "system": "avspeech avspeechsynthesizer apple-tts system-tts",
        "openai-tts": "openai openai-tts",
        "elevenlabs": "elevenlabs elevenlabs-tts eleven-labs eleven-labs-tts",
        "minimax": "minimax minimax-tts",
        "nvidia": "nvidia nvidia-tts magpie magpie-tts nvidia-magpie",
        "groq": "groq groq-tts",
        "gemini": "gemini gemini-tts google-tts google-gemini-tts",
        "mlx-audio": "mlx-audio mlx_audio mlx-audio-tts mlx_audio_tts",
    },
}


def test_published_names_lead_to_programs() -> None:
    for kind, programs in PUBLISHED.items():
        found = {name: builtin_name(name, kind) for names in programs.values() for name in names.split()}
        assert found == {name: program for program, names in programs.items() for name in names.split()}


def test_no_name_means_two_programs_of_a_kind() -> None:
    for programs in BUILTINS.values():
        names = [*programs, *(alias for aliases in programs.values() for alias in aliases)]
        assert len(names) == len(set(names))


def test_the_name_of_another_package_means_itself() -> None:
    assert builtin_name("somebodys-engine", "asr") == "somebodys-engine"


def test_names_that_look_alike_are_those_of_installed_programs() -> None:
    assert nearest_builtins("MoonShine-as", "asr", lambda _: True) == ["moonshine"]
    assert nearest_builtins("appletts", "tts", lambda _: True)[0] == "system"
    assert nearest_builtins("moonshin", "asr", {"parakeet"}.__contains__) == []
    assert nearest_builtins("zzzz", "tts", lambda _: True) == []


def test_an_entry_may_name_its_program_apart_from_its_id(load_home: Load) -> None:
    entries = [{"id": "mine", "builtin": "parakeet-asr"}, {"id": "parakeet-asr", "builtin": True}]
    first, second, *_ = load_home({"providers": entries}).entries
    assert (first.id, first.program, second.program) == ("mine", "parakeet", "parakeet")


def test_an_unknown_program_is_told_with_the_nearest(load_home: Load) -> None:
    entries = [{"id": "mine", "builtin": "parakete"}, {"id": "moonshin", "builtin": True}]
    problems = load_home({"providers": entries}).problems
    told = [(problem.path, problem.message, problem.fix) for problem in problems]
    assert told == [
        ("providers[0].builtin", "names no built-in provider: 'parakete'.", "Did you mean parakeet?"),
        ("providers[1].id", "names no built-in provider: 'moonshin'.", "Did you mean moonshine?"),
    ]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"builtin": "command"}, 'needs "argv"'),
        ({"builtin": "command", "argv": []}, "at least 1"),
        ({"builtin": "parakeet", "argv": ["x"]}, 'has "argv"'),
        ({"command": ["x"], "voices": ["y"]}, '"voices"'),
        ({"builtin": ""}, 'needs "command"'),
    ],
)
def test_a_command_line_belongs_to_the_program_command(load_home: Load, entry: dict[str, object], told: str) -> None:
    (problem,) = load_home({"providers": [{"id": "mine", **entry}]}).problems[:1]
    assert told in problem.message


def test_a_command_line_is_an_entry(home: Home) -> None:
    home.providers_json.write_text(
        '{"providers": [{"id": "say", "kind": "tts", "builtin": "command", "argv": ["espeak-ng"], "voices": ["de"]}]}',
        encoding="utf-8",
    )
    home.providers_json.chmod(0o600)
    configuration = load(home, lambda _: True)
    (entry,) = (entry for entry in configuration.entries if entry.kind == "tts")
    assert (entry.program, entry.argv, entry.voices) == ("command", ["espeak-ng"], ["de"])


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ({"id": "piper", "builtin": True}, "tts"),
        ({"id": "mine", "builtin": "piper"}, "tts"),
        ({"id": "avspeech", "builtin": True}, "tts"),
        ({"id": "moonshine", "builtin": True}, "asr"),
        ({"id": "groq", "builtin": True}, "asr"),  # which does both
        ({"id": "openai", "builtin": True}, "asr"),
        ({"id": "piper", "command": ["piper"], "builtin": True}, "asr"),  # a program of the user's
        ({"id": "of-another-package", "builtin": True}, "asr"),
        ({"id": "piper", "kind": "asr", "builtin": True}, "asr"),
        ({"id": 1, "builtin": []}, "asr"),
    ],
)
def test_the_kind_of_an_entry_that_says_none_is_that_of_its_program(entry: dict[str, Any], kind: str) -> None:
    assert kind_of(entry) == kind
