"""Spoken conversations with OpenAI's client in the beta's words (`client.beta.realtime`)."""

import json
from typing import Any

from tests.e2e.sdk.place import Place, plain, wav
from tests.e2e.sdk.talk import talking

__all__ = ["SCENARIOS"]

MODEL = "gpt-4o-realtime-preview"
SAID = "and so my fellow americans"
WEATHER = {
    "type": "function",
    "name": "weather",
    "description": "The weather of a town.",
    "parameters": {"type": "object", "properties": {"town": {"type": "string"}}},
}
NEWS = {
    "conversation.item.added",
    "conversation.item.done",
    "response.output_audio.delta",
    "response.output_text.delta",
}


def a_turn(place: Place) -> None:
    """A turn by voice: the beta's names, and none of today's."""
    with talking(place.client().beta.realtime.connect(model=MODEL)) as talk:
        talk.connection.session.update(
            session={"modalities": ["text", "audio"], "turn_detection": {"type": "server_vad"}, "voice": "shimmer"}
        )
        session = talk.until("session.updated").session
        assert session.voice == "shimmer" and session.input_audio_format == "pcm16"
        assert session.turn_detection.silence_duration_ms == 500 and session.modalities == ["text", "audio"]
        talk.say(place.sound("said"))
        talk.pause(1.0)
        done = talk.until("response.done").response
        assert plain(talk.of("conversation.item.input_audio_transcription.completed")[0].transcript) == SAID
        roles = [event.item.role for event in talk.of("conversation.item.created")]
        assert roles == ["user", "assistant"] and not NEWS & {*talk.types()}
        transcript = "".join(event.delta for event in talk.of("response.audio_transcript.delta"))
        assert transcript == done.output[0].content[0].transcript == "The kettle is on, and the bread is fresh."
        assert "kettle is on" in place.recognised(wav(talk.heard()))


def a_tool_in_writing(place: Place) -> None:
    """Text only, with calls."""
    with talking(place.client().beta.realtime.connect(model=MODEL)) as talk:
        session: Any = {"modalities": ["text"], "tools": [WEATHER], "instructions": "Use the tools."}
        talk.connection.session.update(session=session)
        assert talk.until("session.updated").session.modalities == ["text"]
        talk.write("How is the weather?")
        talk.connection.response.create()
        for call in talk.until("response.done").response.output:
            output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "snow"}
            assert json.loads(call.arguments)["town"] in ("Oslo", "Rome")
            talk.connection.conversation.item.create(item=output)
        talk.connection.response.create(response={"modalities": ["text"]})
        assert talk.until("response.text.done").text == "They say snow and snow."
        talk.until("response.done")


def an_interruption(place: Place) -> None:
    """Speaking over an answer ends it."""
    with talking(place.client().beta.realtime.connect(model=MODEL)) as talk:
        talk.connection.session.update(session={"instructions": "Tell a story."})
        talk.write("Tell me of the train.")
        talk.connection.response.create()
        first = talk.until("response.audio.delta")
        talk.say(place.sound("said"))
        done = talk.until("response.done").response
        assert (done.status, done.status_details.reason) == ("cancelled", "turn_detected")
        talk.connection.conversation.item.truncate(item_id=first.item_id, content_index=0, audio_end_ms=500)
        talk.until("conversation.item.truncated")


def only_transcription(place: Place) -> None:
    """The beta's transcription sessions, opened with their own secret."""
    with place.client() as client:
        made = client.beta.realtime.transcription_sessions.create(input_audio_transcription={"model": "whisper-1"})
    secret = made.client_secret.value
    assert secret.startswith("ek_") and made.turn_detection is not None
    connecting = place.client(secret).beta.realtime.connect(model="", extra_query={"intent": "transcription"})
    with talking(connecting) as talk:
        assert talk.events[0].type == "transcription_session.created"
        talk.connection.transcription_session.update(session={"turn_detection": None})
        talk.until("transcription_session.updated")
        talk.say(place.sound("said"))
        talk.connection.input_audio_buffer.commit()
        heard = talk.until("conversation.item.input_audio_transcription.completed")
        assert plain(heard.transcript) == SAID


def mistakes(place: Place) -> None:
    """An error names the field as the beta calls it, and the conversation goes on."""
    with talking(place.client().beta.realtime.connect(model=MODEL)) as talk:
        wrong: Any = {"turn_detection": {"type": "server_vad", "threshold": 7}}
        talk.connection.session.update(session=wrong, event_id="wrong")
        error = talk.until("error").error
        assert (error.code, error.event_id) == ("invalid_value", "wrong")
        assert error.param == "session.turn_detection.threshold"
        talk.connection.response.cancel()
        assert talk.until("error").error.code == "response_cancel_not_active"
        talk.write("Are you there?")
        talk.connection.response.create()
        assert talk.until("response.done").response.status == "completed"


SCENARIOS = [a_turn, a_tool_in_writing, an_interruption, only_transcription, mistakes]
