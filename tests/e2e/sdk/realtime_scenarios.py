"""Spoken conversations with OpenAI's client as it is today (`client.realtime`). The language model's script is in
`tests.e2e.sdk.brain`: its answers hang on the instructions."""

import json
import time
from typing import Any

from tests.e2e.sdk.place import Place, plain, wav
from tests.e2e.sdk.talk import Talk, talking

__all__ = ["SCENARIOS"]

MODEL = "gpt-realtime"
SAID = "and so my fellow americans"
MORE = "ask what you can do for your country"
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a town.",
    "parameters": {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]},
}


def a_turn_by_voice(place: Place) -> None:
    """The end of what is said is found, the answer is spoken, and every event comes in its order."""
    with talking(place.client().realtime.connect(model=MODEL)) as talk:
        talk.say(place.sound("said"))
        talk.pause(1.0)
        done = talk.until("response.done")
        assert plain(talk.of("conversation.item.input_audio_transcription.completed")[0].transcript) == SAID
        order = [
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.input_audio_transcription.completed",
            "response.created",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_audio.delta",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.done",
        ]
        places = [talk.types().index(type) for type in order]
        assert places == sorted(places), talk.types()
        started, committed = talk.of("input_audio_buffer.speech_started", "input_audio_buffer.committed")
        assert started.item_id == committed.item_id == talk.of("conversation.item.added")[0].item.id
        assert done.response.status == "completed" and done.response.usage.output_tokens > 0
        assert "kettle is on" in place.recognised(wav(talk.heard()))
        assert done.response.output[0].content[0].transcript == "The kettle is on, and the bread is fresh."


def a_turn_by_hand(place: Place) -> None:
    """Without detection nothing happens until the client says so, and then only what it says."""
    with talking(place.client().realtime.connect(model=MODEL)) as talk:
        talk.connection.session.update(
            session={"type": "realtime", "audio": {"input": {"turn_detection": None}, "output": {"voice": "marin"}}}
        )
        session = talk.until("session.updated").session
        assert session.audio.input.turn_detection is None and session.audio.output.voice == "marin"
        talk.connection.input_audio_buffer.commit()
        assert talk.until("error").error.code == "input_audio_buffer_commit_empty"
        talk.say(place.sound("more"))
        talk.connection.input_audio_buffer.clear()
        talk.until("input_audio_buffer.cleared")
        talk.say(place.sound("said"))
        talk.pause(1.0)
        talk.connection.input_audio_buffer.commit()
        heard = talk.until("conversation.item.input_audio_transcription.completed")
        assert plain(heard.transcript) == SAID
        assert not talk.of("response.created", "input_audio_buffer.speech_started")
        talk.connection.response.create()
        assert talk.until("response.done").response.status == "completed"


def an_interruption(place: Place) -> None:
    """Speaking over an answer ends it; what was not heard is in no one's mind any more."""
    with talking(place.client().realtime.connect(model=MODEL)) as talk:
        instruct(talk, "Tell a story.")
        talk.write("Tell me of the train.")
        talk.connection.response.create()
        first = talk.until("response.output_audio.delta")
        begun = time.monotonic()
        talk.say(place.sound("more"))
        cut = talk.until("response.done").response
        assert time.monotonic() - begun < 2.0, "it went on speaking"
        assert (cut.status, cut.status_details.reason) == ("cancelled", "turn_detected")
        assert talk.types().index("input_audio_buffer.speech_started") < talk.types().index("response.done")
        assert cut.output[0].status == "incomplete"
        talk.connection.conversation.item.truncate(item_id=first.item_id, content_index=0, audio_end_ms=700)
        assert talk.until("conversation.item.truncated").audio_end_ms == 700
        talk.connection.conversation.item.retrieve(item_id=first.item_id)
        kept = talk.until("conversation.item.retrieved").item.content[0].transcript
        assert kept and "The morning train leaves the harbour at seven.".startswith(kept.strip())

        instruct(talk, "Recall.")
        talk.pause(1.0)
        answer = talk.until("response.done").response
        assert answer.id != cut.id and answer.status == "completed"
        assert not [event for event in talk.events if after(talk, cut.id, event)]
        assert plain(talk.of("conversation.item.input_audio_transcription.completed")[-1].transcript) == MORE
        assert answer.output[0].content[0].transcript.strip() == kept.strip()


def a_cancelled_answer(place: Place) -> None:
    """The client ends an answer; a second cancelling is an error that changes nothing."""
    with talking(place.client().realtime.connect(model=MODEL)) as talk:
        instruct(talk, "Tell a story.")
        talk.write("Go on.")
        talk.connection.response.create()
        talk.connection.response.create(event_id="too_early")
        refused = talk.until("error").error
        assert (refused.code, refused.event_id) == ("conversation_already_has_active_response", "too_early")
        talk.until("response.output_audio.delta")
        talk.connection.response.cancel()
        done = talk.until("response.done").response
        assert (done.status, done.status_details.reason) == ("cancelled", "client_cancelled")
        talk.connection.response.cancel(event_id="too_late")
        error = talk.until("error").error
        assert (error.code, error.event_id) == ("response_cancel_not_active", "too_late")


def tools(place: Place) -> None:
    """Two functions are called at once, and what they say is in the answer."""
    with talking(place.client().realtime.connect(model=MODEL)) as talk:
        instruct(talk, "Use the tools.", tools=[WEATHER], tool_choice="auto")
        talk.say(place.sound("said"))
        talk.pause(1.0)
        done = talk.until("response.done").response
        assert done.status == "completed"
        calls = [item for item in done.output if item.type == "function_call"]
        assert [(call.name, json.loads(call.arguments)["town"]) for call in calls] == [
            ("weather", "Oslo"),
            ("weather", "Rome"),
        ]
        for call in calls:
            pieces = [e.delta for e in talk.of("response.function_call_arguments.delta") if e.item_id == call.id]
            assert "".join(pieces) == call.arguments
            weather = {"Oslo": "snow", "Rome": "sunshine"}[json.loads(call.arguments)["town"]]
            output = {"type": "function_call_output", "call_id": call.call_id, "output": weather}
            talk.connection.conversation.item.create(item=output)
        before = len(talk.heard())
        talk.connection.response.create()
        answer = talk.until("response.done").response.output[0].content[0].transcript
        assert answer == "They say snow and sunshine."
        assert "snow and sunshine" in place.recognised(wav(talk.heard()[before:]))


def only_transcription(place: Place) -> None:
    """What is said is written down turn by turn, and nobody answers."""
    session: Any = {
        "type": "transcription",
        "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe", "language": "en"}}},
    }
    with place.client() as client:
        secret = client.realtime.client_secrets.create(session=session)
    assert secret.value.startswith("ek_") and secret.session.type == "transcription"
    with talking(
        place.client(secret.value).realtime.connect(model="", extra_query={"intent": "transcription"})
    ) as talk:
        assert talk.events[0].session.type == "transcription"
        texts: list[str] = []
        for name in ("said", "more"):
            talk.say(place.sound(name))
            talk.pause(1.0)
            texts.append(plain(talk.until("conversation.item.input_audio_transcription.completed").transcript))
        assert texts == [SAID, MORE]
        talk.connection.response.create()
        assert talk.until("error").error.type == "invalid_request_error"
        assert not [type for type in talk.types() if type.startswith("response.")]


def only_text(place: Place) -> None:
    """Written to and answered in writing, in the conversation and beside it."""
    with talking(place.client().realtime.connect(model=MODEL)) as talk:
        instruct(talk, "Recall.", output_modalities=["text"])
        talk.write("Hello.")
        talk.connection.response.create(response={"instructions": "Be brief."})
        done = talk.until("response.done").response
        text = "".join(event.delta for event in talk.of("response.output_text.delta"))
        assert text == done.output[0].content[0].text == "The kettle is on, and the bread is fresh."
        assert not talk.of("response.output_audio.delta", "response.output_audio_transcript.delta")
        beside: Any = {
            "conversation": "none",
            "metadata": {"topic": "greeting"},
            "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Anything."}]}],
        }
        added = len(talk.of("conversation.item.added"))
        talk.connection.response.create(response=beside)
        other = talk.until("response.done").response
        assert other.metadata == {"topic": "greeting"} and other.output[0].content[0].text == "Nothing."
        assert len(talk.of("conversation.item.added")) == added


def mistakes(place: Place) -> None:
    """Each is told in an error that names it, and the conversation goes on."""
    with talking(place.client().realtime.connect(model=MODEL)) as talk:
        wrong: list[tuple[Any, str]] = [
            ({"type": "no.such.event"}, "unknown_event"),
            ({"type": "input_audio_buffer.append", "audio": "?!"}, "invalid_audio"),
            ({"type": "input_audio_buffer.append"}, "missing_required_parameter"),
            (
                {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["smell"]}},
                "invalid_value",
            ),
            ({"type": "conversation.item.delete", "item_id": "nobody"}, "item_delete_invalid_item_id"),
            ({"type": "conversation.item.retrieve", "item_id": "nobody"}, "item_retrieve_invalid_item_id"),
        ]
        for number, (event, code) in enumerate(wrong):
            talk.connection._connection.send(json.dumps({**event, "event_id": f"wrong_{number}"}))
            error = talk.until("error").error
            assert (error.type, error.code) == ("invalid_request_error", code), error
            assert error.event_id == f"wrong_{number}" and error.message
        for frame in ("{not json", "[]", b"\x00\x01"):
            talk.connection._connection.send(frame)
            assert talk.until("error").error.type == "invalid_request_error"
        talk.write("Are you there?")
        talk.connection.response.create(response={"output_modalities": ["text"]})
        assert talk.until("response.done").response.status == "completed"


def secrets(place: Place) -> None:
    """A secret opens a conversation that begins as it says; what is no key is refused."""
    session: Any = {"type": "realtime", "instructions": "Recall.", "output_modalities": ["text"]}
    with place.client() as client:
        secret = client.realtime.client_secrets.create(session=session).value
    with talking(place.client(secret).realtime.connect(model=MODEL)) as talk:
        assert talk.events[0].session.instructions == "Recall."
        talk.write("Are you there?")
        talk.connection.response.create()
        assert talk.until("response.done").response.output[0].content[0].text == "Nothing."
    assert refused(place, "sk-nobody") and refused(place, "ek_nobody")


def an_expired_secret(place: Place) -> None:
    """It is refused before the connection opens."""
    deadline = time.monotonic() + 15
    while not refused(place, place.secret):
        assert time.monotonic() < deadline, "the secret does not expire"
        time.sleep(0.1)  # every look is a handshake, which other scenarios' daemon shall not be kept busy with


def instruct(talk: Talk, instructions: str, **more: Any) -> None:
    session: Any = {"type": "realtime", "instructions": instructions, **more}
    talk.connection.session.update(session=session)
    talk.until("session.updated")


def after(talk: Talk, response_id: str, event: Any) -> bool:
    """Whether an event belongs to a response that was done before it."""
    done = next(e for e in talk.events if e.type == "response.done" and e.response.id == response_id)
    return getattr(event, "response_id", None) == response_id and talk.events.index(event) > talk.events.index(done)


def refused(place: Place, key: str) -> bool:
    """Whether the handshake fails with 401."""
    try:
        with place.client(key).realtime.connect(model=MODEL) as connection:
            assert connection.recv().type == "session.created"
            return False
    except Exception as error:
        if getattr(getattr(error, "response", None), "status_code", None) != 401:
            raise
        return True


SCENARIOS = [
    a_turn_by_voice,
    a_turn_by_hand,
    an_interruption,
    a_cancelled_answer,
    tools,
    only_transcription,
    only_text,
    mistakes,
    secrets,
    an_expired_secret,
]
