"""`vox providers`: what runs, what it wrote, and a request to it by hand."""

import json
import os

import pytest

from tests.cli.daemons import started_vox, vox


def test_list_and_status_start_nothing(home):
    listed = vox(home, "providers", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["echo", "slow", "doomed", "tone"]
    assert listed[0].startswith("echo kind=asr models=- command=[") and listed[0].endswith('"asr"]')
    status = vox(home, "providers", "status").stdout.splitlines()
    assert status[0] == "echo kind=asr state=stopped limit=1 inUse=0 queued=0 starts=0"


def test_status_has_a_line_for_each_of_several_processes(home):
    entries = json.loads(home.providers_json.read_text(encoding="utf-8"))["providers"]
    entries[0]["replicas"] = 2
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    assert vox(home, "providers", "status", "echo").stdout.splitlines() == [
        "echo kind=asr state=stopped limit=2 inUse=0 queued=0 starts=0",
        "echo replica=0 state=stopped limit=1 inUse=0 starts=0",
        "echo replica=1 state=stopped limit=1 inUse=0 starts=0",
    ]


def test_problems_of_the_configuration_are_told_beside_the_good_entries(home):
    entries = json.loads(home.providers_json.read_text(encoding="utf-8"))["providers"]
    home.providers_json.write_text(json.dumps({"providers": [{"id": "bad"}, *entries]}, indent=1), encoding="utf-8")
    done = vox(home, "providers", "list")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 4
    assert f"{home.providers_json}:3: providers[0]" in done.stderr


def test_status_of_one(run):
    assert run("transcribe", "/dev/null").exit_code == 66
    one = json.loads(run("providers", "status", "tone", "--json").stdout)["providers"]
    assert [(found["id"], found["kind"]) for found in one] == [("tone", "tts")]
    done = run("providers", "status", "nobody")
    assert done.exit_code == 64 and "echo, slow, doomed, tone" in done.stderr


def test_run_prints_the_answer_as_it_is(run):
    assert json.loads(run("providers", "run", "echo", "models").stdout)["features"] == ["cancel"]
    wanted = '{"input": "hi", "modelId": "tone:v1", "speed": 2}'
    assert json.loads(run("providers", "run", "tone", "synthesize", wanted).stdout)["voiceId"] == "low"
    assert json.loads(run("providers", "run", "tone", "synthesize", "-", input=wanted).stdout)["voiceId"] == "low"
    assert json.loads(run("providers", "run", "--json", "echo", "models").stdout)["result"]["models"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nobody", "models"), 64, "echo, slow, doomed, tone"),
        (("echo", "sing"), 70, "no method sing"),
        (("echo", "models", "{"), 64, "not valid JSON"),
        (("echo", "models", "[]"), 64, "JSON object"),
    ],
)
def test_run_refuses(run, words, code, told):
    done = run("providers", "run", *words)
    assert (done.exit_code, done.stdout) == (code, "") and told in done.stderr


def test_logs_show_what_a_provider_wrote_without_its_colours(run):
    assert run("providers", "run", "echo", "models").exit_code == 0
    assert run("providers", "logs", "echo", "-n", "1").stdout == "echo provider ready\n"
    assert run("providers", "logs", "echo", "-n", "0").stdout == ""
    assert json.loads(run("providers", "logs", "echo", "--json").stdout)["lines"][-1].endswith("ready")
    done = run("providers", "logs", "../../etc/passwd")
    assert done.exit_code == 66 and "echo" in done.stderr.partition("logs of: ")[2]


def test_logs_follow_a_file_that_is_replaced(home):
    log = home.provider_log("mine")
    log.parent.mkdir()
    log.write_text("one\ntwo\n", encoding="utf-8")
    with started_vox(home, "providers", "logs", "mine", "--follow", "-n", "1") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "two\n"
        with log.open("a", encoding="utf-8") as file:
            file.write("three\n")
        assert process.stdout.readline() == "three\n"
        log.rename(log.with_name("mine.log.1"))
        fresh = log.with_name("fresh")
        fresh.write_text("four\n", encoding="utf-8")
        os.rename(fresh, log)
        assert process.stdout.readline() == "four\n"
        process.send_signal(2)
        assert process.wait(timeout=10) == 130
