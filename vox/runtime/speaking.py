"""One text on its way to speech, once it is known where it goes: the provider's call, in each of its forms."""

from functools import partial
from pathlib import Path
from typing import Any

import anyio

from vox.audio.encode import content_type, samples_of
from vox.errors import ProviderMisbehaved
from vox.host.process import Reader, Streaming
from vox.protocol.provider import SynthesizeResult, read_synthesis
from vox.protocol.streams import AudioStream
from vox.runtime.account import Account
from vox.runtime.execution import Executor
from vox.runtime.outfiles import offered_folder, take_audio
from vox.runtime.requests import Caller
from vox.runtime.routing import Route
from vox.runtime.streams import Feed, speak
from vox.types import AudioChunk, Speech

__all__ = ["Synthesis"]


class Synthesis:
    """A synthesis that has its route.

    Args:
        params: What the provider is sent.
        max_wait_s: How long the call may wait for its turn.
        spool: Where a provider may be offered a folder for its audio.
    """

    __slots__ = ("_account", "_caller", "_executor", "_max_wait_s", "_params", "_route", "_spool")

    def __init__(
        self,
        route: Route,
        params: dict[str, Any],
        caller: Caller,
        account: Account,
        executor: Executor,
        spool: Path,
        max_wait_s: float | None,
    ) -> None:
        self._route, self._params, self._caller, self._account = route, params, caller, account
        self._executor, self._spool, self._max_wait_s = executor, spool, max_wait_s

    async def result(self) -> SynthesizeResult:
        """The provider's answer, with its audio, wherever that lay.

        Raises:
            VoxError: As `Executor.call`.
        """
        if "audio.path" not in self._route.model.features:
            return self._noted(await self._call(read_synthesis))
        with offered_folder(self._spool) as folder:
            self._params["outDir"] = str(folder)
            result = await self._call(_read_audio_or_path)
            if result.audio_path is not None and not result.audio:
                result = result.model_copy(update={"audio": await take_audio(result.audio_path, folder)})
            return self._noted(result)

    async def stream(self, feed: Feed[AudioChunk]) -> Speech:
        """Put the speech into `feed` while it is made, or at once where the provider does not stream. What is returned
        has no audio.

        Raises:
            Cancelled: The feed is not read.
            VoxError: As `Executor.call`.
        """
        heard = AudioStream(self._route.model.sample_rate)
        if "synthesize.stream" in self._route.model.features:
            self._params["stream"] = True
            result = await self._call(partial(_read_rest, heard), speak(heard, feed, self._account, self._timeout_s))
        else:
            result = await self.result()
        if heard.size:
            return self.speech(self._noted(result, heard.size), heard.duration_s, "pcm", b"")
        self._noted(result)
        pcm, rate = await anyio.to_thread.run_sync(samples_of, result.audio, result.content_type)
        self._account.begun("firstAudioMs")
        feed.put(AudioChunk(pcm, rate, whole=True))
        return self.speech(result, len(pcm) / 2 / rate, "pcm", b"")

    def speech(self, result: SynthesizeResult, duration_s: float, format: str, audio: bytes) -> Speech:
        """What the caller gets: `audio`, which is in `format`. The call's account is settled by it."""
        account = self._account
        metrics = account.settle(result.metrics, duration_s)
        return Speech(
            model=self._route.model.id,
            voice=self._voice(result),
            format=format,
            content_type=content_type(format),
            audio=audio,
            elapsed_ms=account.total_ms,
            duration_s=duration_s,
            metrics=metrics,
            trace_id=account.trace_id,
        )

    def _noted(self, result: SynthesizeResult, size: int | None = None) -> SynthesizeResult:
        self._account.note(voiceId=self._voice(result), outputBytes=len(result.audio) if size is None else size)
        return result

    def _voice(self, result: SynthesizeResult) -> str:
        return result.voice_id or self._params.get("voiceId") or "default"

    @property
    def provider(self) -> str:
        """The id of whoever makes it."""
        return self._route.provider.id

    @property
    def _timeout_s(self) -> float:
        return self._route.provider.entry.timeouts.synthesize_s(len(self._params["input"]))

    async def _call(self, read: Reader[SynthesizeResult], stream: Streaming | None = None) -> SynthesizeResult:
        return await self._executor.call(
            self._route.provider,
            "synthesize",
            self._params,
            read,
            account=self._account,
            caller=self._caller,
            cost=float(len(self._params["input"])),
            timeout_s=self._timeout_s,
            max_wait_s=self._max_wait_s,
            stream=stream,
        )


def _read_audio_or_path(result: Any, audio: bytes | None, /) -> SynthesizeResult:
    read = read_synthesis(result, audio, elsewhere=True)
    if not read.audio and read.audio_path is None:
        raise ProviderMisbehaved("The provider's answer to synthesize has neither audioBase64 nor audioPath.")
    return read


def _read_rest(heard: AudioStream, result: Any, audio: bytes | None, /) -> SynthesizeResult:
    """The answer behind a stream. Audio that is in it as well has been heard already."""
    heard.end()
    return read_synthesis(result, b"" if heard.size else audio, elsewhere=heard.size > 0)
