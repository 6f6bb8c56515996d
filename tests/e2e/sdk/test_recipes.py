"""The recipes of the documentation do what they say, each with the program it is about."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.sdk.brain import SHORT
from tests.e2e.sdk.node import NODE
from tests.e2e.sdk.place import Place, plain, wav
from tests.e2e.sdk.virtual import installed
from tests.test_docs import DOCS, blocks_of

HERE = Path(__file__).parent
RECIPES = {name: block for block in blocks_of(DOCS / "guide/recipes.md") if (name := block.order("recipe"))}
RUN_S = 90
SAID = "and so my fellow americans"

pytestmark = pytest.mark.heavy


def written(place: Place, name: str, path: Path) -> Path:
    """A recipe in a file, for the daemon of these tests."""
    text = RECIPES[name].text
    host = place.address.removeprefix("http://").removesuffix("/v1")
    for key in ('"any"', "'any'"):
        text = text.replace(key, json.dumps(place.key))
    assert "127.0.0.1:42137" in text and json.dumps(place.key) in text
    path.write_text(text.replace("127.0.0.1:42137", host), encoding="utf-8")
    return path


def printed(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What a program writes that ends well."""
    ran = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, encoding="utf-8", timeout=RUN_S
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("version", ["current", "1.x"])
def test_openais_python_client(place: Place, tmp_path: Path, version: str, request: pytest.FixtureRequest) -> None:
    python = sys.executable if version == "current" else request.getfixturevalue("old_python")
    recipe = written(place, "openai-python", tmp_path / "recipe.py")
    answer, understood = printed(python, recipe, cwd=tmp_path).splitlines()
    assert answer == SHORT and "kettle is on" in plain(understood)
    assert place.recognised((tmp_path / "speech.mp3").read_bytes()) == "the bread is fresh"


def test_openais_agents_for_javascript(place: Place, node_folder: Path) -> None:
    recipe = written(place, "agents-js", node_folder / "recipe.mjs")
    assert printed(NODE, recipe, cwd=node_folder) == "They say rain in Oslo and rain in Rome.\n"


def test_livekit(place: Place, tmp_path: Path) -> None:
    recipe = written(place, "livekit", tmp_path / "recipe.py")
    with installed(tmp_path / "venv", "livekit-agents~=1.8", "livekit-plugins-openai~=1.8") as python:
        told = json.loads(printed(python, HERE / "livekit_check.py", recipe, place.folder, cwd=tmp_path))
    check(place, "livekit", told)


def test_pipecat(place: Place, tmp_path: Path) -> None:
    recipe = written(place, "pipecat", tmp_path / "recipe.py")
    with installed(tmp_path / "venv", "pipecat-ai[openai]~=1.14") as python:
        program = HERE / "pipecat_check.py"
        out = printed(python, program, recipe, place.folder, cwd=tmp_path, LOGURU_LEVEL="WARNING")
    check(place, "pipecat", json.loads(out.splitlines()[-1]))


def check(place: Place, name: str, told: dict[str, str]) -> None:
    """Whole turns and live ones were understood, and what was spoken can be."""
    assert [plain(told[key]) for key in ("recognized", "streamed", "said")] == [SAID] * 3
    assert told["answer"].strip() == SHORT
    heard = {
        part: place.recognised(wav((place.folder / f"{name}-{part}.heard").read_bytes())) for part in ("tts", "talk")
    }
    assert "quick brown fox" in heard["tts"] and "kettle is on" in heard["talk"]
