"""Looking into results: members of the right type, numbers that can be used, times in order."""

import sys
from typing import Any, cast

from vox.provider.conformance.outcome import Failed, Warned
from vox.provider.conformance.session import Answer

__all__ = ["check_elapsed", "check_metrics", "check_model_id", "check_timed", "expect_named", "member", "number"]

_SLACK_S = 1.0  # engines pad recordings; a word may end that much after it
_REQUIRED = {"transcribe": ("inferenceMs", "totalMs"), "synthesize": ("totalMs",)}


def member(fields: dict[str, Any], name: str, method: str) -> str:
    """A string that has to be there.

    Raises:
        Failed: It is absent, or no string.
    """
    value = fields.get(name)
    if not isinstance(value, str):
        found = f"{name} is {value!r}" if name in fields else f"no {name}"
        raise Failed(f"The result of {method} has {found}; it must be a string.")
    return value


def number(value: Any) -> bool:
    """Whether it is a finite number of 0 or more, and no larger than other languages can read."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max


def check_metrics(result: dict[str, Any], method: str) -> None:
    """Required stage times are there, and everything is a number of 0 or more.

    Raises:
        Failed: Something is missing, or is no such number.
        Warned: A part takes longer than the whole.
    """
    metrics: Any = result.get("metrics")
    if not isinstance(metrics, dict):
        raise Failed(f"The result of {method} has no object metrics.")
    values = cast("dict[str, Any]", metrics)
    if missing := [name for name in _REQUIRED[method] if name not in values]:
        raise Failed(f"metrics lacks {' and '.join(missing)}.")
    if bad := [f"{name} = {value!r}" for name, value in values.items() if not number(value)]:
        raise Failed(f"metrics must be numbers of 0 or more: {', '.join(bad)}.")
    inside = [name for name in ("inferenceMs", "synthesisMs") if values.get(name, 0) > values["totalMs"] + 1]
    if inside:
        raise Warned(f"{inside[0]} is {values[inside[0]]}, but totalMs, of which it is a part, {values['totalMs']}.")


def check_elapsed(result: dict[str, Any], method: str) -> None:
    """`elapsedMs` is a number of 0 or more.

    Raises:
        Failed: It is something else.
        Warned: It is absent.
    """
    if "elapsedMs" not in result:
        raise Warned(f"The result of {method} has no elapsedMs; Vox measures by itself.")
    if not number(result["elapsedMs"]):
        raise Failed(f"elapsedMs is {result['elapsedMs']!r}; it must be a number of 0 or more.")


def check_model_id(result: dict[str, Any], asked: str, method: str) -> None:
    """The result names the model that was asked for.

    Raises:
        Failed: It names another one.
        Warned: It names none.
    """
    told = result.get("modelId")
    if told is None:
        raise Warned(f"The result of {method} has no modelId.")
    if told != asked:
        raise Failed(f"modelId is {told!r}; asked for was {asked!r}.")


def check_timed(items: list[Any], text: str, duration: float) -> None:
    """Words or segments have their text and times in seconds, in order and within the recording.

    Raises:
        Failed: They have not.
    """
    last = 0.0
    for item in items:
        fields = cast("dict[str, Any]", item) if isinstance(item, dict) else {}
        start: Any = fields.get("start")
        end: Any = fields.get("end")
        if not isinstance(fields.get(text), str) or not number(start) or not number(end):
            raise Failed(f"{item!r} must have {text} (a string), start and end (seconds).")
        if start < last or end < start:
            raise Failed(f"{item!r} is out of order: it must not start before {last} or end before it starts.")
        if end > duration + _SLACK_S:
            raise Failed(f"{item!r} ends after the recording, which is {duration:.2f} s long. Are the times seconds?")
        last = start


def expect_named(answer: Answer, name: str, what: str) -> None:
    """The answer is the error of that name.

    Raises:
        Warned: It is a result, or an error without a name or with another one.
    """
    if not answer.refused:
        raise Warned(f"It answered with a result for {what}.")
    if answer.error_name != name:
        found = f'data.code "{answer.error_name}"' if answer.error_name else "no data.code"
        raise Warned(f"The error for {what} has {found}: Vox cannot tell its client what is wrong.")
