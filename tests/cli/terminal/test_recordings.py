"""What the guide to pipes shows of terminals is what happens: its recordings are played again.

In a block behind `<!-- recorded -->`, the first line is the command. A line that ends in `« typed` is typed, one that
ends in `« said` is said behind what was said before it; both stand behind the program's prompt. Other lines are what
the program answers.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal.outer import Terminal, terminal
from tests.scripted_door import ScriptedDoor, scripted_door

PAGE = Path(__file__).parents[3] / "docs/guide/pipes.md"
RECORDINGS = re.findall(r"<!-- recorded -->\n```text\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
PROMPTS = (b"$ ", b">>> ")


@pytest.fixture
def door(tmp_path: Path) -> Iterator[ScriptedDoor]:
    with scripted_door(tmp_path / "home") as door:
        yield door


@pytest.mark.parametrize("recording", RECORDINGS)
def test_a_recording(door: ScriptedDoor, recording: str) -> None:
    first, *lines = recording.splitlines()
    words = first.removeprefix("$ vox ").replace("-- bash", "-- bash --norc --noprofile").split()
    agent, before = words[1], ""
    with terminal(door.home, *words) as opened:
        for line in lines:
            text, _, how = (part.strip() for part in line.partition("«"))
            if not how:
                opened.until(lambda shown, line=line: f"{line}\r\n".encode() in shown and shown.endswith(PROMPTS))
                continue
            if line is lines[0]:
                opened.until(lambda shown: shown.endswith(PROMPTS))
            text = text.partition(" ")[2]
            act(door, opened, agent, text.removeprefix(before).strip(), how)
            before = text if how == "said" else ""
        assert opened.wait() == 0


def act(door: ScriptedDoor, opened: Terminal, agent: str, text: str, how: str) -> None:
    if how == "typed":
        opened.type(text + "\r")
        return
    door.tell(agent, text, "submit" if "ok send" in how else "newline")
    opened.until(text)


def test_there_are_some() -> None:
    assert len(RECORDINGS) == 2
