"""Why a call has no result: what the author raises, and the error object that goes on the wire."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["BUSY", "CANCELLED", "Cancelled", "ProviderError", "invalid_params"]

BUSY = -32001
CANCELLED = -32800
FAILED = -32000  # JSON-RPC leaves -32000 to -32099 to the server
INVALID_PARAMS = -32602


class ProviderError(Exception):
    """A call failed in a way its caller should read.

    Args:
        message: What happened and what to do about it.
        code: One of the names Vox maps to its own errors: `provider_busy`, `model_not_found`, `model_not_installed`,
            `voice_not_found`, `unsupported_audio`, `audio_too_large`, `unsupported_format`, `text_too_long`,
            `unauthorized`, `payment_required`, `rate_limited`, `provider_timeout`, `provider_unavailable`,
            `provider_misbehaved`.
        rpc_code: The number in the JSON-RPC error.
        data: More for the error's `data`, such as `retryAfterMs`.
    """

    def __init__(self, message: str, code: str | None = None, rpc_code: int = FAILED, **data: object) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.rpc_code = BUSY if code == "provider_busy" else rpc_code
        self.data = data

    def to_wire(self) -> dict[str, Any]:
        """The error object of the answer."""
        data = {"code": self.code, **self.data} if self.code else dict(self.data)
        error: dict[str, Any] = {"code": self.rpc_code, "message": self.message}
        return {**error, "data": data} if data else error


class Cancelled(ProviderError):
    """The caller wants the result no more. `Call.raise_if_cancelled` raises it; let it pass."""

    def __init__(self) -> None:
        super().__init__("The call was cancelled.", rpc_code=CANCELLED)


def invalid_params(message: str) -> ProviderError:
    """The error for a request that lacks what its method needs."""
    return ProviderError(message, rpc_code=INVALID_PARAMS)
