"""Methods that turn text into speech."""

from typing import Any

import pybase64

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.doors.rpc.parts import send_speech
from vox.doors.rpc.shapes import problems_shape, speech_shape, voice_shape
from vox.errors import InvalidRequest
from vox.runtime.requests import SynthesizeRequest
from vox.runtime.runtime import Runtime

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
        text = params.text("text", blank=True)
        if text is None:
            raise InvalidRequest("Missing text")
        streamed = params.flag("stream")
        request = SynthesizeRequest(
            text=text,
            model=params.text("modelId"),
            voice=params.text("voiceId"),
            format=params.text("format") or ("pcm" if streamed else "wav"),
            speed=params.number("speed", 0.25, 4.0),
            instructions=params.text("instructions"),
            language=params.text("language"),
            max_wait_s=params.seconds("maxWaitMs"),
        )
        if streamed and request.format != "pcm":
            raise InvalidRequest("A stream carries raw 16-bit samples: leave format out, or say pcm.")
        caller = params.caller(emit)
        history = self._runtime.history
        try:
            if streamed:
                speech = await send_speech(self._runtime.synthesize_stream(request, caller), emit)
            else:
                speech = await self._runtime.synthesize(request, caller)
        except BaseException as error:
            history.failed("synthesis", error, caller, model=request.model)
            raise
        history.spoken(speech, text, caller)
        if streamed:
            return speech_shape(speech)
        audio = pybase64.b64encode(speech.audio).decode("ascii")
        return {**speech_shape(speech), "audioBase64": audio, "audioBytes": len(speech.audio)}
