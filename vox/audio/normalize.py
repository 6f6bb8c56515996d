"""What a provider gets: its own copy of the audio in one known form, for exactly as long as the call lasts.

The form is a WAV of 16-bit PCM, mono, 16 kHz unless the model names another rate, in a private folder under a random
name. Decoding runs in a worker thread. When the caller gives up, that thread is told, stops at the next block and is
waited for: whatever happens, no file is left when the context ends.
"""

import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import checkpoint
from anyio.to_thread import run_sync

from vox.audio import spool as spool_folder
from vox.audio.limits import Limits

if TYPE_CHECKING:
    from vox.audio.standard import Written

__all__ = ["STANDARD_RATE", "Limits", "Prepared", "prepared"]

STANDARD_RATE = 16_000
"""Hz; what speech recognisers are trained on."""

_SILENCE = 4 / 32_768  # -78 dB: the dither of an empty recording reaches it, a whisper far away does not stay below


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file ready for a provider."""

    path: Path
    rate: int
    """Hz."""
    duration_s: float
    input_bytes: int
    """Size of what the caller sent."""
    prepare_ms: float
    """From opening the input to the finished file."""
    peak: float
    """Loudest sample, 0 to 1."""

    @property
    def silent(self) -> bool:
        """Whether there is nothing but digital silence or dither in it, or nothing at all."""
        return self.peak <= _SILENCE


@asynccontextmanager
async def prepared(
    source: Path | bytes, spool: Path, *, rate: int = STANDARD_RATE, limits: Limits | None = None
) -> AsyncGenerator[Prepared]:
    """Hold a provider's copy of `source` in the folder `spool`, which is created when missing.

    Raises:
        NoInput: The path names no regular file.
        PathNotAllowed: The file is not readable.
        UnsupportedAudio: It is not audio that can be decoded here.
        AudioTooLarge: It is over a cap.
    """
    path = spool_folder.new_path(spool)
    started = time.perf_counter()

    def write(abandoned: Callable[[], bool]) -> "Written":
        from vox.audio.standard import write_standard  # loads numpy and the decoders, here in the worker

        return write_standard(source, path, rate, limits or Limits(), abandoned)

    try:
        written = await _in_worker(write)
        yield Prepared(
            path=path,
            rate=rate,
            duration_s=written.frames / rate,
            input_bytes=written.input_bytes,
            prepare_ms=(time.perf_counter() - started) * 1000,
            peak=written.peak,
        )
    finally:
        path.unlink(missing_ok=True)


async def _in_worker(work: "Callable[[Callable[[], bool]], Written]") -> "Written":
    """Run `work` in a thread; on cancellation tell it through its argument, and wait until it has ended."""
    abandoned = threading.Event()
    outcome: Written | Exception | None = None

    async def tell_when_cancelled() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            abandoned.set()

    def run() -> "Written | Exception":
        try:
            return work(abandoned.is_set)
        except Exception as error:  # carried out by hand: a task group would wrap it
            return error

    async with anyio.create_task_group() as group:
        group.start_soon(tell_when_cancelled)
        outcome = await run_sync(run)
        group.cancel_scope.cancel()
    await checkpoint()  # a caller that gave up gets its cancellation, not what the worker made of it
    if isinstance(outcome, Exception):
        raise outcome
    assert outcome is not None
    return outcome
