"""`vox config`: no daemon, the files and what is wrong in them."""

import json

import jsonschema

from tests.cli.daemons import vox


def test_paths(run, shared):
    assert run("config", "path", "providers").stdout == f"{shared.providers_json}\n"
    paths = json.loads(run("config", "path", "--json").stdout)
    assert paths["home"] == str(shared.root) and paths["socket"] == str(shared.socket)
    assert f"logs: {shared.logs}\n" in run("config", "path").stdout
    assert run("config", "path", "nothing").exit_code == 64


def test_a_good_configuration(run, shared):
    assert run("config", "validate").stdout == f"valid: 4 providers, {shared.providers_json}\n"


def test_each_problem_with_its_line(home):
    home.providers_json.write_text(
        '{"providers": [\n {"id": "a"},\n {"id": "b", "command": "sh"}\n]}', encoding="utf-8"
    )
    done = vox(home, "config", "validate")
    assert done.returncode == 78 and not home.runtime_json.exists()
    assert f"{home.providers_json}:2: providers[0]" in done.stdout
    assert f"{home.providers_json}:3: providers[1].command" in done.stdout
    report = json.loads(vox(home, "config", "validate", "--json").stdout)
    assert report["valid"] is False and [problem["line"] for problem in report["problems"]][:2] == [2, 3]


def test_the_schema_takes_what_the_daemon_takes(run, shared):
    schema = json.loads(run("config", "schema").stdout)
    jsonschema.validate(json.loads(shared.providers_json.read_text(encoding="utf-8")), schema)
    settings = json.loads(run("config", "schema", "config").stdout)
    assert "maxAudioBytes" in settings["properties"]
