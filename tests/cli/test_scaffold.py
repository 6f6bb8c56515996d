"""`vox providers new`: a file that works, never over one that is there."""

import ast
import json
import os
import stat
import sys
from pathlib import Path

import pytest

from vox.cli.scaffold import ENDINGS, render
from vox.config import ProviderEntry
from vox.errors import InvalidRequest


def test_it_writes_a_file_and_says_what_comes_next(run):
    done = run("providers", "new", "my-engine", "--kind", "both")
    assert done.exit_code == 0, done.stderr
    path = Path("my-engine.py").absolute()
    assert ast.parse(path.read_text(encoding="utf-8"))
    assert done.stdout.startswith(f"Wrote {path}\n")
    assert f"vox providers check -- {sys.executable} {path}\n" in done.stdout
    assert [entry["kind"] for entry in json.loads(_providers(done.stdout))["providers"]] == ["asr", "tts"]
    assert "vox transcribe --model my-engine:v1 recording.wav" in done.stdout


def _providers(text: str) -> str:
    return text[text.index("{") : text.rindex("}") + 1]


def test_the_entries_it_names_are_valid(run):
    for entry in json.loads(run("providers", "new", "mine", "--kind", "both", "--json").stdout)["providers"]:
        assert ProviderEntry.model_validate(entry).command == entry["command"]


@pytest.mark.parametrize("lang", ENDINGS)
def test_it_refuses_to_overwrite(run, lang):
    assert run("providers", "new", "mine", "--lang", lang, "--in", "folder").exit_code == 0
    path = Path("folder") / f"mine{ENDINGS[lang]}"
    path.write_text("my work", encoding="utf-8")
    done = run("providers", "new", "mine", "--lang", lang, "--in", "folder")
    assert done.exit_code == 64
    assert "is there already" in done.stderr
    assert path.read_text(encoding="utf-8") == "my work"


@pytest.mark.parametrize("name", ["", "../evil", "a b", ".hidden", "é", "a/b", "-x", "a" * 65, 'a"b'])
def test_a_name_that_cannot_be_one_is_refused(name, tmp_path):
    with pytest.raises(InvalidRequest, match="no name for a provider"):
        render(name, "python", "asr", tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="no execute bits")
def test_a_shell_program_can_be_run(run):
    assert run("providers", "new", "mine", "--lang", "sh").exit_code == 0
    assert stat.S_IMODE(Path("mine.sh").stat().st_mode) == 0o755


@pytest.mark.parametrize("kind", ["asr", "tts", "both"])
@pytest.mark.parametrize("lang", ENDINGS)
def test_nothing_of_the_template_is_left(lang, kind, tmp_path):
    made = render("x", lang, kind, tmp_path)
    assert "{{" not in made.text.replace("`${{", "")
    assert "%%" not in made.text
    assert "\n\n\n\n" not in made.text
    assert made.text.endswith("\n") and not made.text.endswith("\n\n")
    assert ("transcribe" in made.text) == (kind != "tts")
    assert ("synthesize" in made.text) == (kind != "asr")
    assert [entry in made.kinds for entry in ("asr", "tts")] == [kind != "tts", kind != "asr"]


def test_typescript_is_run_by_what_is_here(monkeypatch, tmp_path):
    for program, words in {"bun": ["bun"], "deno": ["deno", "run", "--allow-read"], "none": ["node"]}.items():
        monkeypatch.setattr("shutil.which", lambda name, found=program: name if name == found else None)
        assert render("x", "typescript", "asr", tmp_path).command[:-1] == words
