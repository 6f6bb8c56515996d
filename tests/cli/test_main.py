"""The program itself: what it answers without loading anything, and what every command keeps to."""

import json
import os
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from vox import __version__
from vox.cli.overview import COMMANDS, overview
from vox.cli.tree import _as_vox_error, cli

HEAVY = {"asyncio", "anyio", "pydantic", "structlog", "numpy", "orjson", "rich", "starlette", "sounddevice"}
LAYERS = {f"vox.{name}" for name in ("runtime", "host", "daemon", "doors", "protocol", "config", "log")}


def tree(command: click.Command, path: tuple[str, ...] = ()) -> "list[tuple[str, ...]]":
    """Every command there is, as the words that reach it."""
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [path, *(words for name, inner in found if inner is not None for words in tree(inner, (*path, name)))]


PROGRAM = """
import sys
from vox.cli.main import main
try:
    main()
finally:
    print(*sys.modules, file=sys.stderr)
"""


def modules_of(*words: str, **environment: str) -> set[str]:
    """What the program has loaded at its end."""
    command = [sys.executable, "-P", "-c", PROGRAM, *words]
    env = {**os.environ, **environment}
    done = subprocess.run(command, env=env, capture_output=True, encoding="utf-8", timeout=30, check=True)
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]])
def test_the_overview_costs_no_click(words):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "vox", *words], capture_output=True, encoding="utf-8", timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, overview() + "\n", "")
    assert "click" not in modules_of(*words)


def test_the_overview_is_what_click_would_print():
    assert CliRunner().invoke(cli, ["--help"]).stdout == overview() + "\n"


def test_the_overview_names_every_option_of_the_program():
    for parameter in [*cli.params, cli.get_help_option(click.Context(cli))]:
        assert parameter is not None
        assert ", ".join(sorted(parameter.opts, key=len)) in overview()


def test_version():
    assert "click" not in modules_of("--version")
    assert CliRunner().invoke(cli, ["--version"]).stdout == f"vox {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_what_each_command_says_of_itself(name):
    command = cli.get_command(click.Context(cli), name)
    assert command is not None and (command.name, command.short_help) == (name, COMMANDS[name])


@pytest.mark.parametrize("words", tree(cli), ids=" ".join)
def test_every_command_explains_itself_with_an_example(words):
    done = CliRunner().invoke(cli, [*words, "--help"], prog_name="vox")
    assert done.exit_code == 0 and max(map(len, done.stdout.splitlines())) <= 100
    _, _, examples = done.stdout.partition("Example")
    assert f"vox {' '.join(words)}".strip() in examples


def test_a_command_loads_nothing_heavy_and_no_other_command(shared, tone):
    loaded = modules_of("transcribe", str(tone), VOX_HOME=str(shared.root))
    assert {"vox.cli.transcribe", "vox.client.api", "click"} <= loaded
    assert not loaded & HEAVY
    assert not {name for name in loaded if any(name.startswith(layer) for layer in LAYERS)}
    assert not {f"vox.cli.{name}" for name in COMMANDS if name != "transcribe"} & loaded


@pytest.mark.parametrize(
    "words", [["sing"], ["transcribe", "--words"], ["models", "--kind"], ["speak", "--speed", "fast", "hi"]]
)
def test_wrong_use(words):
    done = CliRunner().invoke(cli, words)
    assert (done.exit_code, done.stdout) == (64, "") and "Usage: " in done.stderr


def test_wrong_use_as_json():
    done = CliRunner().invoke(cli, ["models", "--json", "--loud"])
    assert done.exit_code == 64
    assert json.loads(done.stdout)["error"]["code"] == "invalid_request"


def test_debug_shows_where_an_error_comes_from(run):
    done = run("--debug", "transcribe", "missing.wav")
    assert done.exit_code == 66 and "Traceback" in done.stderr and "check_file" in done.stderr
    assert "Traceback" not in run("transcribe", "missing.wav").stderr


def test_a_closed_reader_of_the_overview_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-P", "-m", "vox", "--help"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, encoding="utf-8", timeout=30)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def complete(instruction: str, **environment: str) -> str:
    """What the program tells a shell."""
    env = {**os.environ, "_VOX_COMPLETE": instruction, **environment}
    command = [sys.executable, "-P", "-m", "vox"]
    return subprocess.run(command, env=env, capture_output=True, encoding="utf-8", timeout=30, check=True).stdout


def test_shells_can_complete_commands_and_options():
    assert "_VOX_COMPLETE=zsh_complete" in complete("zsh_source")
    assert complete("zsh_complete", COMP_WORDS="vox tr", COMP_CWORD="1").split() == [
        "plain",
        "transcribe",
        *COMMANDS["transcribe"].split(),
    ]
    assert "--metrics" in complete("zsh_complete", COMP_WORDS="vox transcribe --me", COMP_CWORD="2")


def test_an_unexpected_failure_is_told_with_the_way_to_its_place():
    told = _as_vox_error(ZeroDivisionError("division by zero"))
    assert (told.code, told.exit_status) == ("internal", 70)
    assert "ZeroDivisionError: division by zero" in told.message and "vox --debug" in told.message


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "status"),
    [(["--help"], 0), (["config", "get", "nothing.there"], 64), (["speak"], 0), (["config", "path"], 0)],
)
def test_a_stream_that_is_not_there_costs_nothing(closed, words, status, tmp_path):
    command = ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-P", "-m", "vox", *words]
    env = {**os.environ, "VOX_HOME": str(tmp_path)}
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=30)
    assert done.returncode == status and "Traceback" not in done.stderr


def test_ctrl_c_while_a_command_loads_is_quiet():
    program = """
import sys

class Pressed:
    def find_spec(self, name, *_):
        if name == "vox.cli.tree":
            raise KeyboardInterrupt

from vox.cli.main import main

sys.meta_path.insert(0, Pressed())
main()
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, "models"], capture_output=True, encoding="utf-8", timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
