import asyncio
import stat
import subprocess
import sys
import threading

import anyio
import pytest

from vox.audio import standard, wav
from vox.audio.limits import Limits
from vox.audio.normalize import STANDARD_RATE, prepared
from vox.errors import AudioTooLarge, NoInput, UnsupportedAudio

pytestmark = pytest.mark.anyio


async def test_a_provider_gets_a_private_wav_for_as_long_as_the_call_lasts(jfk, tmp_path):
    spool = tmp_path / "home" / "spool"
    async with prepared(jfk, spool) as ready:
        info = wav.parse(ready.path.read_bytes())
        assert ready.path.parent == spool
        assert stat.S_IMODE(ready.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(spool.stat().st_mode) == 0o700
    assert (info.rate, info.channels, info.bits, info.complete) == (STANDARD_RATE, 1, 16, True)
    assert (ready.rate, ready.duration_s, ready.input_bytes) == (16_000, 11, 352_078)
    assert ready.prepare_ms > 0
    assert 0.7 < ready.peak < 0.9 and not ready.silent
    assert list(spool.iterdir()) == []


async def test_the_rate_a_model_wants(jfk, tmp_path):
    async with prepared(jfk.read_bytes(), tmp_path, rate=24_000) as ready:
        assert wav.parse(ready.path.read_bytes()).rate == 24_000
    assert (ready.rate, ready.duration_s) == (24_000, 11)


@pytest.mark.parametrize(
    ("samples", "silent"), [(b"", True), (bytes(2_000), True), (b"\1\0\xff\xff" * 500, True), (b"\x08\0" * 500, False)]
)
async def test_silence_and_dither_are_silent(wav_head, tmp_path, samples, silent):
    async with prepared(wav_head(data=len(samples)) + samples, tmp_path) as ready:
        assert ready.silent is silent
        assert ready.duration_s == len(samples) / 32_000


@pytest.mark.parametrize(
    ("source", "limits", "error"),
    [
        ("missing.wav", Limits(), NoInput),
        (".", Limits(), NoInput),
        (b"text renamed", Limits(), UnsupportedAudio),
        (b"", Limits(), UnsupportedAudio),
        ("jfk", Limits(max_duration_s=1), AudioTooLarge),
    ],
)
async def test_a_failure_has_its_own_type_and_leaves_nothing(jfk, tmp_path, source, limits, error):
    spool = tmp_path / "spool"
    if isinstance(source, str):
        source = jfk if source == "jfk" else tmp_path / source
    with pytest.raises(error):
        async with prepared(source, spool, limits=limits):
            raise AssertionError("nothing should be ready")
    assert not spool.exists() or list(spool.iterdir()) == []


async def test_a_failed_call_leaves_nothing(jfk, tmp_path):
    with pytest.raises(RuntimeError, match="the provider"):
        async with prepared(jfk, tmp_path):
            raise RuntimeError("the provider fell over")
    assert list(tmp_path.iterdir()) == []


async def test_a_provider_may_delete_its_file_itself(jfk, tmp_path):
    async with prepared(jfk, tmp_path) as ready:
        ready.path.unlink()
    assert list(tmp_path.iterdir()) == []


async def test_cancelling_the_call_leaves_nothing(jfk, tmp_path):
    with anyio.CancelScope() as scope:
        async with prepared(jfk, tmp_path) as ready:
            assert ready.path.exists()
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
    assert list(tmp_path.iterdir()) == []


class _Held:
    """Lets a test hold the worker in the middle of writing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = threading.Event()
        self.threads: list[threading.Thread] = []
        real = standard._copied

        def slow(opened, info):
            for block in real(opened, info):
                yield block
                self.threads.append(threading.current_thread())
                self.reached.set()
                while True:  # an endless file; only being abandoned ends it
                    yield block

        monkeypatch.setattr(standard, "_copied", slow)

    async def wait(self) -> None:
        with anyio.fail_after(10):
            while not self.reached.is_set():
                await anyio.sleep(0.001)


async def test_cancelling_while_decoding_stops_the_worker_and_leaves_nothing(jfk, tmp_path, monkeypatch):
    held = _Held(monkeypatch)

    async def call() -> None:
        async with prepared(jfk, tmp_path):
            raise AssertionError("an endless file is never ready")

    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await held.wait()
            assert len(list(tmp_path.iterdir())) == 1
            group.cancel_scope.cancel()
    assert list(tmp_path.iterdir()) == []


async def test_cancelling_the_bare_asyncio_task_does_the_same(jfk, tmp_path, monkeypatch):
    held = _Held(monkeypatch)

    async def call() -> None:
        async with prepared(jfk, tmp_path):
            raise AssertionError("an endless file is never ready")

    task = asyncio.create_task(call())
    await held.wait()
    task.cancel()
    with anyio.fail_after(10), pytest.raises(asyncio.CancelledError):
        await task
    assert list(tmp_path.iterdir()) == []


async def test_cancelling_before_it_begins_leaves_nothing(jfk, tmp_path):
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with prepared(jfk, tmp_path):
            raise AssertionError("nothing should be ready")
    assert list(tmp_path.iterdir()) == []


async def test_many_at_once_do_not_meet(jfk, tmp_path):
    paths = set()

    async def call() -> None:
        async with prepared(jfk, tmp_path) as ready:
            paths.add(ready.path)
            assert wav.parse(ready.path.read_bytes()).frames == 176_000

    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(call)
    assert len(paths) == 20
    assert list(tmp_path.iterdir()) == []


HOUR = r"""
import re, sys, time
from pathlib import Path
import anyio
from vox.audio.normalize import prepared

async def main():
    async with prepared(Path(sys.argv[1]), Path(sys.argv[2])) as ready:
        assert ready.silent and ready.duration_s == 3600, ready

anyio.run(main)
assert not list(Path(sys.argv[2]).iterdir())
status = Path("/proc/self/status").read_text(encoding="ascii")
print(time.process_time(), re.search(r"VmHWM:\s+(\d+) kB", status)[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (44_100, 1), (8_000, 2)])
def test_an_hour_of_silence_is_quick_and_small(tmp_path, rate, channels):
    path, size = tmp_path / "hour.wav", 3600 * rate * 2 * channels
    path.write_bytes(wav.header(rate, channels, size))
    with path.open("r+b") as file:
        file.truncate(wav.HEADER_BYTES + size)  # a hole reads as silence
    run = subprocess.run(
        [sys.executable, "-c", HOUR, str(path), str(tmp_path / "spool")],
        check=True,
        capture_output=True,
        timeout=60,
        encoding="utf-8",
    )
    cpu_s, peak_kib = map(float, run.stdout.split())
    assert cpu_s < 6  # some 2 s are usual; a busy machine counts more
    assert peak_kib < 96 * 1024
