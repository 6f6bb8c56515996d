"""The kit as a process: what an author's program answers, whatever it is asked and however its functions behave."""

import base64
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.provider.conftest import Program

AUTHOR = Path(__file__).with_name("author.py")
Run = Callable[..., Program]


@pytest.fixture
def author(run: Run) -> Program:
    return run(AUTHOR)


def _transcribe(author: Program, path: str, **params: Any) -> dict[str, Any]:
    return author.ask(1, "transcribe", modelId="a", path=path, **params)


def test_models_are_completed(author: Program) -> None:
    result = author.ask(1, "models")["result"]
    assert result["maxConcurrency"] == 2
    assert "cancel" in result["features"]
    assert result["models"] == [
        {"id": "a", "name": "a", "backend": "author", "installed": True, "preloaded": False, "available": True}
    ]


def test_voices_are_completed(author: Program) -> None:
    voice = author.ask(1, "voices", modelId="a")["result"]["voices"][0]
    assert voice == {
        "id": "v",
        "name": "v",
        "backend": "author",
        "modelId": "a",
        "available": True,
        "default": False,
    }


def test_a_transcript_carries_the_required_metrics(author: Program) -> None:
    result = _transcribe(author, "hello", language="de")["result"]
    assert (result["text"], result["language"], result["modelId"]) == ("hello", "de", "a")
    assert result["metrics"]["totalMs"] >= result["metrics"]["audioLoadMs"] >= 0
    assert "inferenceMs" in result["metrics"]
    assert "audioDurationMs" not in result["metrics"]  # the path is no WAV


@pytest.mark.parametrize("size", [32_000, 10 << 20])
def test_speech_of_any_size_comes_whole(author: Program, size: int) -> None:
    result = author.ask(1, "synthesize", modelId="a", input=str(size))["result"]
    assert base64.b64decode(result["audioBase64"], validate=True)[44:] == bytes(size)
    assert result["metrics"]["audioDurationMs"] == pytest.approx(size / 32)
    assert result["metrics"]["characterCount"] == len(str(size))
    assert (result["voiceId"], result["format"], result["contentType"]) == ("v", "wav", "audio/wav")


def test_progress_precedes_the_answer_and_carries_the_request(author: Program) -> None:
    author.send({"id": 1, "method": "preload", "params": {"modelId": "a", "requestId": "r"}})
    first = author.read()
    assert first["method"] == "progress"
    assert first["params"] == {
        "modelId": "a",
        "progress": 0.0,
        "status": "step 0",
        "requestId": "r",
        "bytesDone": 0,
        "bytesTotal": 2,
    }
    messages = [author.read()]
    while "id" not in messages[-1]:
        messages.append(author.read())
    assert messages[-2]["params"]["progress"] == 1.0  # the last step is never thinned out
    assert messages[-1]["result"]["preloaded"] is True


def test_what_a_handler_prints_never_reaches_the_answers(author: Program) -> None:
    assert _transcribe(author, "print")["result"]["text"] == "print"
    assert author.end_input() == 0
    assert author.process.stderr is not None
    errors = author.process.stderr.read()
    for line in (b"a stray line\n", b"of a C library", b"of a child", b"standard input is empty"):
        assert line in errors


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("exit", "SystemExit: 3"),
        ("fail", "ValueError: the handler is broken"),
        ("object", "TypeError: a result cannot hold a value of type object"),
        ("wrong", "The function for transcribe returned str, not a dict."),
    ],
)
def test_a_broken_handler_is_an_error_answer_and_the_next_call_works(
    author: Program, action: str, message: str
) -> None:
    assert _transcribe(author, action)["error"] == {"code": -32000, "message": message}
    assert _transcribe(author, "next")["result"]["text"] == "next"


def test_a_provider_error_keeps_its_code_and_data(author: Program) -> None:
    error = _transcribe(author, "refuse")["error"]
    assert error == {
        "code": -32000,
        "message": "Not today.",
        "data": {"code": "rate_limited", "retryAfterMs": 250},
    }


def test_numbers_that_json_has_no_form_for(author: Program) -> None:
    result = _transcribe(author, "nan")["result"]
    assert result["confidence"] is None
    assert result["words"] == [{"word": "x", "start": None}]
    result = _transcribe(author, "numpy")["result"]
    assert (result["confidence"], result["list"], result["metrics"]["inferenceMs"]) == (0.5, [0, 1, 2], 1.5)


def test_a_lone_surrogate_becomes_a_question_mark(author: Program) -> None:
    assert _transcribe(author, "surrogate")["result"]["text"] == "a?b"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"no json", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 200_000, -32700),
        (b"17", -32600),
        (b"{}", -32600),
        (b'{"id":1.5,"method":"models"}', -32600),
        (b'{"id":1,"method":"dance"}', -32601),
        (b'{"id":1,"method":"install"}', -32601),
        (b'{"id":1,"method":"transcribe"}', -32602),
        (b'{"id":1,"method":"synthesize","params":{"modelId":"a","input":7}}', -32602),
    ],
)
def test_a_bad_request_gets_its_code_and_harms_nothing(author: Program, line: bytes, code: int) -> None:
    author.send(line)
    assert author.read()["error"]["code"] == code
    assert "result" in author.ask(2, "models")


def test_batches_byte_order_marks_and_carriage_returns_are_understood(author: Program) -> None:
    author.send(b'\xef\xbb\xbf[{"id":1,"method":"models"},{"id":"two","method":"voices"}]\r')
    assert {author.read()["id"], author.read()["id"]} == {1, "two"}


def test_as_many_calls_run_at_once_as_declared_and_questions_are_answered_beside_them(author: Program) -> None:
    for number in (1, 2):
        author.send({"id": number, "method": "transcribe", "params": {"modelId": "a", "path": "wait"}})
    author.send({"id": 3, "method": "transcribe", "params": {"modelId": "a", "path": "third"}})
    assert "result" in author.ask(4, "models")  # both threads are taken, and the third call waits
    author.send({"method": "cancel", "params": {"id": 1}})
    answers = {answer["id"]: answer for answer in (author.read(), author.read())}
    assert answers[1]["error"]["code"] == -32800
    assert answers[3]["result"]["text"] == "third"


def test_a_waiting_call_is_cancelled_at_once(author: Program) -> None:
    for number in (1, 2, 3):
        author.send({"id": number, "method": "transcribe", "params": {"modelId": "a", "path": "wait"}})
    author.send({"method": "cancel", "params": {"id": 3}})
    assert author.read()["id"] == 3
    author.send({"method": "cancel", "params": {"id": 3}}, {"method": "cancel", "params": {"id": [1]}})
    assert "result" in author.ask(4, "models")


def test_an_id_in_use_is_refused(author: Program) -> None:
    author.send({"id": 1, "method": "transcribe", "params": {"modelId": "a", "path": "wait"}})
    assert author.ask(1, "transcribe", path="x")["error"]["code"] == -32600


def test_too_many_waiting_calls_are_busy_not_memory(author: Program) -> None:
    for number in range(70):
        author.send({"id": number, "method": "transcribe", "params": {"modelId": "a", "path": "wait"}})
    error = author.read()["error"]
    assert (error["code"], error["data"]["code"]) == (-32001, "provider_busy")


def test_end_of_input_finishes_the_work_in_hand(author: Program) -> None:
    author.send({"id": 1, "method": "synthesize", "params": {"modelId": "a", "input": "3000000"}})
    assert author.process.stdin is not None
    author.process.stdin.close()
    assert len(author.read()["result"]["audioBase64"]) > 3_000_000
    assert author.process.wait(5) == 0


def test_end_of_input_without_a_reader_drops_the_work(author: Program) -> None:
    author.send({"id": 1, "method": "transcribe", "params": {"modelId": "a", "path": "wait"}})
    assert "result" in author.ask(2, "models")
    assert author.process.stdout is not None
    author.process.stdout.close()
    assert author.end_input() == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_an_interrupt_by_hand_ends_it_quietly(author: Program) -> None:
    assert "result" in author.ask(1, "models")
    author.process.send_signal(signal.SIGINT)
    assert author.process.wait(5) == 0
    assert author.process.stderr is not None
    assert author.process.stderr.read() == b""


_LAZY = """
from vox.provider import Provider, serve

provider = Provider("lazy")

@provider.models
def models():
    import threading  # as most engine libraries do when they are imported
    return [{"id": "a", "name": threading.current_thread().name}]

serve(provider)
"""


def test_it_exits_when_a_handler_was_the_first_to_import_threading(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "lazy.py"
    path.write_text(_LAZY, encoding="utf-8")
    program = run(path)
    assert program.ask(1, "models")["result"]["models"][0]["id"] == "a"
    assert program.end_input() == 0
