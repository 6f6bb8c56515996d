"""What names mean: the user's table, listed models, OpenAI's own names, and everything else as it is."""

from collections.abc import Sequence

import pytest

from vox.config.openai_names import OpenAiNames, OpenAiVoice
from vox.doors.openai.names import MODELS, VOICES, Names
from vox.errors import ModelNotFound
from vox.types import Voice

pytestmark = pytest.mark.anyio


def voice(id: str, language: str = "en-US", *, default: bool = False, available: bool = True) -> Voice:
    return Voice(id, id.title(), "m", "b", language, available, default)


def names(*voices: Voice, listed: Sequence[str] = (), **table: object) -> Names:
    async def voices_of(model: str | None) -> Sequence[Voice]:
        if model == "broken":
            raise ModelNotFound("no")
        return voices

    written = OpenAiNames.model_validate(table)
    return Names(lambda: written, lambda model, kind: model in listed, voices_of)


@pytest.mark.parametrize("name", [*(name for name, kind in MODELS.items() if kind == "asr"), None, "", " "])
def test_openais_recognisers_are_the_default(name: str | None) -> None:
    assert names().asr(name) is None


@pytest.mark.parametrize("name", [name for name, kind in MODELS.items() if kind == "tts"])
def test_openais_speakers_are_the_default(name: str) -> None:
    assert names().tts(name, None) == (None, None)
    assert names().asr(name) == name  # not of this kind: the runtime says that there is none


def test_a_date_makes_no_difference() -> None:
    assert names().tts("gpt-4o-mini-tts-2025-12-15", None)[0] is None
    assert names().tts("tts-1-1106", None)[0] is None
    assert names().asr("whisper-2025-12-15") == "whisper-2025-12-15"
    assert names(models={"tts-1": "kokoro:v1"}).tts("tts-1-1106", None)[0] == "kokoro:v1"
    assert names(models={"tts-1-1106": "old:v1", "tts-1": "kokoro:v1"}).tts("tts-1-1106", None)[0] == "old:v1"


def test_other_names_are_themselves() -> None:
    assert names().asr("moonshine:tiny-en") == "moonshine:tiny-en"
    assert names().tts("kokoro:v1", "af_heart") == ("kokoro:v1", "af_heart")


def test_the_users_table_comes_first() -> None:
    table = names(models={"whisper-1": "whisper-1", "tts-1": "kokoro:v1", "mine": ""}, listed=["mine"])
    assert table.asr("whisper-1") == "whisper-1" and table.asr("mine") is None
    assert table.tts("tts-1", None)[0] == "kokoro:v1"


def test_a_listed_model_keeps_its_name() -> None:
    assert names(listed=["whisper-1"]).asr("whisper-1") == "whisper-1"


def test_voices_of_the_table() -> None:
    table = names(
        voices={"nova": "af_nova", "boss": {"model": "m:2", "voice": "b"}, "plain": "", "any": {"model": "m"}}
    )
    assert table.tts("x", "nova") == ("x", "af_nova")
    assert table.tts("x", "boss") == ("m:2", "b")
    assert table.tts("x", "plain") == ("x", None) and table.tts("x", "any") == ("m", None)


@pytest.mark.parametrize("name", VOICES)
async def test_openais_voices_without_voices(name: str) -> None:
    assert names().tts(None, name) == (None, None)
    assert await names().speaker(None, name) == (None, None)


async def test_a_voice_of_that_name() -> None:
    assert await names(voice("a", default=True), voice("Nova")).speaker("m", "nova") == ("m", "Nova")
    assert await names(voice("af_heart", default=True), voice("af_nova")).speaker("m", "nova") == ("m", "af_nova")


async def test_several_voices_are_told_apart_in_one_language() -> None:
    many = names(voice("zz", "de"), voice("a", default=True), voice("b"), voice("c"), voice("d", available=False))
    spoken = {name: (await many.speaker("m", name))[1] for name in VOICES}
    assert spoken["alloy"] == "a" and set(spoken.values()) == {"a", "b", "c"}


async def test_no_choice_where_the_model_has_none_of_its_own() -> None:
    assert await names(voice("a"), voice("b")).speaker("m", "echo") == ("m", None)
    assert await names().speaker("broken", "echo") == ("broken", None)
    assert await names(voice("a", default=True)).speaker("m", "other") == ("m", "other")


def test_every_name_that_means_a_model() -> None:
    assert names(models={"mine": "x", "tts-1": "y"}).aliases() == {**MODELS, "mine": None}


def test_a_table_with_a_slip() -> None:
    with pytest.raises(ValueError, match="speaker"):
        OpenAiNames.model_validate({"voices": {"x": {"speaker": "y"}}})
    assert OpenAiNames().voices == {} and OpenAiVoice().voice is None
