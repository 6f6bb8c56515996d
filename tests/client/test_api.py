"""The client's methods against a real daemon."""

import os
import signal
import subprocess
import sys
import threading
import wave
from io import BytesIO
from typing import Any

import pytest

from tests.cli.daemons import alive, measurements, wait_until
from vox import Client, errors
from vox.client.discovery import find
from vox.types import ModelInfo, Progress, Voice


def test_transcribe(client, second):
    transcript = client.transcribe(second, language="de", words=True)
    assert (transcript.text, transcript.model, transcript.duration_s) == ("second1", "echo:v1", 1.0)
    assert (transcript.language, transcript.words[0].word, transcript.words[0].end) == ("de", "second1", 0.9)
    assert transcript.metrics["inferenceMs"] == 1.5 and "traceId" not in transcript.metrics
    assert len(transcript.trace_id) == 16
    assert client.transcribe(second).words is None


def test_a_path_is_the_callers_not_the_daemons(client, second, monkeypatch):
    monkeypatch.chdir(second.parent)
    assert client.transcribe(second.name).text == "second1"
    with pytest.raises(errors.NoInput, match=str(second.parent)):
        client.transcribe("missing.wav")


def test_synthesize(client):
    speech = client.synthesize("hello", voice="high", speed=0.5)
    assert (speech.model, speech.voice, speech.format, speech.content_type) == ("tone:v1", "high", "wav", "audio/wav")
    with wave.open(BytesIO(speech.audio), "rb") as file:
        assert file.getnframes() == 2 * 5 * 160
    assert speech.duration_s == pytest.approx(0.1)
    assert client.synthesize("hello", format="flac").audio.startswith(b"fLaC")


def test_voices_and_models(client):
    assert client.voices("tone:v1")[0] == Voice("low", "Low", "tone:v1", "tone", "en-GB", True, True)
    assert {model.kind for model in client.models()} == {"asr", "tts"}
    assert [model.id for model in client.models("tts")] == ["tone:v1"]
    with pytest.raises(errors.InvalidRequest):
        client.models("video")
    with pytest.raises(errors.ModelNotFound) as caught:
        client.voices("tone:v2")
    assert caught.value.details["nearest"] == ["tone:v1"]


def test_install_and_preload_report_progress(client):
    seen: list[Progress] = []
    model = client.install("echo:absent", seen.append)
    assert isinstance(model, ModelInfo) and model.installed
    assert [progress.fraction for progress in seen] == [tenth / 10 for tenth in range(11)]
    assert {(progress.model, progress.status) for progress in seen} == {("echo:absent", "loading")}
    assert client.preload("echo:v1").preloaded


def test_status_and_the_home(client, shared):
    facts = client.status()
    address = find(shared)
    assert address is not None and facts["pid"] == address.pid
    assert [provider["id"] for provider in facts["providers"]] == ["echo", "slow", "doomed", "tone"]
    assert client.home is shared


def test_parameters_that_are_none_are_not_sent(client):
    with pytest.raises(errors.InvalidRequest, match="Missing path"):
        client.call("transcribe.file", {"path": None})


def test_without_a_daemon_and_without_leave_to_start_one(home):
    with Client(home, start=False) as client, pytest.raises(errors.DaemonUnavailable, match="vox daemon start"):
        client.status()
    assert Client(home).stop() is False
    assert not home.runtime_json.exists()


def test_a_client_survives_a_restart_of_the_daemon(home, second):
    with Client(home) as client:
        before = client.status()["pid"]
        assert client.transcribe(second).text == "second1"
        assert Client(home, start=False).stop()
        wait_until(lambda: not alive(before))
        assert client.transcribe(second).text == "second1"
        assert client.status()["pid"] != before


def test_a_daemon_that_is_killed_in_the_middle_of_a_call(home, second):
    with Client(home) as client:
        pid = client.status()["pid"]
        killer = threading.Thread(target=lambda: (wait_until(lambda: in_use(home) == 1), os.kill(pid, signal.SIGKILL)))
        killer.start()
        with pytest.raises(errors.DaemonUnavailable, match="broke"):
            client.transcribe(second, "slow:v1")
        killer.join()
        assert client.transcribe(second).text == "second1"


def in_use(home) -> int:
    """Calls inside the provider `slow`."""
    return of_slow(home)["inUse"]


def of_slow(home) -> dict[str, Any]:
    """How the provider `slow` is."""
    with Client(home, start=False) as client:
        return next(found for found in client.status()["providers"] if found["id"] == "slow")


def interrupt_call(home, path) -> None:
    """Have another process call `slow`, and press Ctrl-C in it."""
    program = f"""
from vox import Client
try:
    Client({str(home.root)!r}, start=False).transcribe({str(path)!r}, "slow:v1")
except KeyboardInterrupt:
    print("interrupted")
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, encoding="utf-8") as process:
        wait_until(lambda: in_use(home) == 1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10)[0] == "interrupted\n"


def slow_outcomes(home) -> list[object]:
    return [row["outcome"] for row in measurements(home) if row.get("modelId") == "slow:v1"]


def test_ctrl_c_cancels_the_call_in_the_daemon_before_it_is_raised(shared, second):
    before = len(slow_outcomes(shared))
    interrupt_call(shared, second)
    wait_until(lambda: in_use(shared) == 0)
    wait_until(lambda: len(slow_outcomes(shared)) > before)
    assert slow_outcomes(shared)[before:] == ["cancelled"]


def test_ctrl_c_before_the_provider_has_read_the_call(shared, second):
    with Client(shared, start=False) as client:
        client.preload("slow:v1")
    provider = of_slow(shared)["pid"]
    os.kill(provider, signal.SIGSTOP)
    try:
        interrupt_call(shared, second)
        assert in_use(shared) == 1  # the provider may be at work on it, for all that the daemon knows
    finally:
        os.kill(provider, signal.SIGCONT)
    wait_until(lambda: in_use(shared) == 0)
    assert of_slow(shared)["pid"] == provider


def test_a_timeout_of_the_client_or_of_one_call(shared, second):
    for client, given in ((Client(shared, start=False, timeout=0.2), None), (Client(shared, start=False), 0.2)):
        with client, pytest.raises(errors.Cancelled):
            client.call("transcribe.file", {"path": str(second), "modelId": "slow:v1"}, timeout=given)
        wait_until(lambda: in_use(shared) == 0)


def test_threads_take_turns_on_one_client(client, second):
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(client.transcribe(second).text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert texts == ["second1"] * 8


def test_a_busy_model_is_told_with_the_time_to_wait(shared, second):
    with Client(shared, start=False) as client:
        holder = threading.Thread(target=hold, args=(shared, second))
        holder.start()
        wait_until(lambda: in_use(shared) == 1)
        with pytest.raises(errors.ProviderBusy) as caught:
            client.transcribe(second, "slow:v1", max_wait_s=0)
        holder.join()
    assert caught.value.details["limit"] == 1 and caught.value.retryable


def hold(home, path) -> None:
    """Keep the one place of `slow` for a second."""
    with Client(home, start=False, timeout=1) as client, pytest.raises(errors.Cancelled):
        client.transcribe(path, "slow:v1")


def test_measurements_carry_the_clients_name(shared, second):
    with Client(shared, start=False, client_id="my-app") as client:
        client.transcribe(second)
    wait_until(lambda: any(row["clientId"] == "my-app" for row in measurements(shared)))
