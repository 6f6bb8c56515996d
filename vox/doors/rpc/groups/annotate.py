"""Methods about what else is in a recording than its words."""

from typing import Any

from vox.doors.rpc.handler import Access, Emit, Handler
from vox.doors.rpc.params import Params
from vox.errors import InvalidRequest, PathNotAllowed
from vox.runtime.runtime import Runtime

__all__ = ["AnnotateMethods"]


class AnnotateMethods:
    """`annotate.file`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.handlers: dict[str, Handler] = {"annotate.file": self._annotate_file}

    async def _annotate_file(self, params: Params, access: Access, emit: Emit) -> dict[str, Any]:
        path = params.path("path")
        if not path:
            raise InvalidRequest("Missing path")
        if not access.files:
            raise PathNotAllowed("A web page may not name files.")
        given = {"text": params.text("text"), "words": _objects(params.value("words"))}
        known = {name: value for name, value in given.items() if value is not None}
        told = await self._runtime.annotator.annotate(path, params.text("modelId"), known, params.caller(emit))
        words = told.found.words
        return {
            "modelId": told.model,
            "text": told.found.text if told.found.text is not None else known.get("text"),
            "elapsedMs": round(told.elapsed_ms),
            "metrics": {"traceId": told.trace_id, **told.metrics},
            "words": [] if words is None else [word.model_dump(by_alias=True) for word in words],
            "speakers": [turn.model_dump(by_alias=True) for turn in told.found.speakers],
            "traceId": told.trace_id,
        }


def _objects(value: Any) -> list[dict[str, Any]] | None:
    if value is not None and not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
        raise InvalidRequest("words must be a list of objects.")
    return value
