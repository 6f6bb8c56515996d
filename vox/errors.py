"""Every failure Vox reports, in one tree and with one table of codes.

    VoxError                    internal
    ├── ConfigError             invalid_config
    ├── InvalidRequest          invalid_request
    ├── NotAuthorized           unauthorized
    ├── OriginRefused           origin_refused
    ├── PathNotAllowed          path_not_allowed
    ├── UnsupportedAudio        unsupported_audio
    ├── AudioTooLarge           audio_too_large
    ├── TextTooLong             text_too_long
    ├── NoInput                 no_input
    ├── ModelNotFound           model_not_found
    ├── VoiceNotFound           voice_not_found
    ├── ModelNotInstalled       model_not_installed
    ├── ProviderBusy            provider_busy
    ├── QueueTimeout            queue_timeout
    ├── NoRoom                  no_room
    ├── UploadTimeout           upload_timeout
    ├── DeviceBusy              device_busy
    ├── LiveSessionBusy         live_session_busy
    ├── LiveSessionNotFound     live_session_not_found
    ├── LiveSessionOwnerMismatch live_session_owner_mismatch
    ├── SessionCancelled        session_cancelled
    ├── MicrophoneUnavailable   microphone_unavailable
    ├── SpeakerUnavailable      speaker_unavailable
    ├── Unsupported             unsupported
    ├── ProviderUnavailable     provider_unavailable
    ├── ProviderCrashed         provider_crashed
    ├── ProviderTimeout         provider_timeout
    ├── ProviderMisbehaved      provider_misbehaved
    ├── ProviderFailed          provider_error
    ├── ProviderUnauthorized    provider_unauthorized
    ├── PaymentRequired         payment_required
    ├── RateLimited             rate_limited
    ├── LlmNotConfigured        llm_not_configured
    ├── LlmUnavailable          llm_unavailable
    ├── LlmFailed               llm_error
    ├── LlmTimeout              llm_timeout
    ├── Cancelled               cancelled
    ├── AgentConflict           agent_conflict
    ├── AgentReserved           agent_reserved
    ├── AgentNotConnected       agent_not_connected
    ├── CatalogUnavailable      catalog_unavailable
    ├── ServiceUnavailable      service_unavailable
    └── DaemonUnavailable       daemon_unavailable

A class is a thing a caller can do something about. Each carries how every door renders it, so no door decides for
itself. The exit statuses follow sysexits.h. This module imports nothing: the command line loads it on every start.
"""

from typing import Any, ClassVar

__all__ = [
    "AgentConflict",
    "AgentNotConnected",
    "AgentReserved",
    "AudioTooLarge",
    "Cancelled",
    "CatalogUnavailable",
    "ConfigError",
    "DaemonUnavailable",
    "DeviceBusy",
    "InvalidRequest",
    "LiveSessionBusy",
    "LiveSessionNotFound",
    "LiveSessionOwnerMismatch",
    "LlmFailed",
    "LlmNotConfigured",
    "LlmTimeout",
    "LlmUnavailable",
    "MicrophoneUnavailable",
    "ModelNotFound",
    "ModelNotInstalled",
    "NoInput",
    "NoRoom",
    "NotAuthorized",
    "OriginRefused",
    "PathNotAllowed",
    "PaymentRequired",
    "ProviderBusy",
    "ProviderCrashed",
    "ProviderFailed",
    "ProviderMisbehaved",
    "ProviderTimeout",
    "ProviderUnauthorized",
    "ProviderUnavailable",
    "QueueTimeout",
    "RateLimited",
    "ServiceUnavailable",
    "SessionCancelled",
    "SpeakerUnavailable",
    "TextTooLong",
    "Unsupported",
    "UnsupportedAudio",
    "UploadTimeout",
    "VoiceNotFound",
    "VoxError",
    "by_code",
]


class VoxError(Exception):
    """An unexpected failure inside Vox, and the base of all others.

    Args:
        message: What happened and, where it is known, why and what to do about it.
        details: Facts for a program, in the wire's camelCase; they travel beside the message.
    """

    code: ClassVar[str] = "internal"
    rpc_code: ClassVar[int] = -32603
    http_status: ClassVar[int] = 500
    exit_status: ClassVar[int] = 70
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def info(self) -> dict[str, Any]:
        """The structured form every door sends: code, message, retryable and the details."""
        return {"code": self.code, "message": self.message, "retryable": self.retryable, **self.details}


class ConfigError(VoxError):
    """A configuration file says something Vox cannot use."""

    code, rpc_code, exit_status = "invalid_config", -32010, 78


class InvalidRequest(VoxError):
    """The request itself is wrong: a missing or ill-typed parameter, an unknown method."""

    code, rpc_code, http_status, exit_status = "invalid_request", -32602, 400, 64


class NotAuthorized(VoxError):
    """No token, or the wrong one."""

    code, rpc_code, http_status, exit_status = "unauthorized", -32011, 401, 77


class OriginRefused(VoxError):
    """A web page that is not on the allow-list, or a Host header that is not this machine."""

    code, rpc_code, http_status, exit_status = "origin_refused", -32011, 403, 77


class PathNotAllowed(VoxError):
    """The caller may not name files, or the file is not readable by the daemon's user."""

    code, rpc_code, http_status, exit_status = "path_not_allowed", -32012, 403, 77


class UnsupportedAudio(VoxError):
    """The bytes are not audio that can be decoded here."""

    code, rpc_code, http_status, exit_status = "unsupported_audio", -32013, 415, 65


class AudioTooLarge(VoxError):
    """The audio is over the size or duration cap."""

    code, rpc_code, http_status, exit_status = "audio_too_large", -32013, 413, 65


class TextTooLong(VoxError):
    """The text is longer than the model takes in one request."""

    code, rpc_code, http_status, exit_status = "text_too_long", -32017, 413, 65


class NoInput(VoxError):
    """The named file does not exist or is not a regular file."""

    code, rpc_code, http_status, exit_status = "no_input", -32014, 404, 66


class ModelNotFound(VoxError):
    """No provider serves this model id; `details["nearest"]` names ids that look like it."""

    code, rpc_code, http_status, exit_status = "model_not_found", -32020, 404, 66


class VoiceNotFound(VoxError):
    """The model has no such voice; `details["nearest"]` names voices that look like it."""

    code, rpc_code, http_status, exit_status = "voice_not_found", -32021, 404, 66


class ModelNotInstalled(VoxError):
    """The model is known, but its files are not here yet."""

    code, rpc_code, http_status, exit_status = "model_not_installed", -32022, 409, 66


class ProviderBusy(VoxError):
    """The limit is reached and the queue is full; details carry limit, inUse, queued, retryAfterMs."""

    code, rpc_code, http_status, exit_status, retryable = "provider_busy", -32001, 429, 75, True


class QueueTimeout(VoxError):
    """The call waited as long as it may; details as for `ProviderBusy`."""

    code, rpc_code, http_status, exit_status, retryable = "queue_timeout", -32002, 503, 75, True


class NoRoom(VoxError):
    """The daemon holds as much of something as it may: uploads, jobs."""

    code, rpc_code, http_status, exit_status, retryable = "no_room", -32007, 503, 75, True


class UploadTimeout(VoxError):
    """What a client sends comes too slowly."""

    code, rpc_code, http_status, exit_status, retryable = "upload_timeout", -32008, 408, 75, True


class DeviceBusy(VoxError):
    """Another client holds the sound device."""

    code, rpc_code, http_status, exit_status, retryable = "device_busy", -32003, 409, 75, True


class LiveSessionBusy(VoxError):
    """Another live session has the microphone; `details["sessionOwner"]` names session, client and state."""

    code, rpc_code, http_status, exit_status, retryable = "live_session_busy", -32005, 409, 75, True


class LiveSessionNotFound(VoxError):
    """No live session runs, or none with that id."""

    code, rpc_code, http_status, exit_status = "live_session_not_found", -32023, 404, 66


class LiveSessionOwnerMismatch(VoxError):
    """The live session belongs to another client."""

    code, rpc_code, http_status, exit_status = "live_session_owner_mismatch", -32016, 403, 77


class SessionCancelled(VoxError):
    """A session was ended by something else than its client's wish; `details["reason"]` says what."""

    code, rpc_code, http_status, exit_status = "session_cancelled", -32801, 499, 130


class MicrophoneUnavailable(VoxError):
    """There is no microphone, it may not be used, or it went away and no other took its place."""

    code, rpc_code, http_status, exit_status, retryable = "microphone_unavailable", -32004, 503, 69, True


class SpeakerUnavailable(VoxError):
    """Nothing here can play sound: there is no output device, its library is missing, or it failed or hangs."""

    code, rpc_code, http_status, exit_status, retryable = "speaker_unavailable", -32006, 503, 69, True


class Unsupported(VoxError):
    """Nothing that is configured here can do what was asked."""

    code, rpc_code, http_status, exit_status = "unsupported", -32015, 501, 64


class ProviderUnavailable(VoxError):
    """The provider cannot be started, or is backing off after a crash (`details["retryAfterMs"]`)."""

    code, rpc_code, http_status, exit_status, retryable = "provider_unavailable", -32030, 503, 69, True


class ProviderCrashed(VoxError):
    """The provider's process ended with this call inside; details carry exit code and last stderr lines."""

    code, rpc_code, http_status, exit_status, retryable = "provider_crashed", -32031, 502, 70, True


class ProviderTimeout(VoxError):
    """The provider did not answer within the call's time."""

    code, rpc_code, http_status, exit_status, retryable = "provider_timeout", -32032, 504, 70, True


class ProviderMisbehaved(VoxError):
    """The provider broke the protocol: an endless line, a result without what its method needs."""

    code, rpc_code, http_status, exit_status, retryable = "provider_misbehaved", -32033, 502, 70, True


class ProviderFailed(VoxError):
    """The provider answered with an error; its code and words are kept in the details."""

    code, rpc_code, http_status, exit_status = "provider_error", -32034, 502, 70


class ProviderUnauthorized(VoxError):
    """The vendor behind the provider wants a key, or refuses the one it was given. Our own token is not meant."""

    code, rpc_code, http_status, exit_status = "provider_unauthorized", -32035, 502, 77


class PaymentRequired(VoxError):
    """The account at the vendor has no credit left for this."""

    code, rpc_code, http_status, exit_status = "payment_required", -32036, 402, 69


class RateLimited(VoxError):
    """The vendor takes no more requests for now; `details["retryAfterMs"]` tells for how long, if the vendor does."""

    code, rpc_code, http_status, exit_status, retryable = "rate_limited", -32037, 429, 75, True


class LlmNotConfigured(VoxError):
    """The daemon has no language model; `llm.baseUrl` and `llm.model` of config.json name one."""

    code, rpc_code, http_status, exit_status = "llm_not_configured", -32050, 501, 78


class LlmUnavailable(VoxError):
    """The language model's server cannot be reached, or says that it is overloaded."""

    code, rpc_code, http_status, exit_status, retryable = "llm_unavailable", -32051, 503, 69, True


class LlmFailed(VoxError):
    """The language model's server refused the request, answered with an error, or broke off in its answer."""

    code, rpc_code, http_status, exit_status = "llm_error", -32052, 502, 70


class LlmTimeout(VoxError):
    """The language model wrote nothing for as long as it may."""

    code, rpc_code, http_status, exit_status, retryable = "llm_timeout", -32053, 504, 70, True


class Cancelled(VoxError):
    """The caller gave up."""

    code, rpc_code, http_status, exit_status = "cancelled", -32800, 499, 130


class AgentConflict(VoxError):
    """An agent of that id is connected already."""

    code, rpc_code, http_status, exit_status, retryable = "agent_conflict", -32060, 409, 75, True


class AgentReserved(VoxError):
    """Ids that begin and end with two underscores are nobody's."""

    code, rpc_code, http_status, exit_status = "agent_reserved", -32061, 403, 77


class AgentNotConnected(VoxError):
    """No agent of that id is connected; `details["connected"]` names those that are."""

    code, rpc_code, http_status, exit_status = "agent_not_connected", -32062, 404, 66


class CatalogUnavailable(VoxError):
    """The list of models cannot be fetched from where the user keeps it, or what is there is no such list."""

    code, rpc_code, http_status, exit_status, retryable = "catalog_unavailable", -32041, 502, 69, True


class ServiceUnavailable(VoxError):
    """The system's service manager is missing, cannot be reached, or refuses; details carry the command it was."""

    code, rpc_code, http_status, exit_status = "service_unavailable", -32042, 503, 69


class DaemonUnavailable(VoxError):
    """Client side: no daemon answers, and none could be started."""

    code, rpc_code, http_status, exit_status, retryable = "daemon_unavailable", -32040, 503, 69, True


_BY_CODE: dict[str, type[VoxError]] = {kind.code: kind for kind in [VoxError, *VoxError.__subclasses__()]}


def by_code(code: str) -> type[VoxError]:
    """The class for a wire code; `VoxError` for a code this version does not know."""
    return _BY_CODE.get(code, VoxError)
