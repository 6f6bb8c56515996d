"""The routes of the companion bridge, each at its published place and under `/v1`.

What the client RPC has a method for is asked of that method, so that a page gets the same answers on both doors.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from anyio.abc import TaskGroup
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Scope

from vox import __version__
from vox.doors.bodies import Form, Uploads, content_type, read_json
from vox.doors.companion.conversation import Conversation, Silent
from vox.doors.companion.jobs import Job, Jobs
from vox.doors.companion.owners import Lives, Speaking
from vox.doors.companion.wire import (
    alignment_shape,
    answer,
    backends_shape,
    caller_of,
    failure,
    features_shape,
    transcribe_request,
    transcription_shape,
)
from vox.doors.presence import while_present
from vox.doors.rpc.handler import Access
from vox.doors.rpc.methods import Methods
from vox.doors.rpc.shapes import model_shape
from vox.errors import Cancelled, InvalidRequest, PathNotAllowed, VoxError
from vox.log import get_logger
from vox.paths import Home
from vox.runtime.requests import Caller
from vox.runtime.runtime import Runtime

__all__ = ["Companion"]

_log = get_logger()

_GONE = 499  # nobody reads it; the number says so in a log

_Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


class Companion:
    """The bridge over one runtime.

    Args:
        access: Tells what a request may do.
        tasks: Where jobs run.
    """

    def __init__(
        self, runtime: Runtime, methods: Methods, home: Home, access: Callable[[Scope], Access], tasks: TaskGroup
    ) -> None:
        self._runtime, self._methods, self._access = runtime, methods, access
        self._spool = home.spool
        self._uploads = Uploads(home.spool, self._limit)
        self._jobs, self._lives, self._speaking = Jobs(tasks, self._tell), Lives(), Speaking()
        runtime.events.describe("jobs", lambda: {"jobs": self._jobs.summary()})

    def routes(self) -> list[Route]:
        """The routes. Nothing that is asked with GET changes anything."""
        table: list[tuple[str, str, _Endpoint]] = [
            ("GET", "/health", self._health),
            ("GET", "/capabilities", self._capabilities),
            ("POST", "/transcribe", self._transcribe),
            ("POST", "/jobs", self._begin_job),
            ("GET", "/jobs/{job}", self._job),
            ("GET", "/live", self._live_status),
            ("POST", "/live", self._begin_live),
            ("POST", "/live/stop", partial(self._end_live, "transcribe.stopSession")),
            ("POST", "/live/cancel", partial(self._end_live, "transcribe.cancelSession")),
            ("GET", "/voices", self._voices),
            ("GET", "/speak", self._speak_status),
            ("POST", "/speak", self._speak),
            ("POST", "/speak/cancel", self._cancel_speech),
        ]
        return [
            Route(prefix + path, _answering(endpoint), methods=[method])
            for method, path, endpoint in table
            for prefix in ("", "/v1")
        ]

    async def _health(self, request: Request) -> Response:
        port = (request.scope.get("server") or (None, None))[1]
        return answer({"ok": True, "service": "vox-companion", "version": __version__, "port": port})

    async def _capabilities(self, request: Request) -> Response:
        models, _ = await while_present(request.receive, partial(self._runtime.models, ("asr", "tts")))
        return answer(
            {
                "running": True,
                "version": __version__,
                "features": features_shape(models),
                "backends": backends_shape(models),
                "daemon": await self._call(request, "health", {}),
                "models": [model_shape(info) for info in sorted(models, key=lambda info: info.id)],
            }
        )

    async def _transcribe(self, request: Request) -> Response:
        async with self._uploads.receive(request) as form:
            asked, caller = transcribe_request(form, _audio(form)), caller_of(form.fields, "transcribe.file")
            transcript = await while_present(request.receive, lambda: self._runtime.transcribe(asked, caller))
        return answer(transcription_shape(transcript))

    # ---- jobs

    async def _begin_job(self, request: Request) -> Response:
        self._jobs.check_room()
        async with AsyncExitStack() as stack:
            if content_type(request) == "multipart/form-data":
                form = await stack.enter_async_context(self._uploads.receive(request))
                fields: dict[str, Any] = dict(form.fields)
                audio = _audio(form)
                work = partial(self._align, form, caller_of(fields, "jobs.alignment"), audio)
            else:
                fields = await read_json(request)
                form = Form({name: value for name, value in fields.items() if isinstance(value, str)})
                work = partial(self._fetch_and_align, form, caller_of(fields, "jobs.alignment"), self._url(fields))
            kind = fields.get("type")
            if kind != "alignment":
                raise InvalidRequest(f"type is {kind!r}; it must be alignment.")
            transcribe_request(form, Path())  # what is wrong with it is said now rather than by the job
            owner = self._access(request.scope).origin
            job = self._jobs.begin(kind, owner, work, stack.pop_all())
        return answer({"jobId": job.id, "accepted": True})

    def _limit(self) -> int:
        return self._runtime.configuration.settings.max_audio_bytes

    def _tell(self, job: Job) -> None:
        """What is recognised stays between the job and its owner: others learn that there is one, and how it stands."""
        self._runtime.events.publish("jobs", f"job.{job.status}", job.summary())

    def _url(self, fields: dict[str, Any]) -> str:
        source: Any = fields.get("source")
        url: Any = source.get("audioUrl") if isinstance(source, dict) else None
        if not isinstance(url, str):
            raise InvalidRequest("Send the audio as a form's part `audio`, or its address as source.audioUrl.")
        if not self._runtime.configuration.settings.allow_url_jobs:
            raise PathNotAllowed("Addresses are not fetched: the setting allowUrlJobs is off. Send the audio itself.")
        return url

    async def _fetch_and_align(self, form: Form, caller: Caller, url: str) -> dict[str, Any]:
        from vox.doors.companion.fetch import Fetcher  # seldom needed, and slow to load

        async with Fetcher(self._spool, self._limit).fetch(url) as audio:
            return await self._align(form, caller, audio)

    async def _align(self, form: Form, caller: Caller, audio: Path) -> dict[str, Any]:
        return alignment_shape(await self._runtime.transcribe(transcribe_request(form, audio), caller))

    async def _job(self, request: Request) -> Response:
        job = self._jobs.find(request.path_params["job"], self._access(request.scope).origin)
        return answer({"error": "Job not found"}, 404) if job is None else answer(job.shape())

    # ---- live sessions

    async def _live_status(self, request: Request) -> Response:
        return answer(await self._call(request, "transcribe.sessionStatus", {}))

    async def _begin_live(self, request: Request) -> Response:
        params = await read_json(request)
        access = self._access(request.scope)
        live = self._lives.begin(access)

        def heard(data: dict[str, Any]) -> None:
            live.session = data.get("sessionId", live.session)

        return Conversation(
            lambda emit: self._methods.call("transcribe.startSession", params, access, emit, classic=True),
            heard,
            lambda: self._lives.end(live),
        )

    async def _end_live(self, method: str, request: Request) -> Response:
        params = await read_json(request)
        access = self._lives.acting_for(self._access(request.scope), params.get("sessionId"))
        return answer(await self._call(request, method, params, access))

    # ---- speech

    async def _voices(self, request: Request) -> Response:
        model = request.query_params.get("modelId")
        return answer(await self._call(request, "synthesize.voices", {"modelId": model} if model else {}))

    async def _speak_status(self, _: Request) -> Response:
        return answer({"session": None})  # what /speak does has no session, as published

    async def _speak(self, request: Request) -> Response:
        params = await read_json(request)
        owner = self._speaker(request, params)
        scope = self._speaking.begin(owner)
        try:
            with scope:
                return answer(await self._call(request, "synthesize.generate", params))
        finally:
            self._speaking.end(owner, scope)
        raise Cancelled("The speech was cancelled.")

    async def _cancel_speech(self, request: Request) -> Response:
        params = await read_json(request)
        return answer({"cancelled": self._speaking.cancel(self._speaker(request, params)), "sessionId": None})

    def _speaker(self, request: Request, params: dict[str, Any]) -> tuple[str | None, str]:
        return self._access(request.scope).origin, str(params.get("clientId", ""))

    async def _call(
        self, request: Request, method: str, params: dict[str, Any], access: Access | None = None
    ) -> dict[str, Any]:
        """A method of the client RPC, for as long as the client is there."""
        rights = access or self._access(request.scope)
        work = partial(self._methods.call, method, params, rights, Silent(), classic=True)
        return await while_present(request.receive, work)


def _audio(form: Form) -> Path:
    if form.audio is None:
        raise InvalidRequest("Missing audio: send the recording as the form's part `audio`.")
    return form.audio


def _answering(endpoint: _Endpoint) -> _Endpoint:
    """The endpoint, with whatever goes wrong as an answer."""

    async def run(request: Request) -> Response:
        try:
            return await endpoint(request)
        except VoxError as error:
            return failure(error)
        except ClientDisconnect:
            return Response(status_code=_GONE)
        except Exception as error:
            _log.exception("companion.failed", path=request.url.path)
            return failure(VoxError(f"Vox failed: {type(error).__name__}. See the daemon's log."))

    return run
