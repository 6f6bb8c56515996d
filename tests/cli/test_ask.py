"""`vox providers run`: a request by hand, through the daemon or to a program that nobody has configured."""

import json
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import write_wav
from tests.cli.daemons import alive

ROOT = Path(__file__).parents[2]
BAD = str(ROOT / "tests/bad_providers/bad.py")
REFERENCE = str(ROOT / "tests/conformance/reference.py")


def command(*words: str) -> tuple[str, str]:
    return "--command", shlex.join([sys.executable, *words])


def test_no_daemon_is_needed(run, home, monkeypatch):
    monkeypatch.setenv("VOX_HOME", str(home.root))
    done = run("providers", "run", *command(BAD), "models")
    assert json.loads(done.stdout)["models"][0]["id"] == "bad:1"
    assert not home.runtime_json.exists()


def test_times_and_progress_are_told_beside_the_result(run):
    done = run("providers", "run", *command(REFERENCE), "preload", '{"modelId": "all:asr"}')
    assert json.loads(done.stdout) == {"model": {"id": "all:asr", "installed": True, "preloaded": True}}
    told = done.stderr.splitlines()
    assert told[0].startswith("started in ") and told[0].endswith(" ms")
    assert told[1:4] == ["all:asr 0% loading", "all:asr 50% loading", "all:asr 100% loading"]
    assert told[4].startswith("answered preload in ")


def test_the_daemon_tells_them_too(run):
    done = run("providers", "run", "echo", "install", '{"modelId": "echo:absent"}')
    assert json.loads(done.stdout)["model"]["installed"]
    assert "echo:absent 50% loading" in done.stderr
    assert "answered in " in done.stderr


def test_partial_text_and_diagnostics_are_shown(run, tmp_path):
    heard = write_wav(tmp_path / "heard.wav", bytes(2 * 3 * 16_000), 16_000)
    params = json.dumps({"modelId": "all:asr", "path": str(heard), "partials": True})
    done = run("providers", "run", *command(REFERENCE, "chatty"), "transcribe", params)
    assert "partial: word0" in done.stderr.splitlines()
    assert any(line.startswith("stderr: xxx") for line in done.stderr.splitlines())


def test_what_is_no_message_is_shown(run):
    done = run("providers", "run", *command(BAD, "noisy"), "synthesize", '{"modelId": "bad:1", "input": "a"}')
    assert "no JSON on stdout: Loading weights …" in done.stderr


def test_large_audio_is_told_by_its_size(run):
    params = {"modelId": "all:tts", "input": "a long enough text to be large", "format": "wav"}
    done = run("providers", "run", "--json", *command(REFERENCE), "synthesize", json.dumps(params))
    result = json.loads(done.stdout)["result"]
    assert "audioBase64" not in result
    assert result["audioBytes"] == 44 + 2 * 16_000 * len(params["input"]) // 20


@pytest.mark.parametrize(
    ("mode", "words", "code", "told"),
    [
        ("dies_at_start", ("models",), 70, "cannot find my weights"),
        ("dies_midway", ("transcribe", '{"modelId": "m"}'), 70, "ended by signal 9"),
        ("never_answers", ("--timeout", "0.3", "transcribe", '{"modelId": "m"}'), 70, "within 0.3 s"),
        ("error_object", ("transcribe", '{"modelId": "m"}'), 66, "get it first"),
        ("good", ("sing",), 70, "No answer to sing"),
        ("good", ("models", "{"), 64, "not valid JSON"),
        ("good", ("models", "[]"), 64, "JSON object"),
        ("good", (), 64, "Give METHOD"),
    ],
)
def test_failures_have_the_status_of_their_kind(run, mode, words, code, told):
    done = run("providers", "run", *command(BAD, mode), "--timeout", "0.5", *words)
    assert told in done.stderr
    assert (done.exit_code, done.stdout) == (code, "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("echo",), "Give ID and METHOD"),
        (("--command", "", "models"), "--command is empty"),
        (("--command", "no-such-program-anywhere", "models"), "not found on PATH"),
    ],
)
def test_what_cannot_be_asked(run, words, told):
    done = run("providers", "run", *words)
    assert done.exit_code in (64, 69) and told in done.stderr


def test_the_program_is_gone_afterwards(run, tmp_path):
    program = tmp_path / "clingy.py"
    text = Path(BAD).read_text(encoding="utf-8")
    program.write_text(
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(__import__('os').getpid()))\n{text}", encoding="utf-8"
    )
    assert run("providers", "run", *command(str(program), "ignores_signals"), "models").exit_code == 0
    assert not alive(int((tmp_path / "pid").read_text(encoding="utf-8")))


def test_a_conversation_that_was_written_down_is_shown(run, home, monkeypatch):
    monkeypatch.setenv("VOX_HOME", str(home.root))
    missing = run("providers", "logs", "echo", "--trace")
    assert missing.exit_code == 66
    assert "no trace of echo yet" in missing.stderr and "VOX_TRACE=1 vox daemon restart" in missing.stderr
    log = home.provider_trace("echo")
    log.parent.mkdir()
    log.write_text('{"event":"started"}\n{"to":{"id":1}}\n', encoding="utf-8")
    assert run("providers", "logs", "echo", "--trace").stdout == '{"event":"started"}\n{"to":{"id":1}}\n'
    assert run("providers", "logs", "echo", "--trace", "-n", "1").stdout == '{"to":{"id":1}}\n'
    assert "traces of: echo" not in run("providers", "logs", "echo").stderr
    assert "traces of: echo" in run("providers", "logs", "tone", "--trace").stderr
