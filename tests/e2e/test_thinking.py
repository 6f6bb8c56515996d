"""A spoken conversation with a model that takes its time: what is heard meanwhile, by the variables of vowel engine."""

import json
import time
import wave
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doors.realtime.rules import check_responses, of_type
from tests.doors.realtime.sockets import Line, dial
from tests.e2e.conftest import StartDaemon
from tests.e2e.test_speech import plain
from tests.llm_server import Answer, LlmServer
from vox.client import Client

THINKS_S = 1.5
PHRASE = "let me look that up for you in the big old book"
ANSWER = "The capital of the country of France is the city of Paris."


@pytest.fixture(scope="module")
def llm() -> Iterator[LlmServer]:
    with LlmServer(lambda body: ANSWER) as server:
        yield server


@pytest.fixture(scope="module")
def vox(start_daemon: StartDaemon, llm: LlmServer) -> Client:
    return start_daemon(
        VOX_LLM_BASE_URL=llm.base_url,
        VOX_LLM_MODEL="test-model",
        ACKNOWLEDGEMENT_DELAY_MS="200",
        ACKNOWLEDGEMENT_PHRASES=PHRASE,
        TYPING_SOUND_ENABLED="true",
        TYPING_SOUND_VOLUME="0.8",
        TYPING_SOUND_LOOP_DURATION_MS="1000",
    )


def port(vox: Client) -> int:
    return json.loads((vox.home.root / "runtime.json").read_text(encoding="utf-8"))["port"]


def ask(line: Line, **response: Any) -> dict[str, Any]:
    """A question and the response to it."""
    content = [{"type": "input_text", "text": "What is the capital of France?"}]
    line.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
    line.send("response.create", response=response)
    return line.until("response.done", 60)["response"]


def heard(vox: Client, folder: Path, pcm: bytes) -> str:
    """What the recogniser hears in 24 kHz sound."""
    file = folder / "heard.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(24_000)
        out.writeframes(pcm)
    return plain(vox.transcribe(file).text)


def sound(line: Line, item: dict[str, Any]) -> bytes:
    deltas = [one for one in of_type(line.events, "response.output_audio.delta") if one["item_id"] == item["id"]]
    return b"".join(b64decode(one["delta"]) for one in deltas)


def test_a_phrase_and_typing_are_heard_before_an_answer_that_takes_its_time(
    vox: Client, llm: LlmServer, tmp_path: Path
) -> None:
    llm.then(Answer(ANSWER, first_token_s=THINKS_S))
    with dial(port(vox)) as line:
        aside, answer = ask(line)["output"]
        check_responses(line.events)
        assert aside["content"][0]["transcript"] == PHRASE and answer["content"][0]["transcript"] == ANSWER
        before, after = sound(line, aside), sound(line, answer)
        assert len(before) / 48_000 > 1.5  # longer than the phrase alone would be, if the answer had come at once
        words = set(heard(vox, tmp_path, before).replace("'", " ").split())
        assert len(words & set(PHRASE.split())) >= 7, words  # of ten; its end runs into the typing
        assert {"capital", "france", "paris"} <= set(heard(vox, tmp_path, after).split())
        ask(line, output_modalities=["text"])
    shown = [message["content"] for message in llm.requests[-1].body["messages"]]
    assert ANSWER in shown and not any(PHRASE in text for text in shown)


def test_an_answer_in_time_is_not_announced(vox: Client, llm: LlmServer) -> None:
    with dial(port(vox), "?model=gpt-realtime") as line:
        ask(line)  # has the voice ready
        (answer,) = ask(line)["output"]
        assert answer["content"][0]["transcript"] == ANSWER


def test_interrupting_the_typing_cuts_the_request(vox: Client, llm: LlmServer) -> None:
    llm.then(Answer(ANSWER, first_token_s=30))
    with dial(port(vox)) as line:
        line.send("conversation.item.create", item={"type": "message", "role": "user", "content": "Hello?"})
        line.send("response.create")
        line.until("response.output_audio.delta")
        began = time.monotonic()
        line.send("response.cancel")
        response = line.until("response.done")["response"]
        assert time.monotonic() - began < 1 and response["status"] == "cancelled"
        assert [item["status"] for item in response["output"]] == ["incomplete"]
        assert llm.requests[-1].wait().cut
        line.answers()
        check_responses(line.events)
