"""OpenAI's agents for JavaScript, as npm has them, in Node: a spoken conversation with tools, and interruptions."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.sdk.brain import LONG
from tests.e2e.sdk.node import NODE
from tests.e2e.sdk.place import Place, plain, wav

PROGRAM = Path(__file__).with_name("agents.mjs")
RUN_S = 90

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def told(place: Place, node_folder: Path) -> dict[str, dict[str, Any]]:
    """What the program tells of each of its steps."""
    program = Path(shutil.copy(PROGRAM, node_folder))
    address = place.address.replace("http", "ws", 1) + "/realtime"
    ran = subprocess.run(
        [NODE, program, address, place.key, place.folder], capture_output=True, encoding="utf-8", timeout=RUN_S
    )
    assert ran.returncode == 0, ran.stderr
    return {line["step"]: line for line in map(json.loads, ran.stdout.splitlines())}


def heard(place: Place, step: str) -> str:
    return place.recognised(wav((place.folder / f"{step}.heard").read_bytes()))


def test_a_spoken_conversation_with_tools(place: Place, told: dict[str, dict[str, Any]]) -> None:
    step = told["tools"]
    assert step["errors"] == [] and "error" not in step["types"]
    assert sorted(step["asked"]) == ["Oslo", "Rome"]
    (speaker, state, said), *calls, answer = step["history"]
    assert (speaker, state, plain(said)) == ("user", "completed", "and so my fellow americans")
    assert calls == [["function_call", "completed", "snow"], ["function_call", "completed", "sunshine"]]
    assert answer == ["assistant", "completed", "They say snow and sunshine."]
    assert set(step["responses"]) == {"completed"}
    assert "snow and sunshine" in heard(place, "tools")


def test_an_interruption_by_a_button(place: Place, told: dict[str, dict[str, Any]]) -> None:
    step = told["button"]
    assert step["errors"] == [] and step["interrupted"] == 1 and step["responses"] == ["cancelled"]
    asked, (speaker, state, kept) = step["history"]
    assert asked == ["user", "completed", "Tell me of the train."]
    assert (speaker, state) == ("assistant", "incomplete") and kept and LONG.startswith(kept) and len(kept) < 50
    assert heard(place, "button").startswith("the morning train")


def test_an_interruption_by_voice(place: Place, told: dict[str, dict[str, Any]]) -> None:
    """The answer after it tells what the language model believes to have said: what was heard."""
    step = told["voice"]
    assert step["errors"] == [] and "error" not in step["types"] and step["interrupted"] == 2
    assert step["responses"] == ["cancelled", "cancelled", "completed"]
    again, (_, state, kept), (speaker, _, said), (_, _, answer) = step["history"][2:]
    assert again == ["user", "completed", "Tell me once more."] and state == "incomplete"
    assert kept and LONG.startswith(kept) and len(kept) < 50
    assert (speaker, plain(said)) == ("user", "ask what you can do for your country")
    assert answer.strip() == kept.strip()
