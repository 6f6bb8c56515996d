"""`/v1/audio/transcriptions` and `/v1/audio/translations`: a recording becomes text."""

from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from vox.doors.bodies import Uploads
from vox.doors.openai.answers import answer
from vox.doors.openai.caller import caller_of
from vox.doors.openai.diarized import check_diarization, diarized
from vox.doors.openai.names import Names
from vox.doors.openai.streaming import EVENTS, begun, event, telling_errors
from vox.doors.openai.transcript_request import UNREAD, Asked, read_form
from vox.doors.openai.transcript_shapes import written
from vox.doors.openai.translators import translator
from vox.doors.presence import while_present
from vox.errors import VoxError
from vox.runtime.requests import Caller
from vox.runtime.runtime import Runtime
from vox.types import Partial, Transcript

__all__ = ["Transcribing"]


class Transcribing:
    """Both endpoints over one runtime."""

    def __init__(self, runtime: Runtime, names: Names, spool: Path) -> None:
        self._runtime, self._names = runtime, names
        self._uploads = Uploads(spool, lambda: runtime.configuration.settings.max_audio_bytes, UNREAD)

    async def transcribe(self, request: Request) -> Response:
        """What is said, in the language in which it is said.

        Raises:
            VoxError: As `Runtime.transcribe`.
        """
        caller = caller_of(request, "audio.transcriptions")
        async with AsyncExitStack() as stack:
            asked = read_form(await stack.enter_async_context(self._uploads.receive(request)))
            asked = _for_model(asked, self._names.asr(asked.request.model))
            if not asked.stream:
                return await while_present(request.receive, partial(self._answer, asked, caller))
            events = self._events(asked, caller, stack.pop_all())
        return await begun(request, telling_errors(events), EVENTS)

    async def translate(self, request: Request) -> Response:
        """What is said, in English.

        Raises:
            Unsupported: The model cannot translate.
            VoxError: As `Runtime.transcribe`.
        """
        caller = caller_of(request, "audio.translations")
        async with self._uploads.receive(request) as form:
            asked = read_form(form, translate=True)
            return await while_present(request.receive, partial(self._translation, asked, caller))

    async def _translation(self, asked: Asked, caller: Caller) -> Response:
        model = await translator(self._runtime, self._names.asr(asked.request.model))
        return await self._answer(_for_model(asked, model), caller)

    async def _answer(self, asked: Asked, caller: Caller) -> Response:
        by_speakers = asked.format == "diarized_json"
        if by_speakers:
            await check_diarization(self._runtime)
        with self._recorded(asked, caller):
            transcript = await self._runtime.transcribe(asked.request, caller)
            shape = await diarized(self._runtime, transcript, asked, caller) if by_speakers else None
        self._runtime.history.transcribed(transcript, caller)
        return written(transcript, asked) if shape is None else answer(shape)

    async def _events(self, asked: Asked, caller: Caller, holding: AsyncExitStack) -> AsyncGenerator[bytes]:
        """The text piece by piece, and all of it at the end. What was sent once stays: of a partial only that part
        counts that its engine has promised not to change."""
        sent, transcript = "", None
        async with holding:
            with self._recorded(asked, caller):
                async with aclosing(self._runtime.transcribe_partials(asked.request, caller)) as parts:
                    async for part in parts:
                        text = _settled(part)
                        if text.startswith(sent) and len(text) > len(sent):
                            yield event({"type": "transcript.text.delta", "delta": text[len(sent) :]})
                            sent = text
                        if isinstance(part, Transcript):
                            transcript = part
            if transcript is not None:
                self._runtime.history.transcribed(transcript, caller)
                yield event({"type": "transcript.text.done", "text": transcript.text})

    @contextmanager
    def _recorded(self, asked: Asked, caller: Caller) -> Generator[None]:
        """Lets the history know of a failure, and the client read of its own file rather than of where it lies here."""
        try:
            yield
        except BaseException as error:
            self._runtime.history.failed("transcription", error, caller, model=asked.request.model, source="file")
            if isinstance(error, VoxError):
                error.message = error.message.replace(str(asked.audio), "the file")
            raise


def _for_model(asked: Asked, model: str | None) -> Asked:
    return replace(asked, request=replace(asked.request, model=model))


def _settled(part: Partial | Transcript) -> str:
    return part.text if isinstance(part, Transcript) else part.text[: part.stable].lstrip()
