"""A changed configuration is taken over while calls run, and costs none of them."""

import json
import os
import pty
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import ASR, TTS, Client, Daemon, alive, scripted, until
from tests.runtime.conftest import entry, model, running
from vox.config.origins import Origins
from vox.daemon.reload import Reloader
from vox.paths import Home
from vox.runtime.status import disabled_status, provider_status

CHANGES, CLIENTS = 10, 4


@contextmanager
def load_on(daemon: Daemon, recording: str, **params: Any) -> Iterator[list[dict[str, Any]]]:
    """Clients that call without a pause until the context ends; the replies so far."""
    replies: list[dict[str, Any]] = []
    done = threading.Event()

    def work() -> None:
        with Client(daemon.socket) as client:
            while not done.is_set():
                client.begin("transcribe.file", path=recording, **params)
                replies.append(client.receive())

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield replies
    finally:
        done.set()
        for thread in threads:
            thread.join()


def reload(daemon: Daemon) -> dict[str, Any]:
    with Client(daemon.socket) as client:
        return client.call("providers.reload")


def test_no_call_is_lost_while_the_file_changes_ten_times(daemon: Daemon, recording: str) -> None:
    daemon.start()
    pids: set[int] = set()
    with load_on(daemon, recording, modelId="ear:1") as replies:
        for change in range(CHANGES):
            answered = len(replies)
            until(lambda answered=answered: len(replies) >= answered + 2 * CLIENTS)
            pids.add(until(lambda: daemon.providers()["ear"]["pid"]))
            daemon.home.providers_json.write_text('{"providers": [', encoding="utf-8")  # half of it
            assert len(reload(daemon)["problems"]) == 1
            ear = scripted("ear", ASR, env={"CHANGE": str(change)}, maxConcurrency=1 + change % 3)
            others = [scripted("other", {"models": [{"id": "other:1"}]})] * (change % 2)
            daemon.configure(*others, ear)
            changes = reload(daemon)
            assert changes["changed"] == [{"id": "ear", "kind": "asr"}]
            assert len(changes["added" if others else "removed"]) == 1
        until(lambda: daemon.providers()["ear"]["pid"] not in {*pids, None})
    assert len(replies) > 2 * CLIENTS * CHANGES
    assert [reply for reply in replies if "result" not in reply] == []
    assert daemon.providers()["ear"]["generation"] == CHANGES + 1
    until(lambda: not any(map(alive, pids)), what="every replaced process to end")
    assert daemon.end() == (0, "")


def test_calls_inside_finish_and_the_line_moves_on_to_the_new_process(
    daemon: Daemon, recording: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    daemon.start()
    with Client(daemon.socket) as client:
        inside = client.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
        old = until(lambda: daemon.providers()["ear"]["inUse"] and daemon.providers()["ear"]["pid"])
        waiting = [client.begin("transcribe.file", path=recording, prompt=f"say {word}") for word in ("one", "two")]
        until(lambda: daemon.providers()["ear"]["queued"] == 2)
        daemon.configure(scripted("ear", ASR, env={"NEW": "1"}))
        reload(daemon)
        answers = {reply["id"]: reply["result"]["text"] for reply in (client.receive(), client.receive())}
        assert answers == dict(zip(waiting, ("one", "two"), strict=True))
        assert alive(old) and daemon.providers()["ear"]["pid"] != old
        gate.touch()
        assert client.receive()["id"] == inside
    until(lambda: not alive(old))
    assert daemon.end() == (0, "")
    assert [row["outcome"] for row in daemon.rows()] == ["ok"] * 3


def test_a_removed_provider_finishes_what_is_inside_and_in_line(daemon: Daemon, recording: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    daemon.start()
    with Client(daemon.socket) as client:
        client.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
        old = until(lambda: daemon.providers()["ear"]["inUse"] and daemon.providers()["ear"]["pid"])
        client.begin("transcribe.file", path=recording, prompt="say later")
        until(lambda: daemon.providers()["ear"]["queued"])
        daemon.configure(scripted("other", {"models": [{"id": "other:1"}]}), scripted("mouth", TTS, kind="tts"))
        changes = reload(daemon)
        assert (changes["added"], changes["removed"]) == (
            [{"id": "other", "kind": "asr"}],
            [{"id": "ear", "kind": "asr"}],
        )
        assert [change["id"] for change in changes["kept"]] == ["mouth"]
        with Client(daemon.socket) as second:
            assert second.call("transcribe.file", path=recording)["modelId"] == "other:1"
        gate.touch()
        assert sorted(client.receive()["result"]["text"] for _ in range(2)) == ["hello world", "later"]
    until(lambda: not alive(old))


def test_a_change_is_noticed_with_the_next_request(daemon: Daemon, recording: str) -> None:
    daemon.start()
    daemon.configure(scripted("late", {"models": [{"id": "late:1"}]}), defaultTts="mouth:1")
    until(lambda: set(daemon.providers()) == {"late", "hibari", "espeak"})
    with Client(daemon.socket) as client:
        assert client.call("transcribe.file", path=recording)["modelId"] == "late:1"
        doctor = {check["name"]: check for check in client.call("doctor.run")["checks"]}
    assert "late" in doctor["provider asr late"]["name"]


def test_a_file_that_cannot_be_used_changes_nothing_and_is_told_everywhere(daemon: Daemon, recording: str) -> None:
    daemon.start()
    with Client(daemon.socket) as client:
        client.call("transcribe.file", path=recording)
        pid = daemon.providers()["ear"]["pid"]
        daemon.home.providers_json.write_text('{"providers": [\n{"id": "ear"', encoding="utf-8")
        changes = client.call("providers.reload")
        (problem,) = changes["problems"]
        assert (problem["line"], problem["fix"]) == (2, "What was in force stays.")
        assert changes["added"] == changes["removed"] == changes["changed"] == []
        assert client.call("providers.status")["problems"] == [problem]
        checks = {check["name"]: check for check in client.call("doctor.run")["checks"]}
        assert "is not valid JSON" in checks["configuration"]["detail"]
        assert client.call("transcribe.file", path=recording)["text"] == "hello world"
        assert daemon.providers()["ear"]["pid"] == pid
        until(lambda: "is not valid JSON" in daemon.log())
        daemon.configure(scripted("ear", ASR))
        assert client.call("providers.reload")["problems"] == []


def test_an_entry_that_has_become_wrong_stays_as_it_was(daemon: Daemon) -> None:
    daemon.start()
    daemon.configure({"id": "ear", "command": []}, {"id": "nobody"}, scripted("third", ASR))
    changes = reload(daemon)
    assert [(one["path"], one["fix"]) for one in changes["problems"]] == [
        ("providers[0].command", "The entry stays as it was."),
        ("providers[1]", "The entry is left out."),
    ]
    assert [change["id"] for change in changes["kept"]] == ["ear"]
    assert "third" in [change["id"] for change in changes["added"]]


def test_settings_that_can_be_are_taken_over_and_the_others_named(daemon: Daemon, recording: str) -> None:
    two = {"models": [{"id": "ear:1"}, {"id": "ear:2"}]}
    daemon.configure(scripted("ear", two))
    daemon.environment.pop("VOX_PORT")
    daemon.configure(scripted("ear", two), port=0)
    daemon.start()
    with Client(daemon.socket) as client:
        assert client.call("transcribe.file", path=recording)["modelId"] == "ear:1"
        daemon.configure(scripted("ear", two), port=4, defaultAsr="ear:2", maxAudioSeconds=0.5)
        (problem,) = client.call("providers.reload")["problems"]
        assert (problem["path"], problem["fix"]) == ("port", "Run: vox daemon restart")
        number = client.begin("transcribe.file", path=recording)
        assert "audio_too_large" in client.receive()["error"], number
        daemon.configure(scripted("ear", two), port=0, defaultAsr="ear:2")
        assert client.call("providers.reload")["problems"] == []
        assert client.call("transcribe.file", path=recording)["modelId"] == "ear:2"


def test_an_entry_can_be_switched_off_and_on(daemon: Daemon, recording: str) -> None:
    daemon.start()
    off = scripted("ear", ASR, enabled=False)
    with Client(daemon.socket) as client:
        client.call("transcribe.file", path=recording)
        pid = daemon.providers()["ear"]["pid"]
        daemon.configure(off)
        assert client.call("providers.reload")["removed"] == [
            {"id": "ear", "kind": "asr"},
            {"id": "mouth", "kind": "tts"},
        ]
        status = daemon.providers()["ear"]
        assert (status["state"], status["pid"], status["command"]) == ("disabled", None, off["command"])
        client.begin("transcribe.file", path=recording)
        assert "model_not_found" in client.receive()["error"]
        until(lambda: not alive(pid))
        daemon.configure(off | {"enabled": True})
        client.call("providers.reload")
        assert client.call("transcribe.file", path=recording)["text"] == "hello world"


def test_a_restart_lets_calls_finish(daemon: Daemon, recording: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    daemon.start()
    with Client(daemon.socket) as client, Client(daemon.socket) as second:
        client.begin("transcribe.file", path=recording, prompt=f"gate {gate}")
        old = until(lambda: daemon.providers()["ear"]["inUse"] and daemon.providers()["ear"]["pid"])
        assert second.call("providers.restart", id="ear") == {"restarted": [{"id": "ear", "kind": "asr"}]}
        assert second.call("transcribe.file", path=recording)["text"] == "hello world"
        assert daemon.providers()["ear"]["pid"] not in (old, None)
        gate.touch()
        assert client.receive()["result"]["text"] == "hello world"
    until(lambda: not alive(old))


def test_models_that_shall_be_loaded_are_loaded_again_by_a_new_process(daemon: Daemon, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    entry = scripted("ear", {**ASR, "pids": str(pids)}, preload=["ear:1"])
    daemon.configure(entry)
    daemon.start()
    until(lambda: len(list(pids.iterdir())) == 1)
    daemon.configure({**entry, "maxConcurrency": 2})
    reload(daemon)
    until(lambda: len(list(pids.iterdir())) == 2)
    with Client(daemon.socket) as client:
        client.call("providers.restart", id="ear")
        until(lambda: len(list(pids.iterdir())) == 3, what="a process that nobody has called")


def test_a_restart_at_once_tells_the_callers_why(daemon: Daemon, recording: str) -> None:
    daemon.start()
    with Client(daemon.socket) as client, Client(daemon.socket) as second:
        client.begin("transcribe.file", path=recording, prompt="hang")
        old = until(lambda: daemon.providers()["ear"]["inUse"] and daemon.providers()["ear"]["pid"])
        second.call("providers.restart", id="ear", now=True)
        assert not alive(old)
        info = client.receive()["errorInfo"]
        assert (info["code"], "restarted on request" in info["message"]) == ("provider_unavailable", True)
        assert second.call("transcribe.file", path=recording)["text"] == "hello world"
        status = daemon.providers()["ear"]
        assert (status["generation"], status["inUse"], status["retryAfterMs"]) == (2, 0, 0)
        second.begin("providers.restart", id="nobody")
        assert "Known: ear, mouth" in second.receive()["error"]


def test_a_daemon_killed_in_the_middle_of_a_change_leaves_no_process(daemon: Daemon, recording: str) -> None:
    daemon.start()
    with Client(daemon.socket) as client, Client(daemon.socket) as second:
        client.begin("transcribe.file", path=recording, prompt="hang")
        old = until(lambda: daemon.providers()["ear"]["inUse"] and daemon.providers()["ear"]["pid"])
        second.call("providers.restart", id="ear")
        second.call("transcribe.file", path=recording)
        new = daemon.providers()["ear"]["pid"]
        assert alive(old) and alive(new)
        daemon.end(signal.SIGKILL)
    until(lambda: not alive(old) and not alive(new))


def test_a_stop_in_the_middle_of_a_change_ends_both_processes(daemon: Daemon, recording: str) -> None:
    daemon.start()
    with Client(daemon.socket) as client, Client(daemon.socket) as second:
        client.begin("transcribe.file", path=recording, prompt="hang")
        old = until(lambda: daemon.providers()["ear"]["inUse"] and daemon.providers()["ear"]["pid"])
        second.call("providers.restart", id="ear")
        second.call("transcribe.file", path=recording)
        new = daemon.providers()["ear"]["pid"]
        assert daemon.end() == (0, "")
    assert not alive(old) and not alive(new)


def test_a_hang_up_has_the_files_read_again(daemon: Daemon) -> None:
    daemon.start()
    daemon.configure(scripted("late", ASR))
    os.kill(daemon.pid, signal.SIGHUP)
    until(lambda: "config.reloaded" in daemon.log() and "asr late" in daemon.log())
    assert daemon.end() == (0, "")


def test_a_closed_terminal_ends_the_daemon_in_it(daemon: Daemon) -> None:
    pid, terminal = pty.fork()
    if not pid:
        os.execve(sys.executable, [sys.executable, "-m", "vox.daemon"], daemon.environment)
    try:
        until(daemon.home.runtime_json.exists)
        os.close(terminal)
        _, status = until(lambda: next((ended for ended in [os.waitpid(pid, os.WNOHANG)] if ended[0]), None))
        assert os.waitstatus_to_exitcode(status) == 0
        pid = 0
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    assert not daemon.home.runtime_json.exists()


class Clock:
    """Seconds that pass only by `+=`."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def write(home: Home, *names: str) -> None:
    entries = [{"id": name, "command": ["run", name]} for name in names]
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    home.providers_json.chmod(0o600)


@pytest.mark.anyio
async def test_the_files_are_looked_at_once_a_second_and_read_when_they_differ(home: Home) -> None:
    clock = Clock()
    async with running(home, entry("a", {"models": [model("a:1")]})) as setup:
        reloader = Reloader(home, lambda _: False, setup.runtime, Origins(home.root), clock)

        def seen() -> list[str]:
            reloader.freshen()
            return [provider.id for provider in setup.registry.providers]

        write(home, "b")
        assert seen() == ["a"]
        clock.now += 1.1
        assert seen() == ["b"]
        write(home, "b", "c")
        clock.now += 0.9
        assert seen() == ["b"]
        clock.now += 0.2
        assert seen() == ["b", "c"]


@pytest.mark.anyio
async def test_what_cannot_be_taken_over_changes_nothing_and_is_tried_again(home: Home) -> None:
    clock = Clock()
    async with running(home, entry("a")) as setup:
        reloader = Reloader(home, lambda name: name == "not-installed", setup.runtime, Origins(home.root), clock)
        bad = {"id": "not-installed", "builtin": True}  # as when a package goes between the look and the start
        home.providers_json.write_text(json.dumps({"providers": [bad]}), encoding="utf-8")
        home.providers_json.chmod(0o600)
        assert not reloader.reload().changes
        assert [provider.id for provider in setup.registry.providers] == ["a"]
        write(home, "b")
        clock.now += 1.1
        reloader.freshen()
        assert [provider.id for provider in setup.registry.providers] == ["b"]


@pytest.mark.anyio
async def test_a_disabled_entry_is_told_under_the_same_names(home: Home) -> None:
    async with running(home, entry("a")) as setup:
        (provider,) = setup.registry.providers
        assert set(disabled_status(provider.entry)) == set(provider_status(provider))


@pytest.mark.anyio
async def test_a_file_that_is_away_for_a_moment_is_not_gone(home: Home) -> None:
    clock = Clock()
    write(home, "a")
    async with running(home, entry("a")) as setup:
        reloader = Reloader(home, lambda _: False, setup.runtime, Origins(home.root), clock)

        def later() -> list[str]:
            clock.now += 1.1
            reloader.freshen()
            return [provider.id for provider in setup.registry.providers]

        home.providers_json.unlink()
        assert later() == ["a"]
        write(home, "b")
        assert later() == ["b"]
        home.providers_json.unlink()
        assert later() == ["b"]
        assert later() == []


@pytest.mark.anyio
async def test_a_file_opened_to_others_is_refused_and_taken_when_it_is_closed_again(home: Home) -> None:
    clock = Clock()
    async with running(home, entry("a")) as setup:
        reloader = Reloader(home, lambda _: False, setup.runtime, Origins(home.root), clock)
        write(home, "b")
        home.providers_json.chmod(0o666)
        (problem,) = reloader.reload().problems
        assert "written by other users" in problem.message
        assert [provider.id for provider in setup.registry.providers] == ["a"]
        home.providers_json.chmod(0o600)
        clock.now += 1.1
        reloader.freshen()
        assert [provider.id for provider in setup.registry.providers] == ["b"]
