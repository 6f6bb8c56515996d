"""Commands whose model is busy: they wait as long as they may, and tell a person where they stand."""

import json
import os
import pty
import signal
from collections.abc import Iterator

import pytest

from tests.cli.daemons import environment, started_vox, wait_until
from vox.client import Client
from vox.client.api import Client as Api

BUSY = 75


@pytest.fixture
def held(shared, tone) -> Iterator[None]:
    """The model slow:v1 is at work, and takes one call at a time."""
    with started_vox(shared, "transcribe", "--model", "slow:v1", str(tone)) as process:
        wait_until(lambda: slow(shared)["inUse"] == 1)
        yield
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    wait_until(lambda: slow(shared)["inUse"] == 0)


def slow(home):
    with Client(home, start=False) as client:
        return next(one for one in client.status()["providers"] if one["id"] == "slow")


def test_one_that_may_not_wait_is_told_at_once(shared, cli_run, tone, held):
    done = cli_run("transcribe", "--model", "slow:v1", "--max-wait", "0", "--json", str(tone))
    error = json.loads(done.stdout)["error"]
    assert done.returncode == BUSY and error["code"] == "provider_busy" and error["retryAfterMs"] > 0


def test_one_that_may_wait_a_little_waits_as_long(cli_run, tone, held):
    done = cli_run("transcribe", "--model", "slow:v1", "--max-wait", "0.1", str(tone))
    assert done.returncode == BUSY and "had no room within" in done.stderr


def test_a_person_sees_where_the_call_stands(shared, tone, held):
    ours, theirs = pty.openpty()
    env, shown = {**environment(shared), "TERM": "xterm"}, b""
    with started_vox(shared, "transcribe", "--model", "slow:v1", str(tone), stderr=theirs, env=env) as process:
        os.close(theirs)
        while b"waiting, next" not in shown:
            shown += os.read(ours, 1000)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
    os.close(ours)
    assert shown.decode().startswith(f"Transcribing {tone} …\r\x1b[KTranscribing {tone}: waiting, next …")


def test_several_files_are_a_batch_and_one_is_not(run, tone, monkeypatch):
    asked, call = [], Api.call

    def watched(self, method, params=None, on_event=None, **options):
        asked.append(params)
        return call(self, method, params, on_event, **options)

    monkeypatch.setattr(Api, "call", watched)
    assert run("transcribe", str(tone)).exit_code == 0
    assert run("transcribe", "--max-wait", "7.5", str(tone), str(tone)).exit_code == 0
    assert [params.get("priority") for params in asked] == [None, "batch", "batch"]
    assert [params.get("maxWaitMs") for params in asked] == [None, 7500, 7500]
    assert not any(params.get("progress") for params in asked)  # nobody watches


def test_speaking_waits_no_longer_than_it_may(run, monkeypatch, tmp_path):
    asked, call, follow = [], Api.call, Api.follow

    def called(self, method, params=None, on_event=None, **options):
        asked.append(params)
        return call(self, method, params, on_event, **options)

    def followed(self, method, params=None, **options):
        asked.append(params)
        return follow(self, method, params, **options)

    monkeypatch.setattr(Api, "call", called)
    monkeypatch.setattr(Api, "follow", followed)
    for name in ("x.wav", "x.flac"):
        assert run("speak", "--max-wait", "2", "--out", name, "hi").exit_code == 0
    assert [params.get("maxWaitMs") for params in asked] == [2000, 2000]


def test_the_client_says_how_urgent_a_call_is(shared, tone):
    with Client(shared, start=False) as client:
        assert client.transcribe(tone, "echo:v1", priority="batch").text
        assert client.synthesize("hi", "tone:v1", priority="batch").audio
        with pytest.raises(Exception, match="priority is 'soon'"):
            client.transcribe(tone, "echo:v1", priority="soon")
