"""Events and the rest of a daemon's upkeep, with the blocking client."""

import os
import signal
from pathlib import Path

import pytest

from tests.client.test_aio import another
from vox import Client, errors
from vox.paths import Home
from vox.testing import FakeProvider, running_daemon, tones


def test_events_warm_up_history_and_figures(tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(tones(1.0))
    with running_daemon(tmp_path / "home", FakeProvider(tmp_path), history=True) as vox:
        with vox.events(["warmup"]) as events:
            assert list(events.snapshot) == ["warmup"]
            assert vox.warmup("fake:asr", delay_s=600).state == "scheduled"
            assert vox.warmup_cancel("fake:asr").state == "idle"
            assert [next(events).name, next(events).name] == ["scheduled", "idle"]
            seq = events.seq or 0
        assert list(events) == []
        with vox.events(["warmup"], since=seq - 1, epoch=events.epoch) as again:
            assert next(again).seq == seq
        assert vox.warmup("fake:asr", wait=True).state == vox.warmup_status("fake:asr").state == "ready"
        vox.transcribe(tmp_path / "talk.wav")
        (record,) = vox.history(kind="transcription").records
        assert vox.history_get(record["id"]) == record and vox.history_delete(record["id"])
        assert vox.history_clear() == 0 and vox.telemetry(last=1).keys() >= {"samples", "recent"}
        assert [provider["id"] for provider in vox.providers()] == ["fake", "fake"]
        with pytest.raises(errors.InvalidRequest):
            next(vox.events(["weather"]))


def test_a_subscription_goes_on_after_a_restart(tmp_path: Path) -> None:
    with running_daemon(tmp_path / "home", FakeProvider(tmp_path)) as vox:
        with vox.events(["health"], resume_s=20) as events:
            epoch = events.epoch
            os.kill(vox.status()["pid"], signal.SIGKILL)
            with another(vox.home):
                told = next(events)
        assert (told.topic, told.name, events.epoch != epoch) == ("runtime", "snapshot", True)
        assert told.data["snapshot"]["health"]["service"] == "Vox"


def test_nobody_there(tmp_path: Path) -> None:
    with Client(Home(tmp_path / "empty"), start=False) as vox, pytest.raises(errors.DaemonUnavailable):
        next(vox.events())
