"""The client for event loops, against a real daemon."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from vox import AsyncClient, Client, errors
from vox.client.told import RuntimeEvent
from vox.paths import Home
from vox.testing import FakeProvider, running_daemon, tones

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def fake(tmp_path_factory: pytest.TempPathFactory) -> FakeProvider:
    return FakeProvider(tmp_path_factory.mktemp("fake"), max_concurrency=8)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, fake: FakeProvider) -> Iterator[Home]:
    """The home of a daemon with a fake provider and one that makes tones."""
    tone = {"id": "tone", "kind": "tts", "builtin": True}
    with running_daemon(tmp_path_factory.mktemp("d") / "home", fake, tone, history=True) as client:
        yield client.home


@pytest.fixture
async def vox(served: Home) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(served, start=False, client_id="aio") as vox:
        yield vox


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    path.write_bytes(tones(1.0))
    return path


async def until(true: Any, within_s: float = 10.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.01)


# ---- speech


async def test_speech_both_ways(vox: AsyncClient, talk: Path) -> None:
    transcript = await vox.transcribe(talk)
    assert (transcript.text, transcript.model) == ("hello world", "fake:asr")
    speech = await vox.synthesize("hello", "tone:tts")
    assert speech.audio[:4] == b"RIFF" and speech.duration_s > 0


async def test_partial_texts_and_chunks_are_iterated_over(vox: AsyncClient, fake: FakeProvider, talk: Path) -> None:
    fake.says("one two three")
    async with vox.transcribe_stream(talk) as stream:
        assert stream.transcript is None
        partials = [partial async for partial in stream]
    assert stream.transcript is not None and stream.transcript.text == "one two three"
    assert all("one two three".startswith(partial.text) for partial in partials)
    heard: list[str] = []
    fake.says("four five")
    assert (await vox.transcribe(talk, on_partial=lambda partial: heard.append(partial.text))).text == "four five"
    assert heard == sorted(heard)
    async with vox.synthesize_stream("hello there", "tone:tts") as speech:
        chunks = [chunk async for chunk in speech]
        assert [chunk async for chunk in speech] == []
    assert chunks and speech.speech is not None and speech.speech.model == "tone:tts"
    assert sum(len(chunk.pcm) for chunk in chunks) / 2 / chunks[0].sample_rate == pytest.approx(
        speech.speech.duration_s, abs=0.01
    )


async def test_many_calls_share_one_connection(vox: AsyncClient, served: Home, talk: Path) -> None:
    await vox.connect()
    before = await _connections(served)
    answers = await asyncio.gather(
        *(vox.transcribe(talk) for _ in range(20)),
        *(vox.call("health") for _ in range(100)),
        vox.models(),
        vox.voices(),
    )
    assert len(answers) == 122 and answers[0].text == "hello world"
    assert await _connections(served) == before


async def _connections(home: Home) -> int:
    """How many connections the daemon has, by its open sockets."""
    pid = json.loads(home.runtime_json.read_text(encoding="utf-8"))["pid"]
    return await asyncio.to_thread(_sockets, pid)


def _sockets(pid: int) -> int:
    return sum(
        os.readlink(path).startswith("socket:") for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()
    )


# ---- the rest


async def test_models_voices_and_the_daemon(vox: AsyncClient) -> None:
    assert {model.id for model in await vox.models()} == {"fake:asr", "fake:tts", "tone:tts"}
    assert [voice.id for voice in await vox.voices("fake:tts")] == ["one", "two"]
    assert (await vox.install("tone:tts")).installed
    seen: list[float] = []
    assert (await vox.preload("fake:asr", lambda progress: seen.append(progress.fraction))).id == "fake:asr"
    assert (await vox.status())["service"] == "Vox"
    assert {provider["id"] for provider in await vox.providers()} == {"fake", "tone"}


async def test_warm_up_and_events(vox: AsyncClient) -> None:
    async with vox.events(["warmup"]) as events:
        assert list(events.snapshot) == ["warmup"]
        planned = await vox.warmup("fake:asr", delay_s=600)
        assert (planned.state, planned.requested_by) == ("scheduled", "aio") and planned.scheduled_for
        assert (await vox.warmup_cancel("fake:asr")).state == "idle"
        scheduled, idle = await anext(events), await anext(events)
        assert isinstance(scheduled, RuntimeEvent) and (scheduled.name, idle.name) == ("scheduled", "idle")
        assert (await vox.warmup("fake:asr", wait=True)).state == "ready"
        assert (await vox.warmup_status("fake:asr")).state == "ready"
    async with vox.events(["warmup"], since=scheduled.seq - 1, epoch=events.epoch) as again:
        assert [(await anext(again)).seq, (await anext(again)).seq] == [scheduled.seq, idle.seq]
    with pytest.raises(errors.InvalidRequest):
        await anext(vox.events(["weather"]))


async def test_history_and_figures(vox: AsyncClient, talk: Path) -> None:
    await vox.history_clear()
    await vox.transcribe(talk)
    await vox.synthesize("good morning")
    page = await vox.history(limit=1)
    assert page.enabled and page.next_cursor and page.records[0]["kind"] == "synthesis"
    older = await vox.history(before=page.next_cursor, client="aio")
    assert [record["text"] for record in older.records] == ["hello world"]
    number = older.records[0]["id"]
    assert (await vox.history_get(number) or {})["id"] == number
    assert await vox.history_delete(number) and await vox.history_get(number) is None
    assert not await vox.history_delete(number) and await vox.history_clear(kind="synthesis") == 1
    assert (await vox.telemetry(client="aio"))["samples"] > 0
    with pytest.raises(TypeError, match="no filter 'colour'"):
        await vox.history(colour="red")


async def test_errors_are_typed(vox: AsyncClient, tmp_path: Path) -> None:
    with pytest.raises(errors.NoInput):
        await vox.transcribe(tmp_path / "nowhere.wav")
    with pytest.raises(errors.ModelNotFound):
        await vox.synthesize("x", "nobody:1")
    with pytest.raises(errors.InvalidRequest):
        await vox.call("no.such.method")


# ---- giving up


async def test_a_call_that_is_given_up_is_cancelled(vox: AsyncClient, fake: FakeProvider, talk: Path) -> None:
    fake.says("late", takes_s=60)
    calls = len(fake.calls)
    waiting = asyncio.create_task(vox.transcribe(talk))
    await until(lambda: len(fake.calls) > calls)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await _idle(vox)
    fake.says("late", takes_s=60)
    with pytest.raises(errors.Cancelled):
        await vox.call("transcribe.file", {"path": str(talk)}, timeout=0.3)
    fake.says("late", takes_s=60)
    with anyio.move_on_after(0.3) as scope:
        await vox.transcribe(talk)
    assert scope.cancelled_caught
    fake.says("one two", takes_s=60)
    async with vox.transcribe_stream(talk) as stream:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                async for partial in stream:
                    assert partial.text
    assert [partial async for partial in stream] == []
    await _idle(vox)


async def _idle(vox: AsyncClient) -> None:
    """The daemon has nothing to do any more."""
    async with asyncio.timeout(10):
        while any(provider["inUse"] for provider in await vox.providers()):
            await asyncio.sleep(0.02)


async def test_what_a_listener_raises_ends_the_call(vox: AsyncClient) -> None:
    def fail(event: str, data: dict[str, Any]) -> None:
        raise RuntimeError(event)

    with pytest.raises(RuntimeError, match="audio"):
        await vox.call("synthesize.generate", {"text": "hello", "modelId": "tone:tts", "stream": True}, fail)
    assert await vox.call("health")


# ---- connections


async def test_a_restarted_daemon_is_found_again(tmp_path: Path, fake: FakeProvider, talk: Path) -> None:
    with running_daemon(tmp_path / "home", fake) as blocking:
        async with AsyncClient(blocking.home, start=False) as vox:
            first = (await vox.status())["pid"]
            events = vox.events(["health"], resume_s=20)
            async with events:
                epoch = events.epoch
                fake.says("late", takes_s=60)
                running = asyncio.create_task(vox.transcribe(talk))
                await asyncio.to_thread(until_busy, blocking)
                os.kill(first, signal.SIGKILL)
                with pytest.raises(errors.DaemonUnavailable):
                    await running
                # running_daemon gives each its own environment; another is started by hand, as a user would
                with another(blocking.home):
                    assert (await vox.status())["pid"] != first
                    told = await anext(events)
                    assert (told.topic, told.name, events.epoch != epoch) == ("runtime", "snapshot", True)
                    assert told.data["snapshot"]["health"]["service"] == "Vox"
                    await vox.stop()
        assert not await AsyncClient(blocking.home, start=False).stop()


def until_busy(client: Client) -> None:
    while not any(provider["inUse"] for provider in client.providers()):
        pass


class another:
    """A daemon started as a user would."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def __enter__(self) -> None:
        environment = {**os.environ, "VOX_HOME": str(self._home.root), "VOX_PORT": "0", "VOX_ALIAS_PORTS": "0"}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vox.daemon"], env=environment, stderr=subprocess.DEVNULL
        )
        while True:
            try:
                with Client(self._home, start=False) as client:
                    client.status()
                return
            except errors.DaemonUnavailable:
                assert self._process.poll() is None

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)


async def test_nobody_there(tmp_path: Path) -> None:
    async with AsyncClient(tmp_path / "empty", start=False) as vox:
        with pytest.raises(errors.DaemonUnavailable):
            await vox.models()
        with pytest.raises(errors.DaemonUnavailable):
            await anext(vox.events())
        assert not await vox.stop()


async def test_closing_ends_what_runs_and_it_may_be_used_again(served: Home, fake: FakeProvider, talk: Path) -> None:
    vox = AsyncClient(served, start=False)
    fake.says("late", takes_s=60)
    calls = len(fake.calls)
    running = asyncio.create_task(vox.transcribe(talk))
    async with vox.events() as events:
        await until(lambda: len(fake.calls) > calls)
        await vox.close()
        with pytest.raises(errors.DaemonUnavailable):
            await running
        assert [event async for event in events if event.topic == "none"] == []
    assert await vox.models()
    await vox.close()


def test_one_client_in_one_loop_after_the_other(served: Home) -> None:
    vox = AsyncClient(served, start=False)

    async def ask() -> int:
        return len(await vox.models())

    async def ask_and_close() -> int:
        found = await ask()
        await vox.close()
        return found

    assert asyncio.run(ask_and_close()) == asyncio.run(ask_and_close()) == 3


async def test_it_starts_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"VOX_PORT": "0", "VOX_ALIAS_PORTS": "0"}.items():
        monkeypatch.setenv(name, value)
    async with AsyncClient(tmp_path / "home") as vox:
        answers = await asyncio.gather(*(vox.call("health") for _ in range(5)))
        assert len({answer["pid"] for answer in answers}) == 1
        assert await vox.stop()
