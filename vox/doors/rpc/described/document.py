"""The description as an OpenRPC document (https://spec.open-rpc.org)."""

from functools import cache
from typing import Any

from vox import __version__
from vox.doors.rpc.described.schema import TEXT, Described, Param
from vox.doors.rpc.described.shapes import SHAPES
from vox.doors.rpc.described.speech import SPEECH
from vox.doors.rpc.described.upkeep import UPKEEP
from vox.errors import VoxError

__all__ = ["METHODS", "OPENRPC", "document"]

OPENRPC = "1.3.2"
"""The version of the form."""

METHODS: dict[str, Described] = dict(sorted({**SPEECH, **UPKEEP}.items()))
"""Every method by its name."""

_CLIENT = Param(TEXT, "A name for the client, under which its calls are measured and share capacity.")


@cache
def document() -> dict[str, Any]:
    """All methods. Not to be changed by the caller.

    Events, which OpenRPC has no word for, are told under `x-events` (of the running call) and `x-pushes` (of the
    connection): name and schema of the data. `x-for` says who may call: `owner`, `programs` (no web pages) or `all`.
    """
    kinds = sorted(VoxError.__subclasses__(), key=lambda kind: kind.code)
    return {
        "openrpc": OPENRPC,
        "info": {
            "title": "Vox client RPC",
            "version": __version__,
            "license": {"name": "Apache-2.0"},
            "description": "JSON-RPC 2.0 over a WebSocket or a unix socket; every call may be made many times at once.",
        },
        "methods": [_method(name, described) for name, described in METHODS.items()],
        "components": {
            "schemas": SHAPES,
            "errors": {kind.code: {"code": kind.rpc_code, "message": kind.code} for kind in [*kinds, VoxError]},
        },
    }


def _method(name: str, described: Described) -> dict[str, Any]:
    params = {**described.params, **({"clientId": _CLIENT} if described.identified else {})}
    told = {"x-events": described.events, "x-pushes": described.pushes}
    return {
        "name": name,
        "summary": described.summary,
        "paramStructure": "by-name",
        "params": [_param(key, param) for key, param in sorted(params.items(), key=lambda item: not item[1].required)],
        "result": {"name": "result", "schema": described.result},
        "x-for": "owner" if described.owner else "programs" if described.programs else "all",
        **{key: events for key, events in told.items() if events},
    }


def _param(name: str, param: Param) -> dict[str, Any]:
    return {"name": name, "description": param.about, "required": param.required, "schema": param.schema}
