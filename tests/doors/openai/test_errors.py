"""Every failure in OpenAI's shape."""

import json

import pytest

from vox.doors.openai.errors import refused, shape
from vox.errors import (
    InvalidRequest,
    ModelNotFound,
    NotAuthorized,
    ProviderBusy,
    ProviderFailed,
    QueueTimeout,
    VoiceNotFound,
    VoxError,
)

EVERY = [VoxError, *VoxError.__subclasses__()]


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.code)
def test_every_row_of_the_table(kind: type[VoxError]) -> None:
    status, body, headers = shape(kind("what, why, what to do", retryAfterMs=1500))
    error = body["error"]
    assert list(error) == ["message", "type", "param", "code"] and list(body) == ["error"]
    assert error["message"] == "what, why, what to do" and error["type"] and error["code"]
    assert 400 <= status < 600
    # What OpenAI's clients repeat by themselves is what may succeed later, and nothing else.
    repeated = (status in (408, 409, 429) or status >= 500) and headers["x-should-retry"] == "true"
    assert repeated is (kind.retryable and status != 415)
    assert ("retry-after" in headers) is (status in (429, 503))


def test_when_to_come_back() -> None:
    _, _, headers = shape(ProviderBusy("full", retryAfterMs=1500))
    assert headers == {"x-should-retry": "true", "retry-after": "2", "retry-after-ms": "1500"}
    assert shape(QueueTimeout("late"))[2]["retry-after"] == "1"


def test_the_field_at_fault() -> None:
    assert shape(ModelNotFound("no"))[1]["error"]["param"] == "model"
    assert shape(VoiceNotFound("no"))[1]["error"]["param"] == "voice"
    assert shape(InvalidRequest("no", param="speed"))[1]["error"]["param"] == "speed"
    assert shape(InvalidRequest("no"))[1]["error"]["param"] is None


def test_what_clients_look_for() -> None:
    status, body, headers = shape(NotAuthorized("no"))
    assert (status, body["error"]["code"], headers["www-authenticate"]) == (401, "invalid_api_key", "Bearer")
    assert shape(VoiceNotFound("no"))[0] == 400 and shape(ModelNotFound("no"))[0] == 404
    assert shape(ProviderFailed("no"))[2] == {"x-should-retry": "false"}


def test_who_is_turned_away_before_any_door() -> None:
    for path in ("/v1/audio/speech", "/v1/models", "/v1/models/x", "/v1/realtime/client_secrets"):
        assert json.loads(refused(path, 401) or b"")["error"]["code"] == "invalid_api_key"
        assert json.loads(refused(path, 403) or b"")["error"]["code"] == "origin_refused"
        assert refused(path, 421) is None
    assert refused("/v1/health", 401) is None and refused("/transcribe", 403) is None
