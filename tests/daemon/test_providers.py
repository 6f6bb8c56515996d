"""From an entry to a running program: its environment, its folder, its log, and what a bad disk may cost."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from vox.config import Configuration, ProviderEntry, Settings
from vox.daemon.providers import make_supervisor
from vox.errors import ConfigError, ProviderUnavailable
from vox.host.job import make_watcher
from vox.host.supervisor import Supervisor
from vox.paths import Home

pytestmark = pytest.mark.anyio

ECHO = """
import json, os, sys
print(os.environ.get("SAY", "started"), file=sys.stderr, flush=True)
for line in sys.stdin:
    request = json.loads(line)
    result = {"env": dict(os.environ), "cwd": os.getcwd(), "argv": sys.argv[1:]}
    result = {"models": []} if request["method"] == "models" else result
    print(json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result}), flush=True)
"""


@pytest.fixture
def home(home: Home) -> Home:
    (home.root / "echo.py").write_text(ECHO, encoding="utf-8")
    return home


@asynccontextmanager
async def supervised(home: Home, installed: dict[str, str] | None = None, **fields: Any) -> AsyncIterator[Supervisor]:
    fields = {"id": "echo", "command": [sys.executable, "echo.py"], **fields}
    entry = ProviderEntry.model_validate(fields)
    configuration, watcher = Configuration((entry,), Settings(), folder=home.root), make_watcher()
    async with anyio.create_task_group() as tasks:
        supervisor = make_supervisor(entry, configuration, home, installed or {}, tasks, watcher)
        try:
            yield supervisor
        finally:
            with anyio.CancelScope(shield=True):
                await supervisor.stop()
            watcher.close()
            tasks.cancel_scope.cancel()


async def look(supervisor: Supervisor) -> dict[str, Any]:
    return await supervisor.call("look", {}, lambda result, _: result, timeout_s=10)


async def test_the_folder_is_the_configurations_unless_it_is_named(home: Home) -> None:
    async with supervised(home) as supervisor:
        assert (await look(supervisor))["cwd"] == str(home.root.resolve())
    (home.root / "below").mkdir()
    command = [sys.executable, str(home.root / "echo.py"), "an argument"]
    async with supervised(home, cwd="below", command=command) as supervisor:
        seen = await look(supervisor)
        assert (seen["cwd"], seen["argv"]) == (str((home.root / "below").resolve()), ["an argument"])


async def test_a_program_beside_providers_json(home: Home) -> None:
    program = home.root / "run.sh"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" echo.py\n', encoding="utf-8")
    program.chmod(0o755)
    async with supervised(home, command=["./run.sh"]) as supervisor:
        assert (await look(supervisor))["cwd"] == str(home.root.resolve())


async def test_the_environment_is_what_it_needs_and_no_secret_of_ours(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ours")
    monkeypatch.setenv("VOX_TOKEN", "ours")
    monkeypatch.setenv("VOX_MINE", "passes")
    monkeypatch.setenv("SECRET_SAUCE", "ours")
    (home.root / "key").write_text("from a file\n", encoding="utf-8")
    async with supervised(home, env={"MY_KEY": "${file:key}", "PLAIN": "x"}) as supervisor:
        seen = (await look(supervisor))["env"]
    assert {"MY_KEY": "from a file", "PLAIN": "x", "VOX_MINE": "passes"}.items() <= seen.items()
    assert {"PATH", "VOX_CACHE", "VOX_MODELS"} <= seen.keys()
    assert seen["VOX_ENTRY_ENV"] == "MY_KEY,PLAIN"
    assert not {"OPENAI_API_KEY", "VOX_TOKEN", "SECRET_SAUCE"} & seen.keys()


async def test_what_it_says_is_logged_without_secrets(home: Home) -> None:
    async with supervised(home, env={"MY_API_KEY": "hunter2hunter2", "SAY": "key hunter2hunter2"}) as supervisor:
        await look(supervisor)
    said = home.provider_log("echo").read_text(encoding="utf-8")
    assert said == "key [redacted]\n"


async def test_a_log_that_cannot_be_written_costs_only_itself(home: Home) -> None:
    (home.logs / "providers").write_text("in the way", encoding="utf-8")
    async with supervised(home) as supervisor:
        assert (await look(supervisor))["argv"] == []


async def test_a_built_in_runs_by_its_module(home: Home) -> None:
    async with supervised(home, {"tone": "vox_providers.tone"}, id="tone", command=None, builtin=True) as supervisor:
        assert supervisor.spec.argv == (sys.executable, "-P", "-m", "vox_providers.tone")
        await supervisor.ensure()
        assert supervisor.models is not None and supervisor.models.models


async def test_a_built_in_runs_under_another_id_and_by_its_published_names(home: Home) -> None:
    installed = {"tone": "vox_providers.tone", "openai": "one", "openai-tts": "other"}
    for fields, module in (
        ({"id": "mine", "builtin": "tone"}, "vox_providers.tone"),
        ({"id": "openai", "builtin": True, "kind": "tts"}, "other"),
        ({"id": "openai-transcribe", "builtin": True, "kind": "asr"}, "one"),
    ):
        async with supervised(home, installed, command=None, **fields) as supervisor:
            assert supervisor.spec.argv[-1] == module


async def test_a_command_line_is_handed_to_the_program_that_runs_it(home: Home) -> None:
    installed = {"command": "vox_providers.command"}
    fields = {"builtin": "command", "argv": [sys.executable, "-c", "print('heard')", "{path}"], "models": ["m:1"]}
    async with supervised(home, installed, command=None, **fields) as supervisor:
        await supervisor.ensure()
        assert supervisor.models is not None
        assert [(model.id, model.installed) for model in supervisor.models.models] == [("m:1", True)]
        recording = home.root / "x.wav"
        recording.touch()
        call = {"modelId": "m:1", "path": str(recording)}
        answer = await supervisor.call("transcribe", call, lambda result, _: result, timeout_s=10)
        assert answer["text"] == "heard"


async def test_a_built_in_that_is_not_installed_is_named(home: Home) -> None:
    entry = ProviderEntry(id="ghost", builtin=True)
    configuration = Configuration((entry,), Settings(), folder=home.root)
    async with anyio.create_task_group() as tasks:
        with pytest.raises(ConfigError, match=r"'ghost'.*tone"):
            make_supervisor(entry, configuration, home, {"tone": "x"}, tasks, make_watcher())


async def test_a_file_without_the_right_to_run_is_named(home: Home) -> None:
    (home.root / "plain.txt").write_text("x", encoding="utf-8")
    async with supervised(home, command=["./plain.txt"]) as supervisor:
        with pytest.raises(ProviderUnavailable, match=r"plain\.txt"):
            await supervisor.ensure()
