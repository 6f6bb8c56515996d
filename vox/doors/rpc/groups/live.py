"""Methods of live sessions: somebody speaks into the microphone of this machine, and the client reads along."""

from collections.abc import Callable
from typing import Any

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.doors.rpc.shapes import transcript_shape, words_shape
from vox.runtime.live.told import (
    Asker,
    DeviceChanged,
    Final,
    Guessed,
    Heard,
    Level,
    LiveRequest,
    StateChanged,
    Told,
    Warned,
)
from vox.runtime.runtime import Runtime

__all__ = ["LiveMethods"]


class LiveMethods:
    """`transcribe.startSession`, `transcribe.sessionStatus`, `transcribe.stopSession`, `transcribe.cancelSession`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {
            "transcribe.startSession": self._start,
            "transcribe.sessionStatus": self._status,
            "transcribe.stopSession": self._stop,
            "transcribe.cancelSession": self._cancel,
        }

    async def _start(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        request = _request(params)
        session, final = await self._runtime.live.run(
            request, _asker(params, access, emit), _teller(emit, params.classic)
        )
        if final is None:
            return {"cancelled": True, "sessionId": session}
        return _final_shape(final, params.classic)

    async def _status(self, _: Params, __: Access, ___: Emit) -> dict[str, Any]:
        sessions = self._runtime.live.statuses()
        return {"session": sessions[-1] if sessions else None}

    async def _stop(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        asker = _asker(params, access, emit)
        session, final = await self._runtime.live.stop(params.text("sessionId"), asker)
        if final is None:  # its last piece takes long; whoever began the session gets the text
            return {"stopped": True, "sessionId": session, "historyId": None, "result": None, "state": "processing"}
        result = _final_shape(final, params.classic)
        return {"stopped": True, "sessionId": session, "historyId": final.history_id, "result": result}

    async def _cancel(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        session = await self._runtime.live.cancel(params.text("sessionId"), _asker(params, access, emit))
        return {"cancelled": True, "sessionId": session}


def _asker(params: Params, access: Access, emit: Emit) -> Asker:
    return Asker(access.connection, params.caller(emit).client, access.owner, access.files)


def _request(params: Params) -> LiveRequest:
    return LiveRequest(
        model=params.text("modelId"),
        language=params.text("language"),
        prompt=params.text("prompt"),
        hotwords=params.texts("hotwords"),
        # The published clients show word timings without ever asking for them.
        words=params.flag("words") if params.given("words") or not params.classic else True,
        device=params.text("device"),
        max_s=params.number("maxSeconds", 0.1, 86_400),
        levels=params.flag("levels") or False,
        utterances=params.flag("utterances") or False,
        guesses=params.flag("guesses") or False,
    )


def _teller(emit: Emit, classic: bool) -> Callable[[str, Told], None]:
    """Writes what a session tells as events of the call that began it."""

    def tell(session: str, told: Told) -> None:
        event, data = _event(told, classic)
        emit(event, {"sessionId": session, **data})

    return tell


def _event(told: Told, classic: bool) -> tuple[str, dict[str, Any]]:
    """Name and data."""
    match told:
        case StateChanged(state, previous, reason):
            change: dict[str, Any] = {"state": state, "previous": previous}
            return "session.state", change | ({"reason": reason} if reason else {})
        case Heard():
            return _heard(told)
        case Guessed(text, sequence, stable):
            return "session.partial", {"text": text, "sequence": sequence, "stable": stable}
        case Level(rms, peak):
            return "session.level", {"rms": rms, "peak": peak}
        case DeviceChanged(device, previous):
            return "session.device", {"device": device, "previous": previous}
        case Warned(error):
            return "session.warning", error.info()
        case Final():
            return "session.final", _final_shape(told, classic)


def _heard(heard: Heard) -> tuple[str, dict[str, Any]]:
    newest = {"text": heard.utterance, "start": heard.start, "end": heard.end}
    if not heard.text:
        return "session.utterance", {"sequence": heard.sequence, **newest, "words": words_shape(heard.words)}
    # What was recognised of a piece stays as it is, and pieces come one after the other: all of it is stable.
    told = {"text": heard.text, "sequence": heard.sequence, "stable": len(heard.text), "utterance": newest}
    return "session.partial", told


def _final_shape(final: Final, classic: bool) -> dict[str, Any]:
    told = {"sessionId": final.session, "endedBy": final.ended_by, "historyId": final.history_id}
    return transcript_shape(final.transcript, classic=classic) | told
