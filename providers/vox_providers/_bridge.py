"""A child process that answers lines of JSON-RPC, one request at a time. It ends with the provider."""

import json
import os
import select
import subprocess
from binascii import a2b_base64
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from time import monotonic
from typing import Any

from vox.provider import Call, ProviderError
from vox_providers import _children

__all__ = ["Bridge"]

_LOOK_S = 0.05  # how often a waiting call looks whether it was cancelled
_GRACE_S = 1.0  # for a cancelled request to end by itself; then the child is ended, and the models in it are gone
_PIECE = 1 << 16  # bytes
_LONGEST_LINE = 256 << 20  # bytes; what Vox itself reads at most


class Bridge:
    """The child, started when it is first needed and again when it has ended.

    Args:
        name: For errors.
    """

    def __init__(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self._name, self._argv, self._environment = name, argv, environment
        self._child: subprocess.Popen[bytes] | None = None
        self._rest = b""
        self._number = 0
        self._turn = Lock()
        self._starts = 0

    @property
    def generation(self) -> int:
        """Which start of the child it is that runs now, from 1 on; 0 while none does."""
        child = self._child
        return self._starts if child is not None and child.poll() is None else 0

    def request(
        self,
        method: str,
        params: Mapping[str, Any],
        call: Call,
        limit_s: float,
        hear: Callable[[bytes, int], None] | None = None,
    ) -> dict[str, Any]:
        """Ask, and wait for the answer.

        Args:
            limit_s: Seconds the answer may take, the child's start included.
            hear: Takes sound that comes before the answer: 16-bit PCM and its rate.

        Raises:
            ProviderError: The child answered with an error, ended, took too long, or the call was cancelled.
        """
        end = monotonic() + limit_s
        while not self._turn.acquire(timeout=_LOOK_S):
            call.raise_if_cancelled()
            self._check(end, limit_s)
        try:
            self._start()
            self._number += 1
            self._write({"id": self._number, "method": method, "params": params})
            return self._answer(call, end, limit_s, hear)
        finally:
            self._turn.release()

    def _answer(
        self, call: Call, end: float, limit_s: float, hear: Callable[[bytes, int], None] | None
    ) -> dict[str, Any]:
        given_up = 0.0
        while True:
            if call.cancelled and not given_up:
                given_up = monotonic() + _GRACE_S
                self._write({"method": "cancel", "params": {"id": self._number}})
            if given_up and monotonic() > given_up:
                self._stop()
                call.raise_if_cancelled()
            if monotonic() > end:
                self._stop()
                self._check(end, limit_s)
            message = self._message()
            params = message.get("params") or {}
            if message.get("method") == "audio" and params.get("id") == self._number and hear and not call.cancelled:
                hear(a2b_base64(params["audioBase64"]), params["sampleRate"])
            elif message.get("id") == self._number:
                call.raise_if_cancelled()
                return self._result(message)

    def _result(self, message: dict[str, Any]) -> dict[str, Any]:
        error = message.get("error")
        if error is None:
            return message["result"]
        raise ProviderError(error["message"], code=(error.get("data") or {}).get("code"))

    def _check(self, end: float, limit_s: float) -> None:
        if monotonic() > end:
            raise ProviderError(f"{self._name} did not answer within {limit_s:g} s and was ended.")

    def _message(self) -> dict[str, Any]:
        """The next message; an empty one if none came for a moment."""
        assert self._child is not None and self._child.stdout is not None
        if b"\n" not in self._rest:
            pipe = self._child.stdout.fileno()
            if not select.select([pipe], [], [], _LOOK_S)[0]:
                return {}
            piece = os.read(pipe, _PIECE)
            if not piece or len(self._rest) > _LONGEST_LINE:
                raise self._ended()
            self._rest += piece
        line, newline, rest = self._rest.partition(b"\n")
        if not newline:
            return {}
        self._rest = rest
        try:
            message = json.loads(line)
        except ValueError:
            return {}
        return message if isinstance(message, dict) else {}

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self._child is not None and self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        except OSError as error:
            raise self._ended() from error

    def _start(self) -> None:
        if self._child is not None and self._child.poll() is None:
            return
        self._stop()
        self._rest = b""
        self._starts += 1
        self._child = _children.start(self._argv, subprocess.PIPE, subprocess.PIPE, 2, self._environment)

    def _ended(self) -> ProviderError:
        child = self._child
        self._stop()
        status = f" with status {child.returncode}" if child is not None else ""
        return ProviderError(f"{self._name} ended{status}; why is in the provider's log: vox providers logs")

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            _children.end(child)
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()
