"""Items in their order, and what a language model is shown of them."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.llm.chat import Message, ToolCall
from vox.runtime.agent.conversation import BYTES_PER_MS, Conversation, Item, ItemError, Part
from vox.runtime.agent.heard import Mark


def user(key: str, text: str | None = "hello") -> Item:
    return Item(key, role="user", parts=[Part("input_audio", text)])


def said(key: str, text: str, ms: int = 1000, marks: list[Mark] | None = None) -> Item:
    part = Part("output_audio", text, bytearray(ms * BYTES_PER_MS), ms, marks or [Mark(text, 0)])
    return Item(key, role="assistant", parts=[part])


def system(key: str, text: str) -> Item:
    return Item(key, role="system", parts=[Part("input_text", text)])


def call(key: str, name: str = "look", arguments: str = "{}") -> Item:
    return Item(key, "function_call", call_id=f"c_{key}", name=name, arguments=arguments)


def result(key: str, of: str, output: str = "42") -> Item:
    return Item(key, "function_call_output", call_id=f"c_{of}", output=output)


def holding(*items: Item) -> Conversation:
    conversation = Conversation()
    for item in items:
        conversation.insert(item)
    return conversation


def ids(conversation: Conversation) -> list[str]:
    return [item.id for item in conversation]


# ---- order


def test_items_are_put_where_they_are_wanted_and_told_what_is_before_them() -> None:
    conversation = Conversation()
    assert conversation.insert(user("a")) is None
    assert conversation.insert(user("c")) == "a"
    assert conversation.insert(user("b"), after="a") == "a"
    assert conversation.insert(user("first"), after="root") is None
    assert ids(conversation) == ["first", "a", "b", "c"]


def test_an_item_behind_one_that_is_not_there_is_refused_and_nothing_changes() -> None:
    conversation = holding(user("a"))
    with pytest.raises(ItemError, match="nowhere") as raised:
        conversation.insert(user("b"), after="nowhere")
    assert raised.value.unknown
    with pytest.raises(ItemError, match="already") as raised:
        conversation.insert(user("a"))
    assert not raised.value.unknown
    assert ids(conversation) == ["a"]


def test_what_is_deleted_is_gone() -> None:
    conversation = holding(user("a"), user("b"))
    assert conversation.delete("a").id == "a"
    assert ids(conversation) == ["b"] and "a" not in conversation
    for act in (conversation.get, conversation.delete):
        with pytest.raises(ItemError) as raised:
            act("a")
        assert raised.value.unknown


def test_a_conversation_has_an_end() -> None:
    conversation = holding(*(call(str(number)) for number in range(10_000)))
    with pytest.raises(ItemError, match="10000 items"):
        conversation.insert(user("one more"))
    conversation.delete("0")
    conversation.insert(user("one more"))
    assert len(conversation) == 10_000


def test_a_conversation_holds_only_so_much_text() -> None:
    conversation = holding(user("a", "x" * (31 << 20)))
    with pytest.raises(ItemError, match="characters"):
        conversation.insert(user("b", "x" * (2 << 20)))
    conversation.insert(user("c", "x" * (1 << 19)))


def test_the_sound_of_the_latest_items_is_kept_and_that_of_others_let_go() -> None:
    conversation = holding(*(said(str(number), "text", 60_000) for number in range(8)))
    kept = [bool(item.parts[0].audio) for item in conversation]
    assert kept == [False] * 3 + [True] * 5
    assert {item.parts[0].audio_ms for item in conversation} == {60_000}
    assert conversation.truncate("0", 0, 30_000).parts[0].audio_ms == 30_000


def test_the_speech_since_the_users_last_turn_is_measured() -> None:
    conversation = holding(said("a", "one", 500), user("b"), said("c", "two", 300), call("d"), said("e", "three", 400))
    assert conversation.last_spoken_ms() == 700
    assert Conversation().last_spoken_ms() == 0


# ---- what was heard

MARKS = [Mark("One two three. ", 0), Mark("Four five six. ", 1000), Mark("Seven.", 2500)]
TEXT = "One two three. Four five six. Seven."


@pytest.mark.parametrize(
    ("end_ms", "heard"),
    [
        (0, ""),
        (1, ""),
        (500, "One two"),
        (999, "One two three. "),
        (1000, "One two three. "),
        (1001, "One two three. "),
        (1500, "One two three. Four"),
        (2000, "One two three. Four five"),
        (2499, "One two three. Four five six. "),
        (2501, "One two three. Four five six. "),
        (3000, TEXT),
    ],
)
def test_a_cut_drops_the_words_that_were_not_heard(end_ms: int, heard: str) -> None:
    conversation = holding(said("a", TEXT, 3000, list(MARKS)))
    part = conversation.truncate("a", 0, end_ms).parts[0]
    assert (part.text, part.audio_ms, len(part.audio)) == (heard, end_ms, end_ms * BYTES_PER_MS)
    expected = (Message("assistant", heard),) if heard else ()
    assert conversation.messages() == expected


def test_a_cut_in_a_script_without_blanks_may_fall_behind_any_character() -> None:
    conversation = holding(said("a", "今日は天気がいいです", 1000))
    assert conversation.truncate("a", 0, 500).parts[0].text == "今日は天気"


def test_speech_without_marks_is_cut_in_proportion() -> None:
    item = said("a", "one two three four", 1000)
    item.parts[0].marks = []
    assert holding(item).truncate("a", 0, 500).parts[0].text == "one two"


def test_a_second_cut_goes_further() -> None:
    conversation = holding(said("a", TEXT, 3000, list(MARKS)))
    conversation.truncate("a", 0, 2000)
    assert conversation.truncate("a", 0, 1000).parts[0].text == "One two three. "
    with pytest.raises(ItemError, match="1000 ms is already shorter than 2000 ms"):
        conversation.truncate("a", 0, 2000)


@pytest.mark.parametrize("marks", [MARKS, [Mark(TEXT, 0)]])
def test_a_second_cut_brings_nothing_back(marks: list[Mark]) -> None:
    conversation = holding(said("a", TEXT, 3000, list(marks)))
    heard = [conversation.truncate("a", 0, end_ms).parts[0].text or "" for end_ms in (1990, 1980, 1500, 1490, 999)]
    assert all(before.startswith(after) for before, after in itertools.pairwise(heard)), heard


@given(st.lists(st.tuples(st.text(max_size=20), st.integers(1, 500)), max_size=8), st.integers(0, 4000))
def test_what_was_heard_is_a_beginning_of_the_text(pieces: list[tuple[str, int]], end_ms: int) -> None:
    marks, at = [], 0
    for text, ms in pieces:
        marks.append(Mark(text, at))
        at += ms
    whole = "".join(text for text, _ in pieces)
    end_ms = min(end_ms, at)
    part = holding(said("a", whole, at, marks)).truncate("a", 0, end_ms).parts[0]
    assert whole.startswith(part.text or "")
    assert part.text == whole or end_ms < at


@pytest.mark.parametrize(
    ("key", "index", "end_ms", "told"),
    [
        ("nowhere", 0, 0, "no item"),
        ("u", 0, 0, "not a message of the assistant"),
        ("f", 0, 0, "not a message of the assistant"),
        ("a", 1, 0, "no content 1"),
        ("t", 0, 0, "no audio"),
        ("a", 0, 1001, "shorter than 1001 ms"),
        ("a", 0, -1, "shorter"),
    ],
)
def test_what_cannot_be_cut_is_refused(key: str, index: int, end_ms: int, told: str) -> None:
    written = Item("t", role="assistant", parts=[Part("output_text", "hello")])
    conversation = holding(user("u"), said("a", "hello"), call("f"), written)
    with pytest.raises(ItemError, match=told):
        conversation.truncate(key, index, end_ms)
    assert conversation.get("a").text == "hello"


# ---- what a model is shown


def test_instructions_and_system_items_are_one_message_at_the_front() -> None:
    conversation = holding(user("a"), system("s", "Be brief."), said("b", "Hi."))
    assert conversation.messages("You are kind.") == (
        Message("system", "You are kind.\n\nBe brief."),
        Message("user", "hello"),
        Message("assistant", "Hi."),
    )
    assert holding(user("a")).messages() == (Message("user", "hello"),)


def test_what_is_not_recognised_is_empty_or_an_aside_is_left_out() -> None:
    aside = said("b", "One moment.")
    aside.aside = True
    conversation = holding(user("a", None), aside, user("c", "  "), user("d", "now"))
    assert conversation.messages() == (Message("user", "now"),)


def test_calls_made_together_are_one_message_followed_by_their_results() -> None:
    conversation = holding(
        user("a"),
        said("b", "Let me see."),
        call("x", "look", '{"at": 1}'),
        call("y"),
        user("c", "hurry"),
        result("ry", "y", "second"),
        result("rx", "x", "first"),
    )
    calls = (ToolCall("c_x", "look", '{"at": 1}'), ToolCall("c_y", "look", "{}"))
    assert conversation.messages() == (
        Message("user", "hello"),
        Message("assistant", "Let me see.", calls),
        Message("tool", "first", tool_call_id="c_x"),
        Message("tool", "second", tool_call_id="c_y"),
        Message("user", "hurry"),
    )


def test_a_call_without_its_result_and_a_result_without_its_call_are_left_out() -> None:
    conversation = holding(user("a"), call("x"), call("y"), result("ry", "y"), result("rz", "z"))
    assert conversation.messages() == (
        Message("user", "hello"),
        Message("assistant", "", (ToolCall("c_y", "look", "{}"),)),
        Message("tool", "42", tool_call_id="c_y"),
    )


def test_rounds_of_calls_are_kept_apart() -> None:
    conversation = holding(call("x"), result("rx", "x"), user("a", "and?"), call("y"), result("ry", "y"))
    assert [message.role for message in conversation.messages()] == ["assistant", "tool", "user", "assistant", "tool"]


KINDS = st.sampled_from(["user", "said", "call", "result", "system", "aside"])


@given(st.lists(st.tuples(KINDS, st.integers(0, 4)), max_size=24))
def test_whatever_stands_in_it_tool_messages_follow_their_calls(kinds: list[tuple[str, int]]) -> None:
    conversation = Conversation()
    for at, (kind, number) in enumerate(kinds):
        made = {
            "user": user(f"{at}"),
            "said": said(f"{at}", "Hi."),
            "call": Item(f"{at}", "function_call", call_id=f"c{number}", name="look", arguments="{}"),
            "result": Item(f"{at}", "function_call_output", call_id=f"c{number}", output="1"),
            "system": system(f"{at}", "Be."),
            "aside": Item(f"{at}", role="assistant", parts=[Part("output_audio", "Hm.")], aside=True),
        }
        conversation.insert(made[kind])
    open_calls: list[str] = []
    seen: set[str] = set()
    for at, message in enumerate(conversation.messages("Go.")):
        assert (message.role == "system") == (at == 0)
        if message.role == "tool":
            assert message.tool_call_id == open_calls.pop(0)
        else:
            assert open_calls == []
            open_calls = [one.id for one in message.tool_calls]
            assert len(set(open_calls)) == len(open_calls) and not seen & set(open_calls)
            seen |= set(open_calls)
            assert message.text or message.tool_calls
    assert open_calls == []


def test_an_id_of_any_length_is_told_briefly() -> None:
    with pytest.raises(ItemError) as refused:
        Conversation().get("x" * 1_000_000)
    assert len(str(refused.value)) < 400
