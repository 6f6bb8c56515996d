"""The main job on real speech: a fresh home and the embedded engines; recordings in, text out, and back."""

import os
import re
import wave
from pathlib import Path

import jiwer
import pytest

from tests.e2e.conftest import StartDaemon, last_measurement
from vox.client import Client
from vox.errors import InvalidRequest, ModelNotFound, NoInput, TextTooLong, UnsupportedAudio, VoiceNotFound, VoxError

AUDIO = Path(__file__).parents[2] / "docs" / "audio"
JFK = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
SENTENCES = """
The morning train was late, so we walked along the river instead.
Please put the blue folder on the table next to the window.
She opened the letter slowly and read it twice before she smiled.
A cold wind came down from the mountains during the night.
The doctor asked him to drink more water and to sleep earlier.
We bought fresh bread, some cheese and a bottle of milk.
Nobody knew why the old bridge had been closed in the spring.
My brother plays the piano every evening after dinner.
The children built a small house out of wood and paper.
You can leave your coat in the room at the end of the hall.
The captain looked at the sky and decided to stay in the harbor.
There are seven apple trees and two cherry trees in the garden.
He wrote his name at the top of the page and began to think.
The museum opens at nine and closes before the sun goes down.
I would rather take the bus than drive through the city.
The teacher explained the answer again with a simple picture.
Every winter the lake freezes and people skate on it.
They painted the kitchen yellow because it gets so little light.
The meeting was short, but it changed everything we had planned.
Close the door behind you when you leave the building.
""".strip().splitlines()


def plain(text: str) -> str:
    """A text as its words alone, for comparing."""
    return " ".join(re.sub(r"[^a-z' ]", " ", text.lower().replace("-", " ")).split())


@pytest.fixture(scope="module")
def vox(start_daemon: StartDaemon) -> Client:
    return start_daemon()


def test_recorded_speech_is_recognised_by_default(vox: Client) -> None:
    transcript = vox.transcribe(AUDIO / "jfk.wav", words=True)
    assert plain(transcript.text) == JFK
    assert transcript.model == "moonshine:tiny-en"
    assert transcript.words is not None
    assert plain(" ".join(word.word for word in transcript.words)) == JFK
    measurement = last_measurement(vox, modelId="moonshine:tiny-en", route="transcribe.file", outcome="ok")
    assert measurement["audioDurationMs"] == pytest.approx(11_000, abs=1)
    assert measurement["queueMs"] < measurement["providerMs"]
    assert 0 < measurement["metrics"]["inferenceMs"] <= measurement["providerMs"]
    assert "text" not in measurement


def test_twenty_sentences_survive_being_spoken_and_heard(vox: Client, tmp_path: Path) -> None:
    heard: list[str] = []
    for sentence in SENTENCES:
        speech = vox.synthesize(sentence)
        (tmp_path / "a.wav").write_bytes(speech.audio)
        heard.append(vox.transcribe(tmp_path / "a.wav").text)
    assert jiwer.wer([plain(sentence) for sentence in SENTENCES], [plain(text) for text in heard]) <= 0.10


@pytest.mark.parametrize("format", ["wav", "flac", "ogg", "mp3", "opus"])
def test_speech_in_any_format_is_heard_again(vox: Client, tmp_path: Path, format: str) -> None:
    path = tmp_path / f"speech.{format}"
    path.write_bytes(vox.synthesize("Please close the window, it is getting cold.", format=format).audio)
    assert plain(vox.transcribe(path).text) == "please close the window it is getting cold"


def test_an_hour_of_silence_is_no_speech(vox: Client, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "hour.wav"), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        for _ in range(60):
            writer.writeframes(bytes(60 * 32_000))
    assert vox.transcribe(tmp_path / "hour.wav").text == ""


def test_what_is_no_recording(vox: Client, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("Dear diary, this is no sound at all.\n" * 20, encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.wav")
    (tmp_path / "headless.wav").write_bytes((AUDIO / "jfk.wav").read_bytes()[:20])
    expected: dict[str, type[VoxError]] = {
        "missing.wav": NoInput,
        ".": NoInput,
        "pipe.wav": NoInput,
        "empty.wav": UnsupportedAudio,
        "text.wav": UnsupportedAudio,
        "headless.wav": UnsupportedAudio,
    }
    for name, kind in expected.items():
        with pytest.raises(kind):
            vox.transcribe(tmp_path / name)
    _nothing_is_left(vox)


def test_a_recording_that_was_cut_off_gives_what_is_there(vox: Client, tmp_path: Path) -> None:
    data = (AUDIO / "jfk.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[: len(data) // 2 + 1])
    assert plain(vox.transcribe(tmp_path / "cut.wav").text).startswith("and so my fellow americans")


def test_models_and_voices_that_are_not_there_name_the_near_ones(vox: Client) -> None:
    with pytest.raises(ModelNotFound, match="moonshine:tiny-en"):
        vox.transcribe(AUDIO / "jfk.wav", "moonshine:tiny")
    with pytest.raises(VoiceNotFound, match="af_heart"):
        vox.synthesize("Hello.", voice="af_hart")


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "🙂🙂", "..."])
def test_texts_that_cannot_be_spoken(vox: Client, text: str) -> None:
    with pytest.raises(InvalidRequest):
        vox.synthesize(text)
    _nothing_is_left(vox)


def test_a_text_over_the_engines_limit(vox: Client) -> None:
    with pytest.raises(TextTooLong, match="in parts"):
        vox.synthesize("x" * 100_000)
    _nothing_is_left(vox)


@pytest.mark.parametrize("text", ["Good morning 🙂 to you\x00 all.", "Good morning\ud800 to you all."])
def test_what_has_no_sound_does_not_disturb_the_rest(vox: Client, tmp_path: Path, text: str) -> None:
    (tmp_path / "a.wav").write_bytes(vox.synthesize(text).audio)
    assert plain(vox.transcribe(tmp_path / "a.wav").text) == "good morning to you all"


def _nothing_is_left(vox: Client) -> None:
    assert list(vox.home.spool.iterdir()) == []
    for provider in vox.status()["providers"]:
        assert (provider["inUse"], provider["queued"]) == (0, 0)
