"""Calls inside one child, without a child: deadlines to the millisecond, and lines in every order and every piece."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import clock
from vox import errors
from vox.host.process import ProviderProcess, Reader
from vox.protocol.framing import LineBuffer, LineTooLongError
from vox.protocol.provider import ProgressNotice


class Line:
    """A transport that keeps what is written; the child is whoever calls `says`."""

    process: Any = None

    def __init__(self, process: ProviderProcess) -> None:
        self.written: list[dict[str, Any]] = []
        self.full = False
        self._process, self._buffer = process, LineBuffer(1 << 16)

    def write(self, line: bytes) -> bool:
        if not self.full:
            self.written.append(json.loads(line))
        return not self.full

    def close_input(self) -> None:
        pass

    def close(self) -> None:
        pass

    def says(self, *messages: Any) -> None:
        """Lines of the child: JSON values, or bytes as they are."""
        for message in messages:
            line = message if isinstance(message, bytes) else json.dumps(message).encode()
            self._process.on_lines([line])

    def feeds(self, data: bytes) -> None:
        """Bytes of the child, in whatever pieces."""
        self._process.on_lines(list(self._buffer.feed(data)))


def _started() -> tuple[ProviderProcess, Line]:
    process = ProviderProcess("p", lambda _: None, lambda _: None)
    line = Line(process)
    process.attach(line)
    return process, line


def _raw(result: Any, _: bytes | None) -> Any:
    return result


async def _begin(
    process: ProviderProcess, method: str = "echo", timeout_s: float = 5.0, read: Reader[Any] = _raw, **options: Any
) -> "asyncio.Task[Any]":
    task = asyncio.ensure_future(process.call(method, {"modelId": "m"}, read, timeout_s, **options))
    await asyncio.sleep(0)
    return task


def _now() -> float:
    return asyncio.get_running_loop().time()


# ---- deadlines


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("models", "modelsMs"),
        ("voices", "modelsMs"),
        ("install", "installIdleMs"),
        ("preload", "preloadMs"),
        ("transcribe", "transcribeMs"),
        ("synthesize", "synthesizeMs"),
        ("whatever", "callMs"),
    ],
)
def test_every_timeout_has_a_name_and_comes_when_it_is_due(method: str, name: str) -> None:
    async def main() -> None:
        process, _ = _started()
        begin = _now()
        with pytest.raises(errors.ProviderTimeout) as caught:
            await process.call(method, {}, _raw, 42.0)
        assert _now() - begin == pytest.approx(42, abs=0.001)
        assert caught.value.details == {"provider": "p", "timeout": name, "timeoutMs": 42_000}
        assert f"did not answer {method} within 42 s." in caught.value.message
        assert f'"{name}"' in caught.value.message and "providers.json" in caught.value.message
        assert process.in_flight == 1  # it may be at work still

    clock.run(main())


def test_deadlines_come_in_their_order_whatever_the_order_of_the_calls() -> None:
    async def main() -> None:
        process, line = _started()
        ended: list[tuple[float, float]] = []

        async def wait(seconds: float) -> None:
            begin = _now()
            with pytest.raises(errors.ProviderTimeout):
                await process.call("echo", {}, _raw, seconds)
            ended.append((seconds, _now() - begin))

        async with asyncio.TaskGroup() as tasks:
            for seconds in (30.0, 10.0, 20.0, 10.0):
                tasks.create_task(wait(seconds))
            await asyncio.sleep(5)
            tasks.create_task(wait(1.0))
        assert [seconds for seconds, _ in ended] == [1, 10, 10, 20, 30]
        assert all(took == pytest.approx(seconds, abs=0.001) for seconds, took in ended)
        assert len(line.written) == 5

    clock.run(main())


def test_an_answer_in_the_last_moment_counts_and_one_after_it_is_late() -> None:
    async def main() -> None:
        process, line = _started()
        settled: list[float] = []
        first = await _begin(process, timeout_s=10.0)
        second = await _begin(process, timeout_s=10.0, on_settled=lambda: settled.append(_now()))
        begin = _now()
        await asyncio.sleep(9.999)
        line.says({"id": 1, "result": "in time"})
        assert await first == "in time"
        with pytest.raises(errors.ProviderTimeout):
            await second
        await asyncio.sleep(50)
        assert (settled, process.late, process.in_flight) == ([], 0, 1)
        line.says({"id": 2, "result": "late"}, {"id": 2, "result": "twice"})
        assert (process.late, process.noise, process.in_flight) == (1, 1, 0)
        assert settled == [pytest.approx(begin + 60, abs=0.01)]

    clock.run(main())


@pytest.mark.parametrize("form", ["progress", "notification"])
def test_progress_prolongs_a_call_for_as_long_as_it_comes(form: str) -> None:
    async def main() -> None:
        process, line = _started()
        seen: list[ProgressNotice] = []
        task = await _begin(process, "install", 60.0, on_progress=seen.append, prolong_s=60.0)
        begin = _now()
        told = {"modelId": "m", "progress": 0.5, "status": "downloading"}
        params = told if form == "progress" else {"event": "progress", "data": told}
        for _ in range(100):
            await asyncio.sleep(59)
            line.says({"method": form, "params": params})
        with pytest.raises(errors.ProviderTimeout, match="within 60 s of its last sign of progress") as caught:
            await task
        assert _now() - begin == pytest.approx(100 * 59 + 60, abs=0.01)
        assert caught.value.details["timeout"] == "installIdleMs" and len(seen) == 100

    clock.run(main())


@pytest.mark.parametrize(
    ("params", "prolongs"),
    [
        ({"modelId": "m", "progress": 0.5}, True),
        ({"progress": 0.5}, True),
        ({"requestId": 1, "progress": 0.5}, True),
        ({"requestId": "1", "progress": 0.5}, True),
        ({"modelId": "another", "progress": 0.5}, False),
        ({"requestId": 2, "progress": 0.5}, False),
        ({"modelId": "m"}, False),
        ({"modelId": "m", "progress": "half"}, False),
    ],
)
def test_only_progress_of_the_call_itself_prolongs_it(params: dict[str, Any], prolongs: bool) -> None:
    async def main() -> None:
        process, line = _started()
        begin = _now()
        task = await _begin(process, "preload", 10.0, on_progress=lambda _: None, prolong_s=10.0)
        await asyncio.sleep(9)
        line.says({"method": "progress", "params": params})
        with pytest.raises(errors.ProviderTimeout):
            await task
        assert _now() - begin == pytest.approx(19 if prolongs else 10, abs=0.01)

    clock.run(main())


def test_progress_does_not_prolong_what_it_is_not_asked_to() -> None:
    async def main() -> None:
        process, line = _started()
        begin = _now()
        task = await _begin(process, "transcribe", 10.0)
        await asyncio.sleep(9)
        line.says({"method": "progress", "params": {"modelId": "m", "progress": 0.5}})
        with pytest.raises(errors.ProviderTimeout):
            await task
        assert _now() - begin == pytest.approx(10, abs=0.01)

    clock.run(main())


# ---- cancelling


@pytest.mark.parametrize("can", [True, False])
def test_a_cancelled_call_is_told_to_a_provider_that_can_and_stays_counted(can: bool) -> None:
    async def main() -> None:
        process, line = _started()
        process.features = frozenset(["cancel"] if can else [])
        settled: list[bool] = []
        task = await _begin(process, on_settled=lambda: settled.append(True))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        told = [message for message in line.written if message["method"] == "cancel"]
        assert told == ([{"jsonrpc": "2.0", "method": "cancel", "params": {"id": 1}}] if can else [])
        assert (process.in_flight, settled) == (1, [])
        line.says({"id": 1, "error": {"code": -32800, "message": "cancelled"}})
        assert (process.in_flight, settled) == (0, [True])

    clock.run(main())


def test_a_call_over_its_time_is_cancelled_too() -> None:
    async def main() -> None:
        process, line = _started()
        process.features = frozenset(["cancel"])
        with pytest.raises(errors.ProviderTimeout):
            await process.call("echo", {}, _raw, 1.0)
        assert [message["method"] for message in line.written] == ["echo", "cancel"]

    clock.run(main())


# ---- a child that closes or blocks


def test_a_request_that_could_not_be_sent_has_no_answer() -> None:
    async def main() -> None:
        process, line = _started()
        line.full = True
        settled: list[bool] = []
        with pytest.raises(errors.ProviderBusy, match="does not read its input"):
            await process.call("echo", {}, _raw, 5.0, None, lambda: settled.append(True))
        line.full = False
        line.says({"id": 1, "result": "to what was never asked"})
        assert (process.noise, process.in_flight, settled, process.peer.pending) == (1, 0, [True], 0)

    clock.run(main())


@pytest.mark.parametrize(
    ("happens", "kind", "words"),
    [
        (lambda process: process.on_refused(), errors.ProviderCrashed, "closed its input"),
        (lambda process: process.on_end(), errors.ProviderCrashed, "closed its output"),
        (lambda process: process.on_exit(3), errors.ProviderCrashed, "exited with code 3"),
        (lambda process: process.on_exit(-11), errors.ProviderCrashed, "was ended by signal 11"),
        (lambda process: process.on_overflow(LineTooLongError(9)), errors.ProviderMisbehaved, "longer than 9 bytes"),
    ],
)
def test_every_end_ends_every_call_with_its_reason(
    happens: Callable[[ProviderProcess], None], kind: type[errors.VoxError], words: str
) -> None:
    async def main() -> None:
        process, line = _started()
        process.on_stderr(b"all is lost\n")
        settled: list[int] = []
        calls = [await _begin(process, on_settled=lambda n=n: settled.append(n)) for n in range(3)]
        calls[0].cancel()
        begin = _now()
        happens(process)
        for call in calls[1:]:
            with pytest.raises(kind, match=words):
                await call
        assert _now() - begin < 0.2
        assert (sorted(settled), process.in_flight, process.late) == ([0, 1, 2], 0, 0)
        with pytest.raises(kind, match=words):  # and whoever comes later
            await process.call("echo", {}, _raw, 5.0, None, lambda: settled.append(9))
        assert settled[-1] == 9 and len(line.written) == 3

    clock.run(main())


def test_what_a_child_says_before_it_goes_still_counts() -> None:
    async def main() -> None:
        process, line = _started()
        call = await _begin(process)
        process.on_refused()
        line.says({"id": 1, "result": "last words"})
        process.on_exit(0)
        assert await call == "last words"

    clock.run(main())


def test_a_reader_that_fails_ends_its_call_and_no_other() -> None:
    def fail(_: Any, __: bytes | None) -> Any:
        raise KeyError("a fault of ours")

    async def main() -> None:
        process, _ = _started()
        settled: list[bool] = []
        bad = await _begin(process, read=fail, on_settled=lambda: settled.append(True))
        good = await _begin(process)
        process.on_lines([b'{"jsonrpc":"2.0","id":1,"result":1}', b'{"jsonrpc":"2.0","id":2,"result":2}'])
        with pytest.raises(errors.VoxError, match="KeyError"):
            await bad
        assert (await good, settled) == (2, [True])

    clock.run(main())


# ---- any order, any pieces, any garbage

_GARBAGE = st.one_of(
    st.binary(max_size=30).map(lambda data: data.replace(b"\n", b"?")),
    st.sampled_from(
        [
            b"Loading weights ...",
            b'{"jsonrpc":"2.0","id":',
            b"[]",
            b"null",
            b'{"id":777,"result":{}}',
            b'{"id":null,"error":{"code":-32700}}',
            b'{"method":"log","params":{"id":1}}',
            b'{"id":1,"method":"sampling"}',
            b'{"method":"progress","params":{"progress":0.1}}',
            b"[" * 2000,
        ]
    ),
)


def _is_an_answer(line: bytes, calls: int) -> bool:
    """Whether hypothesis has found an answer among the garbage."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, dict) and str(item.get("id")) in map(str, range(1, calls + 1)) for item in items)


@settings(max_examples=150)
@given(st.data())
def test_each_call_gets_its_own_answer_whatever_lies_between_and_however_it_is_cut(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 6))
    forms: list[Callable[[int], bytes]] = [
        lambda n: b'{"jsonrpc":"2.0","id":%d,"result":{"n":%d}}' % (n, n),
        lambda n: b'{"id":"%d","result":{"n":%d}}\r' % (n, n),
        lambda n: b'\xef\xbb\xbf{"result":{"n":%d,"x":NaN},"id":%d}' % (n, n),
        lambda n: b'[{"method":"log"},{"id":%d,"result":{"n":%d}}]' % (n, n),
    ]
    lines = [data.draw(st.sampled_from(forms))(number) for number in data.draw(st.permutations(range(1, count + 1)))]
    for _ in range(data.draw(st.integers(0, 8))):
        garbage = data.draw(_GARBAGE)
        if not _is_an_answer(garbage, count) or b'"method"' in garbage:
            lines.insert(data.draw(st.integers(0, len(lines))), garbage)
    stream = b"\n".join(lines) + b"\n"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [stream[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    async def main() -> None:
        process, line = _started()
        calls = [await _begin(process) for _ in range(count)]
        for piece in pieces:
            line.feeds(piece)
        assert [(await call)["n"] for call in calls] == list(range(1, count + 1))
        assert (process.in_flight, process.peer.pending) == (0, 0)

    clock.run(main())
