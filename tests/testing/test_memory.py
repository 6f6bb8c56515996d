"""A provider in memory gets the requests that it would get over pipes, and its answers are those of the wire."""

import threading
from collections.abc import Iterator

import pytest

from vox.provider import Call, Provider, ProviderError
from vox.testing import MemoryTransport
from vox.testing.memory import Notification

gate = threading.Event()
provider = Provider("mine", kind="asr", max_concurrency=2, streams=True)


@provider.models
def models() -> list[dict[str, object]]:
    return [{"id": "mine:1"}]


@provider.preload
def preload(call: Call) -> dict[str, object]:
    call.progress(1, "loading")
    return {"id": call.model_id, "preloaded": True}


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    call.send_partial("a", stable=True)
    match call.model_id:
        case "full":
            raise ProviderError("Come back later.", "provider_busy", retryAfterMs=7)
        case "broken":
            return {"text": object()}
        case "slow":
            while not gate.wait(0.001):
                call.raise_if_cancelled()
    return {"text": "a b", "confidence": float("nan")}


@pytest.fixture
def transport() -> Iterator[MemoryTransport]:
    gate.clear()
    with MemoryTransport(provider) as transport:
        yield transport


def test_results_are_those_of_the_wire(transport: MemoryTransport) -> None:
    assert transport.call("models")["features"] == ["cancel", "transcribe.partials"]
    result = transport.call("transcribe", {"modelId": "mine:1", "path": "/none.wav"})
    assert (result["text"], result["confidence"]) == ("a b", None)
    assert set(result["metrics"]) == {"inferenceMs", "totalMs"}


def test_notifications_are_kept_in_order(transport: MemoryTransport) -> None:
    transport.call("preload", {"modelId": "mine:1"})
    request = transport.send("transcribe", {"modelId": "mine:1", "path": "/none.wav", "partials": True})
    request.result()
    told = {"modelId": "mine:1", "progress": 1.0, "status": "loading"}
    assert transport.notifications == [
        Notification("progress", told),
        Notification("partial", {"id": request.number, "text": "a", "stable": True}),
    ]


def test_errors_are_those_that_the_author_raised(transport: MemoryTransport) -> None:
    with pytest.raises(ProviderError, match=r"Come back later\.") as refused:
        transport.call("transcribe", {"modelId": "full"})
    assert (refused.value.code, refused.value.rpc_code) == ("provider_busy", -32001)
    assert refused.value.data == {"retryAfterMs": 7}


@pytest.mark.parametrize(
    ("method", "params", "message", "number"),
    [
        ("synthesize", {}, "no method 'synthesize'", -32601),
        ("preload", {}, "preload needs modelId", -32602),
        ("transcribe", {"modelId": "broken", "path": "/none.wav"}, "cannot hold a value of type object", -32000),
    ],
)
def test_what_goes_wrong_in_the_kit_is_an_error_too(
    transport: MemoryTransport, method: str, params: dict[str, str], message: str, number: int
) -> None:
    with pytest.raises(ProviderError, match=message) as refused:
        transport.call(method, params)
    assert refused.value.rpc_code == number


def test_calls_run_beside_each_other_up_to_the_limit_and_can_be_cancelled(transport: MemoryTransport) -> None:
    first, second, third = [transport.send("transcribe", {"modelId": "slow"}) for _ in range(3)]
    third.cancel()
    with pytest.raises(ProviderError, match="cancelled") as cancelled:
        third.result()
    assert cancelled.value.rpc_code == -32800
    assert not first.done and not second.done
    second.cancel()
    with pytest.raises(ProviderError, match="cancelled"):
        second.result()
    gate.set()
    with pytest.raises(ProviderError, match="needs path"):
        first.result()


def test_an_answer_is_not_waited_for_without_end() -> None:
    gate.clear()
    late = pytest.raises(TimeoutError, match=r"transcribe was not answered within 0\.01 s")
    with MemoryTransport(provider, timeout_s=0.01) as transport, late:
        transport.call("transcribe", {"modelId": "slow"})


def test_the_end_stops_what_runs() -> None:
    gate.clear()
    with MemoryTransport(provider) as transport:
        request = transport.send("transcribe", {"modelId": "slow"})
    with pytest.raises(ProviderError, match="cancelled"):
        request.result()


def test_lines_that_are_no_requests(transport: MemoryTransport) -> None:
    transport.line(b"{")
    transport.line({"id": 9})
    assert [error.rpc_code for error in transport.refused] == [-32700, -32600]
