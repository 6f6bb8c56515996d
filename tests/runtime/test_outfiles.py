"""Speech left in a file: read, taken away, and never from anywhere but the folder that was offered."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.conftest import CALLER, running
from tests.runtime.test_streams import provider, spoken, to_say, wav
from vox import errors
from vox.audio.spool import sweep
from vox.paths import Home
from vox.runtime import outfiles
from vox.runtime.outfiles import offered_folder, take_audio

pytestmark = pytest.mark.anyio

SOUND = wav(b"abcd")


def left(name: str, audio: bytes = SOUND) -> dict[str, Any]:
    return {"file": name, "bytes": spoken(audio)["audioBase64"]}


async def test_speech_is_taken_from_the_file(home: Home) -> None:
    async with running(home, provider("tts", "audio.path")) as setup:
        speech = await setup.runtime.synthesize(to_say(left("a.wav"), {"answer": {"audioPath": "a.wav"}}), CALLER)
        assert speech.audio == SOUND and setup.rows()[0]["outputBytes"] == len(SOUND)


async def test_base64_is_as_good(home: Home) -> None:
    async with running(home, provider("tts", "audio.path")) as setup:
        speech = await setup.runtime.synthesize(to_say({"answer": spoken(SOUND)}), CALLER)
        assert speech.audio == SOUND


async def test_who_does_not_offer_it_is_not_asked(home: Home) -> None:
    async with running(home, provider("tts")) as setup:
        with pytest.raises(errors.ProviderMisbehaved, match="no audioBase64"):
            await setup.runtime.synthesize(to_say({"answer": {"audioPath": "/etc/hostname"}}), CALLER)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([{"answer": {"audioPath": "none.wav"}}], "cannot be read"),
        ([{"answer": {"audioPath": "/etc/hostname"}}], "not inside the folder"),
        ([{"answer": {"audioPath": "../../home/providers.json"}}], "not inside the folder"),
        ([{"link": "a", "to": "/etc/hostname"}, {"answer": {"audioPath": "a"}}], "cannot be read"),
        ([{"link": "d", "to": "/etc"}, {"answer": {"audioPath": "d/hostname"}}], "not inside the folder"),
        ([{"answer": {"audioPath": "."}}], "not"),
        ([{"answer": {"audioPath": "a\0b"}}], "cannot be read"),
        ([left("a.wav", b""), {"answer": {"audioPath": "a.wav"}}], "has 0 bytes"),
        ([left("a.wav", b"no sound"), {"answer": {"audioPath": "a.wav"}}], "audio/wav"),
        ([{"answer": {"audioPath": 7}}], "neither audioBase64 nor audioPath"),
        ([{"answer": {}}], "neither audioBase64 nor audioPath"),
    ],
)
async def test_nothing_else_is_taken(home: Home, steps: list[dict[str, Any]], told: str) -> None:
    async with running(home, provider("tts", "audio.path")) as setup:
        with pytest.raises(errors.ProviderMisbehaved, match=told):
            await setup.runtime.synthesize(to_say(*steps), CALLER)
        speech = await setup.runtime.synthesize(to_say(left("a.wav"), {"answer": {"audioPath": "a.wav"}}), CALLER)
        assert speech.audio == SOUND


async def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(errors.ProviderMisbehaved, match="not a regular file"):
        await take_audio("pipe", tmp_path)


async def test_a_file_beyond_the_bound_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outfiles, "MAX_FILE", 3)
    (tmp_path / "a").write_bytes(b"1234")
    with pytest.raises(errors.ProviderMisbehaved, match="4 bytes; it must have 1 to 3"):
        await take_audio("a", tmp_path)


async def test_a_taken_file_is_gone_and_the_folder_with_it(tmp_path: Path) -> None:
    with offered_folder(tmp_path / "spool") as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "a").write_bytes(b"123")
        (folder / "b").write_bytes(b"123")
        assert await take_audio(str(folder / "a"), folder) == b"123"
        assert os.listdir(folder) == ["b"]
    assert os.listdir(tmp_path / "spool") == []


async def test_folders_of_a_killed_daemon_are_swept(tmp_path: Path) -> None:
    stale = offered_folder(tmp_path)
    (stale.__enter__() / "a").write_bytes(b"123")
    assert sweep(tmp_path) == 1 and os.listdir(tmp_path) == []
