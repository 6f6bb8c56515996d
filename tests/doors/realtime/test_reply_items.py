"""Items of responses that are changed while they grow."""

from tests.doors.realtime.rules import of_type
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.response import Response
from vox.doors.realtime.response_config import ResponseConfig
from vox.runtime.agent.conversation import Conversation

SECOND = bytes(48_000)


def test_what_is_said_after_the_listener_has_cut_is_told_and_was_not_heard() -> None:
    outbox, conversation = Outbox(), Conversation()
    message = Response(ResponseConfig(), conversation, outbox).message("audio/pcm")
    message.speak(SECOND, "One. ")
    message.speak(SECOND, "Two. ")
    conversation.truncate(message.item.id, 0, 900)
    message.speak(SECOND, "Three.")
    message.close("completed")
    (part,) = message.item.parts
    assert (part.text, part.audio_ms, len(part.audio)) == ("One. ", 900, 43_200)
    assert [one.text for one in conversation.messages()] == ["One. "]
    events = [outbox.take() for _ in range(len(outbox))]
    deltas = of_type(events, "response.output_audio_transcript.delta")
    (done,) = of_type(events, "response.output_audio_transcript.done")
    assert "".join(event["delta"] for event in deltas) == done["transcript"] == "One. Two. Three."
    (ended,) = of_type(events, "conversation.item.done")
    assert ended["item"]["content"] == [{"type": "output_audio", "transcript": "One. "}]
