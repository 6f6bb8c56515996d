"""Methods that turn text into speech."""

from typing import Any

import pybase64

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.doors.rpc.parts import send_speech
from vox.doors.rpc.shapes import problems_shape, speech_shape, voice_shape
from vox.doors.rpc.speaking import read_speech, read_timing, timing_shape
from vox.errors import InvalidRequest
from vox.runtime.runtime import Runtime
from vox.runtime.timing import Overheard, time_speech

__all__ = ["SpeechMethods"]


class SpeechMethods:
    """`synthesize.voices`, `synthesize.generate`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {
            "synthesize.voices": self._synthesize_voices,
            "synthesize.generate": self._synthesize_generate,
        }

    async def _synthesize_voices(self, params: Params, _: Access, __: Emit) -> dict[str, Any]:
        voices, problems = await self._runtime.voices(params.text("modelId"))
        return {"voices": [voice_shape(voice) for voice in voices], "problems": problems_shape(problems)}

    async def _synthesize_generate(self, params: Params, _: Access, emit: Emit) -> dict[str, Any]:
        streamed = params.flag("stream")
        request = read_speech(params, "pcm" if streamed else "wav")
        if streamed and request.format != "pcm":
            raise InvalidRequest("A stream carries raw 16-bit samples: leave format out, or say pcm.")
        wanted, caller = read_timing(params, request.text), params.caller(emit)
        history, overheard = self._runtime.history, Overheard()
        try:
            if streamed:
                stream = self._runtime.synthesize_stream(request, caller)
                speech = await send_speech(overheard.passing(stream) if wanted else stream, emit)
            else:
                speech = await self._runtime.synthesize(request, caller)
        except BaseException as error:
            history.failed("synthesis", error, caller, model=request.model)
            raise
        history.spoken(speech, request.text, caller)
        answer = speech_shape(speech)
        if not streamed:
            audio = pybase64.b64encode(speech.audio).decode("ascii")
            answer |= {"audioBase64": audio, "audioBytes": len(speech.audio)}
        if wanted:
            heard = overheard.speech(speech) if streamed else speech
            found = await time_speech(self._runtime, request.text, heard, wanted, caller)
            answer |= {"speechTiming": timing_shape(found)} if found else {}
        return answer
