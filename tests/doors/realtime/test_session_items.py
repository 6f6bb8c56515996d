"""Items that clients put in, read and take out."""

from base64 import b64encode

import pytest

from tests.doors.realtime.sessions import COMMIT, MANUAL, SPEECH, Stage, append, error, item

pytestmark = pytest.mark.anyio


async def test_items_are_put_in_read_and_taken_out() -> None:
    stage = Stage()
    async with stage.running():
        added, done = await stage.send(item(id="one"))
        assert added["item"] == {
            "id": "one",
            "object": "realtime.item",
            "type": "message",
            "status": "completed",
            "role": "user",
            "content": [{"type": "input_text", "text": "hello"}],
        }
        assert (added["previous_item_id"], done["previous_item_id"]) == (None, None)
        added, _ = await stage.send({**item(), "previous_item_id": "root"})
        assert added["previous_item_id"] is None and added["item"]["id"].startswith("item_")
        added, _ = await stage.send({**item(id="two"), "previous_item_id": "one"})
        assert added["previous_item_id"] == "one"
        (deleted,) = await stage.send({"type": "conversation.item.delete", "item_id": "two"})
        assert deleted["item_id"] == "two"
        refused = error(await stage.send({**item(id="three"), "previous_item_id": "two", "event_id": "e1"}))
        assert (refused["code"], refused["event_id"]) == ("item_not_found", "e1")
        assert error(await stage.send(item(id="one")))["param"] == "item.id"
        assert [one.id for one in stage.session.conversation][1:] == ["one"]
    assert stage.agent.requests == []


async def test_the_sound_of_a_turn_can_be_had_back() -> None:
    stage = Stage()
    async with stage.running():
        await stage.send(stage.update(**MANUAL), append(SPEECH))
        committed, *_ = await stage.send(COMMIT)
        (told,) = await stage.send({"type": "conversation.item.retrieve", "item_id": committed["item_id"]})
        assert told["type"] == "conversation.item.retrieved"
        assert told["item"]["content"] == [
            {"type": "input_audio", "transcript": "", "audio": b64encode(SPEECH).decode("ascii")}
        ]
