"""`vox providers check`: what is told, in which form, and with which exit status."""

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from vox.paths import Home

BAD = str(Path(__file__).parents[1] / "bad_providers" / "bad.py")
MINIMAL = str(Path(__file__).parents[2] / "providers" / "examples" / "minimal.py")
SOME = ("--only", "models.*", "--only", "transcribe.result")


def test_a_program_after_two_dashes(run):
    done = run("providers", "check", *SOME, "--", sys.executable, MINIMAL)
    assert done.exit_code == 0, done.stdout
    assert "pass         transcribe.result: transcribe answers with a text\n" in done.stdout
    assert "(It tells no maxConcurrency.)\n" in done.stdout
    assert " passed, 0 failed, 0 warnings, 2 not offered, in " in done.stdout


def test_a_failure_shows_rule_advice_and_lines(run):
    words = ("--kind", "asr", "--only", "transcribe.metrics", "--", sys.executable, BAD, "no_text")
    done = run("providers", "check", *words)
    assert done.exit_code == 1
    assert "fail         transcribe.result: " in done.stdout
    told = ("no text; it must be a string", "rule: transcribe {modelId", "mend: Answer {", "not run      transc")
    assert [part for part in told if part not in done.stdout] == []


def test_json_is_one_object(run):
    done = run("providers", "check", "--json", *SOME, "--", sys.executable, MINIMAL, "--json")
    told = json.loads(done.stdout)
    assert (told["ok"], told["command"]) == (True, [sys.executable, MINIMAL, "--json"])
    assert told["counts"]["pass"] == sum(check["outcome"] == "pass" for check in told["checks"]) > 5
    first = {"id", "title", "rule", "outcome", "message", "mend", "seconds", "sent", "received"}
    assert set(told["checks"][0]) == first


def test_junit_is_xml_whatever_a_provider_writes(run, tmp_path):
    program = tmp_path / "dies.py"
    program.write_text('import sys; sys.exit("a \\x1b[31mred\\x00 \\ud800 <end>")', encoding="utf-8")
    file = tmp_path / "report.xml"
    done = run("providers", "check", "--junit", str(file), "--", sys.executable, str(program))
    assert done.exit_code == 1
    suite = ElementTree.parse(file).getroot().find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert (suite.get("failures"), suite.get("tests")) == ("1", str(len(cases)))
    assert len(suite.findall("testcase/skipped")) == int(suite.get("skipped") or 0) == len(cases) - 1
    failure = suite.find("testcase[@name='models']/failure")
    assert failure is not None and "<end>" in (failure.get("message") or "") and "mend: " in (failure.text or "")


def test_warnings_count_when_they_are_to(run):
    words = ("--only", "synthesize.result", "--kind", "tts", "--timeout", "1", "--", sys.executable, BAD)
    assert run("providers", "check", *words).exit_code == 0
    done = run("providers", "check", "--strict", "--json", *words)
    assert (done.exit_code, json.loads(done.stdout)["ok"]) == (1, False)


def test_a_provider_that_is_configured(run):
    done = run("providers", "check", "echo", "--only", "transcribe.result", "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 0, done.stdout
    assert told["command"][-1] == "asr"
    assert told["checks"][-1]["outcome"] == "pass"


def test_a_builtin_that_is_not_configured(run):
    done = run("providers", "check", "espeak", "--only", "models.list", "--json")
    assert json.loads(done.stdout)["command"][-1] == "vox_providers.espeak"


def test_one_id_with_both_kinds_has_to_be_chosen_from(run, home, monkeypatch):
    entries = [{"id": "tone", "kind": kind, "builtin": True} for kind in ("asr", "tts")]
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    monkeypatch.setenv("VOX_HOME", str(home.root))
    done = run("providers", "check", "tone")
    assert done.exit_code == 64 and "--kind" in done.stderr
    assert run("providers", "check", "tone", "--kind", "tts", "--only", "models.list").exit_code == 0


def test_the_program_sees_what_vox_would_let_it_see(run, monkeypatch, tmp_path):
    program = tmp_path / "env.py"
    text = "import json, os, sys; sys.exit(json.dumps({name: os.environ.get(name) for name in sys.argv[1:]}))"
    program.write_text(text, encoding="utf-8")
    monkeypatch.setenv("MY_API_KEY", "one")
    monkeypatch.setenv("OTHER_KEY", "two")
    words = ("--env", "MY_API_KEY", "--env", "PLACE=here", "--", sys.executable, str(program))
    done = run("providers", "check", *words, "MY_API_KEY", "OTHER_KEY", "PLACE")
    assert '{"MY_API_KEY": "one", "OTHER_KEY": null, "PLACE": "here"}' in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "after two dashes"),
        (("echo", "--", "sh"), "after two dashes"),
        (("nobody",), "no provider 'nobody'"),
        (("--", "no-such-program-anywhere"), "was not found on PATH"),
        (("echo", "--env", "A=B"), "--env is for"),
        (("--env", "NO_SUCH_VARIABLE", "--", "sh"), "there is no variable"),
        (("--only", "sing.*", "--", "sh"), "no check 'sing.*'"),
    ],
)
def test_what_cannot_be_checked_is_told(run, words, told):
    done = run("providers", "check", *words)
    assert done.exit_code in (64, 69) and told in done.stderr


def test_no_daemon_is_needed(home, monkeypatch, run):
    monkeypatch.setenv("VOX_HOME", str(home.root))
    assert run("providers", "check", "--only", "models.list", "--", sys.executable, MINIMAL).exit_code == 0
    assert not Home(home.root).runtime_json.exists()
