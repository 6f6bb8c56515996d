"""The error table: complete, unambiguous, and told the same way by every class."""

import ast
import inspect
from pathlib import Path

import pytest

from vox import errors
from vox.errors import VoxError

EVERY = [VoxError, *VoxError.__subclasses__()]

# code, JSON-RPC code, HTTP status, exit status, retryable: the design's table, row by row.
TABLE = {
    "VoxError": ("internal", -32603, 500, 70, False),
    "ConfigError": ("invalid_config", -32010, 500, 78, False),
    "InvalidRequest": ("invalid_request", -32602, 400, 64, False),
    "NotAuthorized": ("unauthorized", -32011, 401, 77, False),
    "OriginRefused": ("origin_refused", -32011, 403, 77, False),
    "PathNotAllowed": ("path_not_allowed", -32012, 403, 77, False),
    "UnsupportedAudio": ("unsupported_audio", -32013, 415, 65, False),
    "AudioTooLarge": ("audio_too_large", -32013, 413, 65, False),
    "TextTooLong": ("text_too_long", -32017, 413, 65, False),
    "NoInput": ("no_input", -32014, 404, 66, False),
    "ModelNotFound": ("model_not_found", -32020, 404, 66, False),
    "VoiceNotFound": ("voice_not_found", -32021, 404, 66, False),
    "ModelNotInstalled": ("model_not_installed", -32022, 409, 66, False),
    "ProviderBusy": ("provider_busy", -32001, 429, 75, True),
    "QueueTimeout": ("queue_timeout", -32002, 503, 75, True),
    "NoRoom": ("no_room", -32007, 503, 75, True),
    "UploadTimeout": ("upload_timeout", -32008, 408, 75, True),
    "MicrophoneUnavailable": ("microphone_unavailable", -32004, 503, 69, True),
    "SpeakerUnavailable": ("speaker_unavailable", -32006, 503, 69, True),
    "Unsupported": ("unsupported", -32015, 501, 64, False),
    "LiveSessionBusy": ("live_session_busy", -32005, 409, 75, True),
    "LiveSessionNotFound": ("live_session_not_found", -32023, 404, 66, False),
    "LiveSessionOwnerMismatch": ("live_session_owner_mismatch", -32016, 403, 77, False),
    "SessionCancelled": ("session_cancelled", -32801, 499, 130, False),
    "DeviceBusy": ("device_busy", -32003, 409, 75, True),
    "ProviderUnavailable": ("provider_unavailable", -32030, 503, 69, True),
    "ProviderCrashed": ("provider_crashed", -32031, 502, 70, True),
    "ProviderTimeout": ("provider_timeout", -32032, 504, 70, True),
    "ProviderMisbehaved": ("provider_misbehaved", -32033, 502, 70, True),
    "ProviderFailed": ("provider_error", -32034, 502, 70, False),
    "ProviderUnauthorized": ("provider_unauthorized", -32035, 502, 77, False),
    "PaymentRequired": ("payment_required", -32036, 402, 69, False),
    "RateLimited": ("rate_limited", -32037, 429, 75, True),
    "LlmNotConfigured": ("llm_not_configured", -32050, 501, 78, False),
    "LlmUnavailable": ("llm_unavailable", -32051, 503, 69, True),
    "LlmFailed": ("llm_error", -32052, 502, 70, False),
    "LlmTimeout": ("llm_timeout", -32053, 504, 70, True),
    "Cancelled": ("cancelled", -32800, 499, 130, False),
    "AgentConflict": ("agent_conflict", -32060, 409, 75, True),
    "AgentReserved": ("agent_reserved", -32061, 403, 77, False),
    "AgentNotConnected": ("agent_not_connected", -32062, 404, 66, False),
    "CatalogUnavailable": ("catalog_unavailable", -32041, 502, 69, True),
    "ServiceUnavailable": ("service_unavailable", -32042, 503, 69, False),
    "DaemonUnavailable": ("daemon_unavailable", -32040, 503, 69, True),
}


def test_the_table_is_the_designs() -> None:
    actual = {
        kind.__name__: (kind.code, kind.rpc_code, kind.http_status, kind.exit_status, kind.retryable) for kind in EVERY
    }
    assert actual == TABLE


def test_codes_are_found_again_and_unknown_ones_are_internal() -> None:
    assert len({kind.code for kind in EVERY}) == len(EVERY)
    for kind in EVERY:
        assert errors.by_code(kind.code) is kind
    assert errors.by_code("of_a_later_version") is VoxError


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.code)
def test_every_error_tells_code_message_and_facts(kind: type[VoxError]) -> None:
    error = kind("What happened.", retryAfterMs=5)
    assert str(error) == error.message == "What happened."
    assert error.info() == {
        "code": kind.code,
        "message": "What happened.",
        "retryable": kind.retryable,
        "retryAfterMs": 5,
    }


def test_every_error_is_described_and_exported() -> None:
    assert {kind.__name__ for kind in EVERY} | {"by_code"} == set(errors.__all__)
    assert all(inspect.getdoc(kind) for kind in EVERY)


def test_the_tree_in_the_docstring_is_the_table() -> None:
    drawn = dict(line.strip("│├└─ ").split() for line in (errors.__doc__ or "").splitlines() if "──" in line)
    assert drawn == {name: row[0] for name, row in TABLE.items() if name != "VoxError"}


def test_it_imports_nothing_but_typing() -> None:
    tree = ast.parse(Path(errors.__file__).read_text(encoding="utf-8"))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [getattr(node, "module", None) for node in imported] == ["typing"]
