"""Methods that turn speech into text."""

from typing import Any

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.doors.rpc.parts import send_text
from vox.doors.rpc.shapes import transcript_shape
from vox.errors import InvalidRequest, PathNotAllowed
from vox.runtime.requests import TranscribeRequest
from vox.runtime.runtime import Runtime

__all__ = ["RecognitionMethods"]


class RecognitionMethods:
    """`transcribe.file`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {"transcribe.file": self._transcribe_file}

    async def _transcribe_file(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        path = params.path("path")
        if not path:
            raise InvalidRequest("Missing path")
        if not access.files:
            raise PathNotAllowed("A web page may not name files; send the audio instead.")
        request = TranscribeRequest(
            source=path,
            model=params.text("modelId"),
            language=params.text("language"),
            prompt=params.text("prompt"),
            hotwords=params.texts("hotwords"),
            # The published clients show word timings without ever asking for them.
            words=params.flag("words") if params.given("words") or not params.classic else True,
            temperature=params.number("temperature"),
            task=params.text("task"),
            max_wait_s=params.seconds("maxWaitMs"),
        )
        caller = params.caller(emit)
        history = self._runtime.history
        try:
            if params.flag("partials"):
                transcript = await send_text(self._runtime.transcribe_partials(request, caller), emit)
            else:
                transcript = await self._runtime.transcribe(request, caller)
        except BaseException as error:
            history.failed("transcription", error, caller, model=request.model, source="file")
            raise
        shape = transcript_shape(transcript, classic=params.classic)
        return {**shape, "historyId": history.transcribed(transcript, caller)}
