"""Whatever a provider writes, each call ends with a result or a typed error or goes on waiting; nothing else happens.

The corpus holds conversations as bytes; hypothesis changes, mixes and cuts them, and makes up results of any shape.
"""

import asyncio
import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import clock
from vox.errors import ProviderMisbehaved, VoxError
from vox.host.process import ProviderProcess, Streaming
from vox.protocol import provider as shapes
from vox.protocol.framing import LineBuffer, LineTooLongError
from vox.protocol.jsonrpc import encode, parse, read_error
from vox.protocol.metrics import complete
from vox.protocol.peer import Notice
from vox.protocol.streams import AudioStream, call_id, read_partial

CORPUS = Path(__file__).parent / "corpus"
SEEDS = {path.stem: path.read_bytes() for path in sorted(CORPUS.glob("*.bin"))}
EXAMPLES = int(os.environ.get("VOX_FUZZ_EXAMPLES", "300"))
MAX_LINE = 1 << 18

searched = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _read_any(shape: Callable[[Any], Any]) -> Callable[[Any, bytes | None], Any]:
    return lambda result, _: shape(result)


# method → reader, as the runtime has them; their calls have the ids 1 to 8
CALLS: list[tuple[str, Callable[[Any, bytes | None], Any]]] = [
    ("models", _read_any(shapes.read_models)),
    ("install", _read_any(shapes.read_model)),
    ("preload", _read_any(shapes.read_model)),
    ("transcribe", shapes.read_transcript),
    ("voices", _read_any(shapes.read_voices)),
    ("synthesize", shapes.read_synthesis),
    ("synthesize", lambda result, audio: shapes.read_synthesis(result, audio, elsewhere=True)),
    ("transcribe", shapes.read_transcript),
]


class _Nowhere:
    """A transport without a child, which keeps nothing."""

    process: Any = None

    def write(self, line: bytes) -> bool:
        json.loads(line)
        return True

    def close_input(self) -> None:
        pass

    def close(self) -> None:
        pass


async def _hear(pieces: list[bytes]) -> list[str]:
    """What becomes of the eight calls: "waits", "result", or the code of an error."""
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    process = ProviderProcess("p", lambda _: None, lambda _: None)
    process.attach(_Nowhere())
    process.features = frozenset(["cancel"])
    audio, settled = AudioStream(), list[int]()

    def follow(notice: Notice) -> None:
        if notice.method == "audio":
            audio.take(notice)
        else:
            read_partial(notice)

    def begin(number: int) -> "asyncio.Task[Any]":
        method, read = CALLS[number]
        streams = Streaming(follow, 1.0, 4.0, lambda: audio.begun) if number >= 6 else None
        return asyncio.ensure_future(
            process.call(
                method,
                {"modelId": "m:1"},
                read,
                60.0,
                on_progress=lambda _: None,
                on_settled=lambda: settled.append(number),
                prolong_s=60.0,
                stream=streams,
            )
        )

    calls = [begin(number) for number in range(len(CALLS))]
    await asyncio.sleep(0)
    buffer = LineBuffer(MAX_LINE)
    try:
        for piece in pieces:
            process.on_lines(list(buffer.feed(piece)))
    except LineTooLongError as error:
        process.on_overflow(error)
    await asyncio.sleep(0.01)
    ends = ["waits" if not call.done() else _end_of(call) for call in calls]
    process.on_exit(0)
    await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(settled) == list(range(len(CALLS)))  # each permit is given back, exactly once
    assert (process.in_flight, faults) == (0, [])
    return ends


def _end_of(call: "asyncio.Task[Any]") -> str:
    error = call.exception()
    if error is None:
        return "result"
    assert isinstance(error, VoxError), error
    encode(error.info())  # it can be told to a client
    assert error.code != "internal", error
    return error.code


def _pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[begin:end] for begin, end in zip([0, *places], [*places, len(data)], strict=True)]


# ---- the corpus as it is

ENDS = {
    "answers": ["result"] * 6 + ["waits"] * 2,
    "out-of-order": ["result"] * 6 + ["waits"] * 2,
    "errors": [
        "provider_error",
        "provider_busy",
        "provider_error",
        "cancelled",
        "voice_not_found",
        "provider_error",
        "waits",
        "waits",
    ],
    "stream": ["waits"] * 6 + ["result"] * 2,
    "stream-broken": ["waits"] * 6 + ["provider_misbehaved"] * 2,
    "batches": ["result", "waits", "waits", "result", "waits", "waits", "waits", "waits"],
    "sloppy": ["result", "waits", "waits", "result", "result", "result", "waits", "waits"],
    "not-json": ["waits"] * 8,
    "asked": ["waits"] * 8,
    "progress": ["waits"] * 8,
    "no-end": ["waits"] * 8,
    "nothing": ["provider_misbehaved"] * 4 + ["waits", "provider_error", "waits", "waits"],
    "odd-fields": ["result", "waits", "waits", "result", "waits", "result", "waits", "waits"],
    "names": ["result", "waits", "waits", "result", "waits", "result", "waits", "waits"],
    "ids": ["waits"] * 3 + ["result"] + ["waits"] * 4,
    "deep": ["provider_misbehaved", "waits", "waits"] + ["provider_misbehaved"] + ["waits"] * 4,
    "large-audio": ["waits"] * 5 + ["result", "waits", "waits"],
}


def test_every_seed_has_its_end() -> None:
    assert set(ENDS) == set(SEEDS)


@pytest.mark.parametrize("name", SEEDS)
def test_the_corpus(name: str) -> None:
    data = SEEDS[name]
    assert clock.run(_hear([data])) == ENDS[name]
    assert clock.run(_hear(_pieces(data, list(range(0, len(data), max(1, len(data) // 500)))))) == ENDS[name]


@pytest.mark.parametrize(
    ("line", "end"),
    [
        (b'{"id":6,"result":{"contentType":"audio/wav","audioBase64":"%s!"}}', "provider_misbehaved"),
        (b'{"audioBase64":"%s","id":6}', "waits"),
        (b'{"id":6,"result":{"text":"\\"audioBase64\\":\\"%s"}}', "provider_misbehaved"),
        (b'{"id":6,"error":{"message":"%s","data":{"audioBase64":"%s"}}}', "provider_error"),
        (b'{"id":"6","result":{"audioBase64":"%s","more":{"audioBase64":"%s"}}}', "result"),
        (b'[{"id":6,"result":{"audioBase64":"%s"}}]', "result"),
        (b'{"id":6,"result":{"audioBase64":"%s"}', "waits"),
        (b'{"id":6,"result":{"audioBase64":"%s","x":"\xff"}}', "waits"),
    ],
)
def test_large_lines(line: bytes, end: str) -> None:
    audio = base64.b64encode(bytes(60_000))
    data = line.replace(b"%s", audio) + b"\n"
    assert clock.run(_hear([data]))[5] == end


# ---- changed, mixed, cut

_ODD = [b"null", b"-1", b"1e999", b"NaN", b'""', b"{}", b"[]", b"true", b'"\\ud800"', b"9" * 400, b"\x00", b"\xff"]


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    """A conversation of the corpus with some accidents, large ones left out to be quick."""
    small = [data for data in SEEDS.values() if len(data) < 4000]
    data = draw(st.sampled_from(small))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        to = min(len(data), at + draw(st.integers(0, 40)))
        how = draw(st.integers(0, 6))
        if how == 0:
            data = data[:at] + draw(st.binary(max_size=8)) + data[to:]
        elif how == 1:
            data = data[:at] + draw(st.sampled_from(_ODD)) + data[to:]
        elif how == 2:
            data = data[:to] + data[at:]  # twice
        elif how == 3:
            data = data[:at] + data[to:]
        elif how == 4:
            other = draw(st.sampled_from(small))
            data = data[:at] + other[draw(st.integers(0, len(other))) :]
        elif how == 5:
            data = data.replace(draw(st.sampled_from([b'"', b":", b"{", b"}", b",", b"\n", b"1"])), b"", 1)
        else:
            data = _swap_values(data, draw(st.randoms(use_true_random=False)))
    return data


def _swap_values(data: bytes, random: Any) -> bytes:
    """Give one field of one line the value of another one: right JSON, wrong meaning."""
    lines = data.split(b"\n")
    number = random.randrange(len(lines))
    try:
        value = json.loads(lines[number])
    except (ValueError, RecursionError):
        return data
    places = list(_places(value))
    if len(places) < 2:
        return data
    (into, key), (source, name) = random.sample(places, 2)
    try:
        into[key] = json.loads(json.dumps(source[name]))
        lines[number] = json.dumps(value).encode()
    except (ValueError, RecursionError):
        return data
    return b"\n".join(lines)


def _places(value: Any) -> "list[tuple[Any, Any]]":
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [(value, key) for key in keys] + [place for key in keys for place in _places(value[key])]


@searched
@given(_mutated(), st.lists(st.integers(0, 10_000), max_size=6))
def test_whatever_is_written(data: bytes, cuts: list[int]) -> None:
    clock.run(_hear(_pieces(data, cuts)))


# ---- shapes of every kind

_SHAPES = (
    shapes.ModelShape,
    shapes.ModelsResult,
    shapes.ProgressNotice,
    shapes.SegmentShape,
    shapes.SynthesizeResult,
    shapes.TranscribeResult,
    shapes.VoiceShape,
    shapes.VoicesResult,
    shapes.WordShape,
)
_FIELDS = {name for shape in _SHAPES for field, of in shape.model_fields.items() for name in (field, of.alias or field)}
_FIELDS |= {"audioBase64", "event", "data", "code", "message", "retryAfterMs", "sequence", "stable", "model", "id"}
_NAMES = st.text(max_size=6) | st.sampled_from(sorted(_FIELDS))
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["audio/wav", "AAAA", "m:1", "progress"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)
_OBJECT = st.dictionaries(_NAMES, _JSON, max_size=8)


@searched
@given(_JSON | _OBJECT, st.none() | st.binary(max_size=8))
def test_a_reader_gives_its_shape_or_says_misbehaved(result: Any, audio: bytes | None) -> None:
    for _, read in CALLS:
        try:
            shape = read(_copy(result), audio)
        except ProviderMisbehaved as error:
            assert len(error.message) < 1000
            continue
        metrics = getattr(shape, "metrics", {})
        assert all(type(value) in (int, float) and 0 <= value < float("inf") for value in metrics.values())
        complete(metrics, "asr", 1.0)


@searched
@given(_JSON)
def test_an_error_of_any_form_is_typed_and_can_be_told(error: Any) -> None:
    typed = shapes.to_error(read_error(error), "p")
    assert isinstance(typed, VoxError) and typed.details["provider"] == "p"
    told = json.loads(encode(typed.info()))
    assert told["code"] == typed.code and len(told["message"]) < 5000


@searched
@given(st.sampled_from(["progress", "notification", "audio", "partial", ""]), _OBJECT)
def test_a_notification_of_any_form_is_read_or_not(method: str, params: dict[str, Any]) -> None:
    progress = shapes.read_progress(method, params)
    assert progress is None or progress.progress >= 0
    notice = Notice(method, params)
    assert isinstance(call_id(notice), int)
    for read in (AudioStream().take, read_partial):
        try:
            read(notice)
        except ProviderMisbehaved as error:
            assert len(error.message) < 1000


@searched
@given(st.binary(max_size=200) | _JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")))
def test_what_is_read_can_be_written(data: bytes) -> None:
    try:
        value = parse(data)
    except ValueError:
        return
    assert parse(encode({"value": value})) == {"value": value}


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
