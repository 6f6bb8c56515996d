"""The kit's streams: what goes ahead of an answer, and the same functions for callers who want it all at once."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.provider.conftest import Program
from vox.provider import Call, Provider, ProviderError

AUTHOR = Path(__file__).with_name("author.py")


@pytest.fixture
def author(run: Callable[..., Program]) -> Program:
    return run(AUTHOR)


def begin(author: Program, method: str, **params: Any) -> None:
    author.send({"jsonrpc": "2.0", "id": 7, "method": method, "params": {"modelId": "a", **params}})


def audio_of(result: dict[str, Any]) -> bytes:
    return base64.b64decode(result["audioBase64"], validate=True)


def test_features_are_declared(author: Program) -> None:
    features = author.ask(1, "models")["result"]["features"]
    assert features == ["cancel", "transcribe.partials", "synthesize.stream"]


def test_features_follow_from_the_functions() -> None:
    provider = Provider("x", kind="tts", streams=True)
    assert provider.features == ["cancel"]
    provider.synthesize(lambda call: {})
    assert provider.features == ["cancel", "synthesize.stream"]
    assert Provider("y").features == ["cancel"]
    keeper = Provider("z")
    keeper.import_files(lambda call: {"fits": []})
    keeper.remove(lambda call: {"id": "z"})
    assert keeper.features == ["cancel", "models.import", "models.remove"]


def test_audio_goes_ahead_of_its_answer(author: Program) -> None:
    begin(author, "synthesize", input="pieces", stream=True)
    first, second, last = author.read(), author.read(), author.read()
    assert first["method"] == second["method"] == "audio"
    assert first["params"] == {"id": 7, "sequence": 0, "sampleRate": 16_000, "audioBase64": "YWI="}
    assert second["params"] == {"id": 7, "sequence": 1, "audioBase64": "Y2Q="}
    result = last["result"]
    assert last["id"] == 7 and "audioBase64" not in result and result["voiceId"] == "v"
    assert (result["metrics"]["outputBytes"], result["metrics"]["audioDurationMs"]) == (4, 0.125)


def test_who_wants_no_stream_gets_the_same_in_one(author: Program) -> None:
    result = author.ask(1, "synthesize", modelId="a", input="pieces")["result"]
    assert audio_of(result)[:4] == b"RIFF" and audio_of(result)[44:] == b"abcd"
    assert result["metrics"]["audioDurationMs"] == 0.125
    assert (result["contentType"], result["metrics"]["outputBytes"]) == ("audio/wav", 48)


def test_audio_that_is_returned_as_well_counts_where_nothing_was_heard(author: Program) -> None:
    assert audio_of(author.ask(1, "synthesize", modelId="a", input="twice")["result"])[-4:] == b"wxyz"
    begin(author, "synthesize", input="twice", stream=True)
    assert author.read()["params"]["audioBase64"] == "YWI="
    assert "audioBase64" not in author.read()["result"]


def test_a_function_that_does_not_stream_answers_as_ever(author: Program) -> None:
    assert audio_of(author.ask(1, "synthesize", modelId="a", input="8", stream=True)["result"])[44:] == bytes(8)


def test_a_cancelled_stream_ends_with_its_next_piece(author: Program) -> None:
    begin(author, "synthesize", input="endless", stream=True)
    assert author.read()["method"] == "audio"
    author.send({"method": "cancel", "params": {"id": 7}})
    while (message := author.read()).get("method") == "audio":
        pass
    assert message["error"]["code"] == -32800


def test_partial_text_goes_to_those_who_ask(author: Program) -> None:
    begin(author, "transcribe", path="partials", partials=True)
    assert author.read()["params"] == {"id": 7, "text": "one", "stable": True}
    assert author.read()["params"] == {"id": 7, "text": "one two", "stable": 3}
    assert author.read()["result"]["text"] == "one two"
    assert author.ask(1, "transcribe", modelId="a", path="partials")["result"]["text"] == "one two"


def test_speech_in_a_file(author: Program, tmp_path: Path) -> None:
    result = author.ask(1, "synthesize", modelId="a", input="file", outDir=str(tmp_path))["result"]
    assert Path(result["audioPath"]).read_bytes()[44:] == b"abcd" and "audioBase64" not in result
    assert (result["metrics"]["outputBytes"], result["metrics"]["audioDurationMs"]) == (48, 0.125)


def test_what_cannot_be_heard_is_the_authors_mistake() -> None:
    call = Call("synthesize", {"stream": True})
    with pytest.raises(ValueError, match="3 bytes are no whole number"):
        call.send_audio(b"abc", 16_000)
    call.send_audio(b"ab", 16_000)
    with pytest.raises(ValueError, match="from 16000 to 8000"):
        call.send_audio(b"ab", 8000)
    call.cancel()
    with pytest.raises(ProviderError, match="cancelled"):
        call.send_audio(b"ab", 16_000)


def test_a_call_without_a_daemon_keeps_what_it_is_sent() -> None:
    call = Call("synthesize", {})
    call.send_audio(memoryview(b"ab"), 16_000)
    call.send_audio(bytearray(b"cd"), 16_000)
    call.send_partial("nobody reads this")
    assert (bytes(call.kept), call.sample_rate, call.wants_stream, call.out_dir) == (b"abcd", 16_000, False, None)
