"""Pipecat's recipe at work, in an interpreter that has Pipecat: python pipecat_check.py RECIPE FOLDER

Prints a line of JSON: what was understood. What is heard is left in the folder.
"""

import asyncio
import json
import runpy
import sys
from pathlib import Path
from typing import Any

from pipecat.frames import frames
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

RATE = 24_000
BOUND_S = 30


class Collector(FrameProcessor):
    """Keeps what reaches it, and tells when it is enough."""

    def __init__(self, enough: type[frames.Frame], other: "Collector | None" = None) -> None:
        super().__init__()
        self._enough = enough
        self.seen: list[frames.Frame] = [] if other is None else other.seen
        self.done: asyncio.Event = asyncio.Event() if other is None else other.done

    async def process_frame(self, frame: frames.Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.seen.append(frame)
        if isinstance(frame, (self._enough, frames.ErrorFrame)):
            self.done.set()
        await self.push_frame(frame, direction)

    def of(self, kind: type[Any]) -> list[Any]:
        return [frame for frame in self.seen if isinstance(frame, kind)]

    def sound(self) -> bytes:
        return b"".join(frame.audio for frame in self.of(frames.TTSAudioRawFrame))


async def through(service: Any, given: list[frames.Frame], enough: type[frames.Frame]) -> Collector:
    """A service in a pipeline, given these frames, until it has put out one of that kind."""
    end = Collector(enough)
    begin = Collector(enough, end)  # what was said, and errors, go upstream
    params = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
    worker = PipelineWorker(Pipeline([begin, service, end]), params=params, enable_rtvi=False)
    ready = asyncio.Event()
    worker.add_event_handler("on_pipeline_started", lambda *_: ready.set())
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    async with asyncio.timeout(BOUND_S):
        await ready.wait()
        await worker.queue_frames(given)
        await end.done.wait()
        await worker.queue_frame(frames.EndFrame())
        await running
    assert not end.of(frames.ErrorFrame), end.of(frames.ErrorFrame)
    return end


def sound(pcm: bytes, silence_s: float = 0.0) -> list[frames.Frame]:
    """Sound, 100 ms at a time."""
    whole = pcm + bytes(2 * round(silence_s * RATE))
    return [frames.InputAudioRawFrame(whole[at : at + RATE // 5], RATE, 1) for at in range(0, len(whole), RATE // 5)]


async def main(recipe: str, folder: Path) -> None:
    given = runpy.run_path(recipe)
    pcm = (folder / "said.pcm").read_bytes()
    told: dict[str, str] = {}
    turn = [frames.VADUserStartedSpeakingFrame(), *sound(pcm), frames.VADUserStoppedSpeakingFrame()]
    ears = await through(given["ears"], turn, frames.TranscriptionFrame)
    told["recognized"] = ears.of(frames.TranscriptionFrame)[0].text
    live = await through(given["live_ears"], sound(pcm, 1.0), frames.TranscriptionFrame)
    told["streamed"] = live.of(frames.TranscriptionFrame)[0].text
    mouth = await through(given["mouth"], [frames.TTSSpeakFrame("The quick brown fox jumps.")], frames.TTSStoppedFrame)
    (folder / "pipecat-tts.heard").write_bytes(mouth.sound())
    talk = await through(given["talker"], sound(pcm, 1.0), frames.TTSStoppedFrame)
    told["said"] = talk.of(frames.TranscriptionFrame)[0].text
    (folder / "pipecat-talk.heard").write_bytes(talk.sound())
    told["answer"] = "".join(frame.text for frame in talk.of(frames.TTSTextFrame))
    print(json.dumps(told))


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
