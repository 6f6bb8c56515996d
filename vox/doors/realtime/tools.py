"""The functions that a client offers, and which of them are to be called."""

from typing import Any, TypeAlias, cast

from vox.doors.realtime.fields import Fields
from vox.doors.realtime.wire import EventError

__all__ = ["ToolChoice", "read_tool_choice", "read_tools"]

ToolChoice: TypeAlias = str | dict[str, Any]
"""`auto`, `none`, `required`, or `{type: function, name}`."""

_MOST_TOOLS = 512
_LONGEST_NAME = 128  # characters


def read_tools(fields: Fields, now: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """The tools that a group names, in Realtime's flat shape with all four fields.

    Raises:
        EventError: One is no function, or not complete.
    """
    given = fields.anything("tools", None)
    if given is None:
        return now
    if not isinstance(given, list) or len(cast("list[Any]", given)) > _MOST_TOOLS:
        raise fields.wrong("tools", f"must be a list of at most {_MOST_TOOLS} tools")
    path = f"{fields.path}.tools"
    return tuple(_tool(Fields.of(one, f"{path}[{at}]")) for at, one in enumerate(cast("list[Any]", given)))


def read_tool_choice(fields: Fields, now: ToolChoice) -> ToolChoice:
    """The choice that a group names.

    Raises:
        EventError: It is none of those there are.
    """
    given = fields.anything("tool_choice", None)
    if given is None:
        return now
    if isinstance(given, str):
        return fields.choice("tool_choice", "auto", ("auto", "none", "required"))
    choice = fields.group("tool_choice")
    _check_function(choice)
    named = choice.group("function") if choice.given("function") else choice  # as Chat Completions has it
    return {"type": "function", "name": named.required("name")}


def _tool(tool: Fields) -> dict[str, Any]:
    _check_function(tool)
    if tool.given("function"):  # as Chat Completions has it
        tool = tool.group("function")
    name = tool.required("name")
    if len(name) > _LONGEST_NAME:
        raise tool.wrong("name", f"has more than {_LONGEST_NAME} characters")
    return {
        "type": "function",
        "name": name,
        "description": tool.text("description", "") or "",
        "parameters": Fields.of(tool.told_again("parameters", {}), f"{tool.path}.parameters").values,
    }


def _check_function(fields: Fields) -> None:
    kind = fields.text("type", "function")
    if kind != "function":
        at = f"{fields.path}.type"
        raise EventError(
            "invalid_value", f"Tools of the type {kind!r} cannot be called from here; offer functions.", at
        )
