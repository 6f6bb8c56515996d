"""Answers find their requests; everything else is counted, never fatal; the short cut for audio changes nothing."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.protocol.framing import LARGE_LINE
from vox.protocol.jsonrpc import ErrorObject
from vox.protocol.peer import Answer, Asked, Failed, Noise, Notice, Peer, Unusable


def _line(message: object) -> bytes:
    return json.dumps(message).encode()


def test_answers_come_in_any_order_and_ids_may_be_strings_of_the_number() -> None:
    peer = Peer()
    first, _ = peer.request("models", {})
    second, line = peer.request("transcribe", {"path": "a.wav"})
    assert json.loads(line) == {"jsonrpc": "2.0", "id": second, "method": "transcribe", "params": {"path": "a.wav"}}
    assert peer.receive(_line({"id": str(second), "result": {"text": "b"}})) == (Answer(second, {"text": "b"}),)
    assert peer.receive(_line({"id": first, "error": "no"})) == (Failed(first, ErrorObject(-32000, "no", {})),)
    assert peer.pending == 0


@pytest.mark.parametrize("rest", [{"result": None}, {}, {"jsonrpc": "2.0"}, {"error": None}])
def test_an_answer_may_say_nothing(rest: dict[str, Any]) -> None:
    peer = Peer()
    number, _ = peer.request("install", {})
    assert peer.receive(_line({"id": number, **rest})) == (Answer(number, None),)
    assert peer.pending == 0


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"loading weights ...", "not_json"),
        (b"17", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"[]", "not_an_object"),
        (b'{"id":99,"result":1}', "unknown_id"),
        (b'{"id":true,"result":1}', "unknown_id"),
        (b'{"id":null,"result":1}', "unknown_id"),
        (b'{"id":"9999999999999999999999999","result":1}', "unknown_id"),
        (b"{}", "unknown_id"),
        (b'{"id":1,"status":"started"}', "no_result"),
    ],
)
def test_what_means_nothing_is_counted_by_kind(line: bytes, kind: str) -> None:
    peer = Peer()
    peer.request("models", {})
    (event,) = peer.receive(line)
    assert isinstance(event, Noise) and event.kind == kind
    assert peer.noise == {kind: 1}
    assert peer.pending == 1


def test_a_second_answer_to_one_id_is_noise() -> None:
    peer = Peer()
    number, _ = peer.request("models", {})
    peer.receive(_line({"id": number, "result": 1}))
    assert peer.receive(_line({"id": number, "result": 2}))[0] == Noise("unknown_id", '{"id": 1, "result": 2}')


def test_blank_lines_say_nothing() -> None:
    assert Peer().receive(b"") == () and Peer().receive(b"  \r") == ()


def test_notifications_requests_and_batches() -> None:
    peer = Peer()
    number, _ = peer.request("models", {})
    batch = [
        {"method": "progress", "params": {"progress": 0.5}},
        {"id": number, "result": {}},
        {"id": "x", "method": "what", "params": [1]},
        3,
    ]
    assert peer.receive(_line(batch)) == (
        Notice("progress", {"progress": 0.5}),
        Answer(number, {}),
        Asked("x", "what", {}),
        Noise("not_an_object", json.dumps(batch)),
    )


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_garbage_disturbs_a_pending_call(lines: list[bytes]) -> None:
    peer = Peer()
    number, _ = peer.request("models", {})
    for line in lines:
        peer.receive(line)
    assert peer.receive(_line({"id": number, "result": "ok"})) == (Answer(number, "ok"),)


# ---- the short cut

_AUDIO = bytes(range(256)) * (LARGE_LINE // 128)
_B64 = base64.b64encode(_AUDIO).decode("ascii")


class _PlainPeer(Peer):
    """A peer that never takes the short cut."""

    def _receive_audio(self, line: bytes | memoryview) -> None:
        return None


def _both_roads(line: bytes) -> Any:
    """The event by the short cut and by the full parser, both with the audio decoded."""
    quick, full = Peer(), _PlainPeer()
    quick.request("synthesize", {})
    full.request("synthesize", {})
    return _decoded(quick.receive(memoryview(line))), _decoded(full.receive(line))


def _decoded(events: tuple[Any, ...]) -> Any:
    (event,) = events
    whole = event.result if isinstance(event, Answer) else event.params if isinstance(event, Notice) else None
    if not isinstance(whole, dict):
        return event
    result = dict(whole)
    audio = event.audio
    if audio is None and isinstance(result.get("audioBase64"), str):
        text = result.pop("audioBase64")
        try:
            audio = base64.b64decode(text, validate=True)
        except ValueError:
            audio = text
    return event[0], result, audio


@pytest.mark.parametrize(
    "line",
    [
        f'{{"jsonrpc":"2.0","id":1,"result":{{"modelId":"m","audioBase64":"{_B64}","format":"wav"}}}}',
        f'{{"id":1,"result":{{"audioBase64" : "{_B64}"}}}}',
        f'{{"id":1,"result":{{"note":"\\"audioBase64\\":\\"AAAA\\"","audioBase64":"{_B64}"}}}}',
        f'{{"id":1,"result":{{"inner":{{"audioBase64":"AAAA"}},"audioBase64":"{_B64}"}}}}',
        f'{{"id":1,"result":{{"audioBase64":"AAAA","audioBase64":"{_B64}"}}}}',
        f'{{"id":1,"result":{{"audioBase64":"{_B64}","audioBase64":"AAAA"}}}}',
        f'{{"id":1,"result":{{"inner":{{"audioBase64":"{_B64}"}}}}}}',
        f'{{"id":1,"result":{{"inner":{{"audioBase64":"{_B64}"}},"audioBase64":""}}}}',
        f'{{"id":1,"result":{{"a\\"audioBase64":"{_B64}"}}}}',
        f'{{"id":1,"result":["audioBase64","{_B64}"]}}',
        f'{{"id":1,"result":{{"audioBase64":"\\/{_B64}"}}}}',
        f'{{"id":1,"result":{{"audioBase64":"not base64!{_B64}"}}}}',
        f'{{"id":1,"result":{{"audioBase64":"{_B64}"',
        f'{{"id":2,"result":{{"audioBase64":"{_B64}"}}}}',
        f'{{"id":1,"error":{{"code":1,"message":"x"}},"audioBase64":"{_B64}"}}',
        f'{{"method":"audio","params":{{"audioBase64":"{_B64}"}}}}',
        f'{{"jsonrpc":"2.0","method":"audio","params":{{"id":1,"sequence":0,"audioBase64":"{_B64}","sampleRate":8000}}}}',
        f'{{"method":"audio","params":{{"inner":{{"audioBase64":"{_B64}"}}}}}}',
        f'{{"method":"audio","params":["audioBase64","{_B64}"]}}',
        f'{{"method":"audio","result":{{"audioBase64":"{_B64}"}}}}',
        f'{{"method":7,"id":1,"result":{{"audioBase64":"{_B64}"}}}}',
        f'{{"method":"audio","id":7,"params":{{"audioBase64":"{_B64}"}}}}',
        f'[{{"id":1,"result":{{"audioBase64":"{_B64}"}}}}]',
    ],
    ids=lambda line: line[:60],
)
def test_the_short_cut_says_what_the_full_parser_says(line: str) -> None:
    quick, full = _both_roads(line.encode())
    assert quick == full


@given(
    st.dictionaries(st.sampled_from(["modelId", "note", "audioBase64", "x"]), st.text(max_size=30), max_size=3),
    st.integers(0, 8),
    st.booleans(),
)
def test_the_short_cut_with_any_neighbours(fields: dict[str, str], padding: int, ascii_only: bool) -> None:
    audio = base64.b64encode(b"\x01" * (LARGE_LINE + padding)).decode("ascii")
    line = json.dumps({"id": 1, "result": {**fields, "audioBase64": audio}}, ensure_ascii=ascii_only)
    quick, full = _both_roads(line.encode("utf-8", "replace"))
    assert quick == full


def test_the_short_cut_is_taken() -> None:
    peer = Peer()
    peer.request("synthesize", {})
    line = _line({"id": 1, "result": {"audioBase64": _B64, "format": "wav"}})
    assert peer.receive(memoryview(line)) == (Answer(1, {"format": "wav"}, _AUDIO),)
    line = _line({"method": "audio", "params": {"id": 1, "audioBase64": _B64}})
    assert peer.receive(memoryview(line)) == (Notice("audio", {"id": 1}, _AUDIO),)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "jsonrpc": st.just("2.0"),
            "id": st.sampled_from([1, 2, 9, "1", 1.0, True, None]),
            "result": st.sampled_from([None, {"text": "a"}, [], 1]),
            "error": st.sampled_from([None, "no", {"code": 1, "message": "no"}]),
            "method": st.sampled_from([None, "progress"]),
        },
    )
)
def test_a_plain_answer_is_what_receive_makes_of_the_line(message: dict[str, Any]) -> None:
    quick, careful = Peer(), Peer()
    for peer in (quick, careful):
        peer.request("models", {})
        peer.request("voices", {})
    line = _line(message)
    answer, events = quick.answer(line), careful.receive(line)
    if answer is None:
        assert quick.pending == 2 and not quick.noise
        assert quick.receive(line) == events
    else:
        assert events == (Answer(*answer),)
    assert quick.pending == careful.pending


def test_lines_that_are_no_plain_answer_are_left_alone() -> None:
    peer = Peer()
    number, _ = peer.request("models", {})
    for line in (
        b"noise",
        b"[1]",
        b'{"jsonrpc":"2.0","id":true,"result":1}',
        _line({"id": number, "result": "x" * (LARGE_LINE + 1)}),
    ):
        assert peer.answer(line) is None
    assert peer.pending == 1 and not peer.noise
    assert peer.answer(_line({"jsonrpc": "2.0", "id": number, "result": 1})) == (number, 1)
    assert peer.answer(_line({"jsonrpc": "2.0", "id": number, "result": 1})) is None


@pytest.mark.parametrize("text", [b"", b'"text":"x",'])
def test_an_answer_nested_too_deep_is_its_calls_fault_alone(text: bytes) -> None:
    peer = Peer()
    number, _ = peer.request("transcribe", {})
    other, _ = peer.request("transcribe", {})
    deep = b'{"jsonrpc":"2.0","id":%d,"result":{%s"a":%s1%s}}' % (number, text, b"[" * 100, b"]" * 100)
    assert peer.receive(deep) == (Unusable(number, "nested deeper than 64"),)
    assert peer.receive(deep)[0] == Noise("not_json", deep[:200].decode())
    assert peer.receive(_line({"id": other, "result": 1})) == (Answer(other, 1),)
