"""LiveKit's recipe at work, in an interpreter that has LiveKit: python livekit_check.py RECIPE FOLDER

Prints a line of JSON: what was understood. What is heard is left in the folder.
"""

import asyncio
import json
import runpy
import sys
from pathlib import Path
from typing import Any

from livekit import rtc
from livekit.agents import stt, utils
from livekit.plugins import openai

RATE = 24_000
BOUND_S = 30


def frames(pcm: bytes, silence_s: float = 0.0) -> list[rtc.AudioFrame]:
    """Sound, 100 ms at a time."""
    sound = pcm + bytes(2 * round(silence_s * RATE))
    pieces = [sound[at : at + RATE // 5] for at in range(0, len(sound), RATE // 5)]
    return [rtc.AudioFrame(piece, RATE, 1, len(piece) // 2) for piece in pieces]


async def recognized(ears: Any, pcm: bytes) -> str:
    """A recording at once."""
    event = await ears.recognize(frames(pcm))
    return event.alternatives[0].text


async def streamed(ears: Any, pcm: bytes) -> str:
    """Speech as it comes, until its turn ends."""
    stream = ears.stream()
    for frame in frames(pcm, 1.0):
        stream.push_frame(frame)
    try:
        async for event in stream:
            if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
                return event.alternatives[0].text
    finally:
        await stream.aclose()
    raise AssertionError("nothing was understood")


async def spoken(mouth: Any, text: str) -> bytes:
    return b"".join([bytes(event.frame.data) async for event in mouth.synthesize(text)])


async def conversation(model: Any, pcm: bytes) -> tuple[str, str, bytes]:
    """What was said to it, what it answered, and how that sounds."""
    session = model.session()
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    failed: list[Any] = []

    def understood(event: Any) -> None:
        if event.is_final and not heard.done():
            heard.set_result(event.transcript)

    session.on("input_audio_transcription_completed", understood)
    session.on("generation_created", lambda event: answer.done() or answer.set_result(event))
    session.on("error", failed.append)
    for frame in frames(pcm, 1.0):
        session.push_audio(frame)
    said = await heard
    generation = await answer
    async for message in generation.message_stream:
        sound = [bytes(frame.data) async for frame in message.audio_stream]
        text = [piece async for piece in message.text_stream]
        await session.aclose()
        assert not failed, failed
        return said, "".join(map(str, text)), b"".join(sound)
    raise AssertionError("no answer")


async def main(recipe: str, folder: Path) -> None:
    async with utils.http_context.open():
        given = runpy.run_path(recipe)
        pcm = (folder / "said.pcm").read_bytes()
        told: dict[str, str] = {}
        async with asyncio.timeout(BOUND_S):
            told["recognized"] = await recognized(openai.STT(**given["VOX"]), pcm)
            told["streamed"] = await streamed(given["ears"], pcm)
            by_hand = openai.STT(**given["VOX"], model="gpt-realtime-whisper")  # LiveKit finds the turns
            told["by hand"] = await streamed(by_hand, pcm)
            (folder / "livekit-tts.heard").write_bytes(await spoken(given["mouth"], "The quick brown fox jumps."))
            told["said"], told["answer"], sound = await conversation(given["talker"], pcm)
            (folder / "livekit-talk.heard").write_bytes(sound)
        print(json.dumps(told))


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
