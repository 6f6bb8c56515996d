"""The voice of the system: espeak-ng for real; `say` and PowerShell as stand-ins that follow their manuals."""

import io
import json
import os
import re
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.providers.program import Program
from vox.provider import Call, ProviderError
from vox_providers import system
from vox_providers._system_voices import SystemVoice, by_language, user_language

POSIX = pytest.mark.skipif(os.name != "posix", reason="the stand-ins are scripts")

TONE = """
import json, math, os, re, sys, wave
def tone(path, seconds, rate=22050):
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        samples = (int(9000 * math.sin(0.06 * n)) for n in range(int(seconds * rate)))
        file.writeframes(b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples))
def note(**what):
    with open(os.environ["RECORD"], "w", encoding="utf-8") as file:
        json.dump({"argv": sys.argv[1:], **what}, file)
"""

SAY = """
import argparse
voices = {"Alex": "en_US", "Eddy (German (Germany))": "de_DE", "Anna": "de_DE", "Daniel": "en_GB", "Sinji": "zh_HK"}
parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
for option in ("-v", "-r", "-o", "-f", "--file-format", "--data-format"):
    parser.add_argument(option)
given = parser.parse_args()
if given.v == "?":
    for name, tag in voices.items():
        print(f"{name:<19} {tag}    # Hello! My name is {name}.")
    sys.exit()
text = sys.stdin.read()
note(text=text)
if given.v not in voices:
    sys.exit(f"Voice `{given.v}' not found.")
assert (given.f, given.file_format, given.data_format) == ("-", "WAVE", "LEI16@22050")
if "silent" not in text:
    tone(given.o, 0.3 * len(text.split()) * 175 / int(given.r or 175))
"""

POWERSHELL = """
from base64 import b64decode
*options, encoded = sys.argv[1:]
assert options == ["-NoProfile", "-NonInteractive", "-EncodedCommand"]
script = b64decode(encoded).decode("utf-16-le")
voices = {"Microsoft Zira Desktop": "en-US", "Microsoft Hedda Desktop": "de-DE"}
if "GetInstalledVoices" in script:
    for name, tag in voices.items():
        print(json.dumps({"name": name, "language": tag, "own": "Hedda" in name}))
    sys.exit()
given = {name: os.environ["VOX_SAPI_" + name] for name in re.findall("env:VOX_SAPI_([A-Z]+)", script)}
text = open(given["TEXT"], encoding="utf-8").read()
note(text=text, rate=int(given["RATE"]), voice=given["VOICE"])
if given["VOICE"] not in voices:
    sys.exit("Cannot set voice. No matching voice is installed or the voice was disabled.")
tone(given["OUT"], 0.3 * len(text.split()) / 3 ** (int(given["RATE"]) / 10))
"""


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing loaded yet, and nothing chosen by the one who runs the tests."""
    for name in ("VOX_SYSTEM_ENGINE", "VOX_ESPEAK_BINARY", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(system, "_loaded", {})


def on(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    """Let the provider, and nothing else, take this for another system."""
    monkeypatch.setattr(system, "sys", SimpleNamespace(platform=platform))


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Callable[[], dict[str, Any]]]:
    """stand_in(name, script) puts a program on PATH, alone; the answer tells what it was last given."""

    def install(name: str, script: str) -> Callable[[], dict[str, Any]]:
        folder = tmp_path / "bin"
        folder.mkdir()
        program = folder / name
        program.write_text(f"#!{sys.executable} -I\n{TONE}{script}", encoding="utf-8")
        program.chmod(0o755)
        record = tmp_path / "record.json"
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setenv("RECORD", str(record))
        on(monkeypatch, {"say": "darwin", "powershell": "win32"}[name])
        return lambda: json.loads(record.read_text(encoding="utf-8"))

    return install


def speak(text: str = "one two three four", **params: object) -> tuple[np.ndarray, dict[str, Any]]:
    result = system.synthesize(Call("synthesize", {"modelId": "avspeech:system", "input": text, **params}))
    with wave.open(io.BytesIO(result["audio"])) as reader:  # type: ignore[arg-type]
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 22050)
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2"), result


def seconds(**params: object) -> float:
    return len(speak(**params)[0]) / 22050  # type: ignore[arg-type]


def test_here_the_system_speaks_through_espeak(monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, "linux")
    sound, result = speak("The quick brown fox jumps over the lazy dog.")
    assert 1.5 < len(sound) / 22050 < 5 and int(np.abs(sound).max()) > 3000
    assert (result["voiceId"], result["language"]) == ("en-us", "en-US")
    assert speak("Guten Tag", language="de-AT")[1]["language"] == "de"
    monkeypatch.setenv("LANG", "fr_BE.UTF-8")
    assert speak("Bonjour")[1]["voiceId"] == "fr-be"
    assert [voice["id"] for voice in system.voices(None) if voice["default"]] == ["fr-be"]


def test_speed_is_kept_within_a_quarter_and_four_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_SYSTEM_ENGINE", "espeak")
    assert seconds(speed=99) == seconds(speed=4.0) < seconds() < seconds(speed=0.25) == seconds(speed=0.01)


@POSIX
def test_say_speaks_and_the_text_is_no_option(stand_in: Callable[..., Any]) -> None:
    given = stand_in("say", SAY)
    sound, result = speak("-o [[rate 999]] `date` 'four' words")
    assert (result["voiceId"], result["language"]) == ("Alex", "en-US")
    assert len(sound) == pytest.approx(0.3 * 7 * 22050, rel=0.01)
    record = given()
    assert record["text"] == "-o [ [rate 999]] `date` 'four' words"
    assert record["argv"][:2] == ["-v", "Alex"] and "-r" not in record["argv"]


@POSIX
def test_say_has_voices_of_languages(stand_in: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    given = stand_in("say", SAY)
    ids = {voice["id"]: voice["language"] for voice in system.voices("avspeech:system")}
    assert ids["Eddy (German (Germany))"] == ids["Anna"] == "de-DE" and ids["Sinji"] == "zh-HK"
    assert speak(language="zh")[1]["voiceId"] == "Sinji"
    assert speak(voiceId="anna", speed=2.0)[1]["voiceId"] == "Anna"
    assert given()["argv"][:4] == ["-v", "Anna", "-r", "350"]
    assert seconds(speed=2.0) == pytest.approx(seconds() / 2, rel=0.01)
    for locale, voice in (("en_GB.UTF-8", "Daniel"), ("de_AT", "Eddy (German (Germany))"), ("fr_FR", "Alex")):
        monkeypatch.setenv("LANG", locale)
        assert speak()[1]["voiceId"] == voice


@POSIX
def test_an_unsupported_voice_or_language_is_told(stand_in: Callable[..., Any]) -> None:
    stand_in("say", SAY)
    with pytest.raises(ProviderError, match=r"Unsupported voice 'Alx'\. Did you mean Alex\?") as caught:
        speak(voiceId="Alx")
    assert caught.value.code == "voice_not_found"
    with pytest.raises(ProviderError, match=re.escape("no voice for the language 'fi'")):
        speak(language="fi")


@POSIX
def test_say_that_writes_nothing_is_an_error(stand_in: Callable[..., Any]) -> None:
    stand_in("say", SAY)
    with pytest.raises(ProviderError, match="wrote no sound with the voice 'Alex'"):
        speak("be silent")


@POSIX
def test_say_that_fails_is_quoted(stand_in: Callable[..., Any]) -> None:
    stand_in("say", "sys.exit('no audio unit')")
    with pytest.raises(ProviderError, match="say failed with status 1: no audio unit"):
        system.voices(None)


@POSIX
def test_windows_speaks_with_the_voice_its_user_chose(stand_in: Callable[..., Any]) -> None:
    given = stand_in("powershell", POWERSHELL)
    text = 'Grüße "; Remove-Item C:\\ $env:PATH'
    _sound, result = speak(text)
    assert (result["voiceId"], result["language"]) == ("Microsoft Hedda Desktop", "de-DE")
    record = given()
    assert (record["text"], record["rate"], record["voice"]) == (text, 0, "Microsoft Hedda Desktop")
    assert speak(language="en-GB")[1]["voiceId"] == "Microsoft Zira Desktop"


@POSIX
@pytest.mark.parametrize(("speed", "rate"), [(0.25, -10), (0.5, -6), (1.0, 0), (2.0, 6), (3.0, 10), (4.0, 10)])
def test_windows_has_rates_for_speeds(stand_in: Callable[..., Any], speed: float, rate: int) -> None:
    given = stand_in("powershell", POWERSHELL)
    speak(speed=speed)
    assert given()["rate"] == rate


@POSIX
def test_powershell_that_answers_something_else_is_told(stand_in: Callable[..., Any]) -> None:
    stand_in("powershell", "print('Welcome!')")
    with pytest.raises(ProviderError, match="Welcome!"):
        speak()


@pytest.mark.parametrize(
    ("platform", "told"), [("darwin", "program say"), ("win32", "program powershell"), ("linux", "apt install espeak")]
)
def test_where_nothing_speaks_the_remedy_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, told: str
) -> None:
    on(monkeypatch, platform)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("vox_providers._espeak_source.find_spec", lambda _name: None)
    (model,) = system.models()
    assert (model["id"], model["installed"], model["available"]) == ("avspeech:system", False, False)
    assert told in str(model["remedy"])
    assert system.voices(None) == []
    with pytest.raises(ProviderError, match=told) as caught:
        speak()
    assert caught.value.code == "model_not_installed"


def test_another_model_is_not_found() -> None:
    with pytest.raises(ProviderError, match="avspeech:system") as caught:
        speak(modelId="espeak:system")
    assert caught.value.code == "model_not_found"


def test_preload_reads_the_voices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_SYSTEM_ENGINE", "espeak")
    call = Call("preload", {"modelId": "avspeech:system"})
    assert system.install(call)["preloaded"] is False
    assert system.preload(call)["preloaded"] is True


@pytest.mark.parametrize(
    ("environment", "tag"),
    [
        ({}, "en-US"),
        ({"LANG": "C.UTF-8"}, "en-US"),
        ({"LANG": "de_AT.UTF-8@euro"}, "de-AT"),
        ({"LANG": "de_DE", "LC_MESSAGES": "fr_FR"}, "fr-FR"),
        ({"LC_ALL": "POSIX", "LANG": "de_DE"}, "en-US"),
        ({"LC_ALL": "", "LANG": "pt_BR"}, "pt-BR"),
    ],
)
def test_the_language_of_the_user(environment: dict[str, str], tag: str) -> None:
    assert user_language(environment) == tag


def test_a_language_is_matched_exactly_then_by_its_first_part() -> None:
    known = [SystemVoice("a", "A", "en-GB"), SystemVoice("b", "B", "en-US"), SystemVoice("c", "C", "en-US", True)]
    found = [by_language(known, tag) for tag in ("en-gb", "en_US", "en-AU", "fr")]
    assert [voice.id if voice else None for voice in found] == ["a", "c", "c", None]


def test_the_program_speaks_over_the_protocol() -> None:
    with Program("vox_providers.system", {"VOX_SYSTEM_ENGINE": "espeak"}) as program:
        (model,) = program.call("models")["result"]["models"]
        assert (model["id"], model["backend"], model["installed"]) == ("avspeech:system", "system", True)
        answer = program.call("synthesize", modelId="avspeech:system", input="Hello.", format="wav")
        assert answer["result"]["contentType"] == "audio/wav"
