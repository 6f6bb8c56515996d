"""Traces: what is said, both ways, without secrets and without megabytes; and nothing at all when nobody asked."""

import json
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.host.conftest import BAD, gone
from vox.config import Configuration, ProviderEntry, Settings
from vox.daemon.providers import make_supervisor
from vox.errors import VoxError
from vox.host.job import make_watcher
from vox.host.trace import Trace
from vox.host.transport import open_transport
from vox.log import Redactor
from vox.paths import Home

pytestmark = pytest.mark.anyio


async def converse(home: Home, how: str, *methods: str, **env: str) -> None:
    """Some calls to `bad.py HOW`, run as the daemon would, and a regular end."""
    command = [sys.executable, str(BAD), how]
    entry = ProviderEntry.model_validate({"id": "bad", "command": command, "env": env, "timeouts": {"stopMs": 100}})
    watcher = make_watcher()
    async with anyio.create_task_group() as tasks:
        configuration = Configuration((entry,), Settings(), folder=home.root)
        supervisor = make_supervisor(entry, configuration, home, {}, tasks, watcher)
        for method in methods:
            params = {"modelId": "bad:1", "path": str(BAD), "input": "a private text", "key": env.get("MY_API_KEY")}
            try:
                await supervisor.call(method, params, lambda result, audio: result, timeout_s=10)
            except VoxError:
                continue
        await supervisor.stop()
        watcher.close()
        tasks.cancel_scope.cancel()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.ensure()
    return made


def lines(home: Home) -> list[dict[str, Any]]:
    text = home.provider_trace("bad").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


async def test_both_directions_are_written_in_order(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_TRACE", "1")
    await converse(home, "good", "transcribe")
    told = lines(home)
    assert told[0]["event"] == "started" and told[0]["command"][-1] == "good"
    assert [line["to"]["method"] for line in told if "to" in line] == ["models", "transcribe"]
    assert [line["from"]["id"] for line in told if "from" in line] == [1, 2]
    assert told[-1] == {**told[-1], "event": "exited", "code": 0}
    assert len({line["pid"] for line in told}) == 1 and told[0]["pid"] > 0
    assert sorted(line["at"] for line in told) == [line["at"] for line in told]


async def test_texts_stay_secrets_and_audio_do_not(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_TRACE", "1")
    await converse(home, "good", "synthesize", "echo", MY_API_KEY="hunter2-hunter2")
    text = home.provider_trace("bad").read_text(encoding="utf-8")
    assert "a private text" in text
    assert "hunter2" not in text and "[redacted]" in text
    answer = next(line["from"]["result"] for line in lines(home) if "audioBase64" in str(line.get("from")))
    assert answer["audioBase64"] == "<4328 characters of base64>"


async def test_what_is_no_json_is_kept_as_text(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_TRACE", "1")
    await converse(home, "noisy", "transcribe")
    assert "Loading weights …" in [line.get("from") for line in lines(home)]


async def test_a_line_without_end_is_told_and_not_kept(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_TRACE", "1")
    await converse(home, "huge_line", "transcribe")
    assert "line too long" in [line.get("event") for line in lines(home)]
    assert home.provider_trace("bad").stat().st_size < 10_000


async def test_a_trace_is_private(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_TRACE", "1")
    await converse(home, "good")
    await converse(home, "good", "transcribe")
    path = home.provider_trace("bad")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("value", [None, "", "0"])
async def test_nothing_is_spent_unless_asked(home: Home, monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    monkeypatch.setenv("VOX_TRACE", value) if value is not None else monkeypatch.delenv("VOX_TRACE", raising=False)
    entry = ProviderEntry.model_validate({"id": "bad", "command": [sys.executable, str(BAD), "good"]})
    watcher = make_watcher()
    async with anyio.create_task_group() as tasks:
        configuration = Configuration((entry,), Settings(), folder=home.root)
        supervisor = make_supervisor(entry, configuration, home, {}, tasks, watcher)
        assert supervisor._open is open_transport
        await supervisor.ensure()
        assert type(supervisor.running.transport).__module__ == "vox.host.transport"  # type: ignore[union-attr]
        await supervisor.stop()
        watcher.close()
        tasks.cancel_scope.cancel()
    await gone(lambda: not home.provider_trace("bad").exists())


def test_a_full_disk_costs_the_line_only(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    trace = Trace(tmp_path / "file" / "trace.jsonl")
    trace.line("from", b'{"id": 1}')


def test_a_secret_that_is_half_of_json_leaves_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor()
    redactor.learn_value('"result": {')
    monkeypatch.setattr("vox.host.trace.redactor", redactor)
    Trace(tmp_path / "t.jsonl").line("from", memoryview(b'{"id": 1, "result": {}}\n'))
    told = json.loads((tmp_path / "t.jsonl").read_text(encoding="utf-8"))
    assert told["from"] == '{"id": 1, [redacted]}}'
