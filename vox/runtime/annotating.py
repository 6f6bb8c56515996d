"""Who speaks when in a recording: asked of a provider that offers it, and refused plainly where none does."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vox.audio.limits import Limits
from vox.audio.normalize import STANDARD_RATE, prepared
from vox.errors import Unsupported, UnsupportedAudio
from vox.protocol.provider import AnnotateResult, read_annotation
from vox.runtime.account import Account
from vox.runtime.execution import Executor
from vox.runtime.getting import installed
from vox.runtime.registry import Registry
from vox.runtime.requests import Caller
from vox.runtime.routing import Route, Router
from vox.runtime.telemetry import Recorder

__all__ = ["FEATURE", "Annotation", "Annotator"]

FEATURE = "diarization"
"""What a provider declares that has the method `annotate`."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Who speaks when, as a provider told it, and what it cost."""

    model: str
    found: AnnotateResult
    elapsed_ms: float
    metrics: dict[str, float]
    trace_id: str


class Annotator:
    """Makes the calls.

    Args:
        spool: Where recordings are put for providers.
        limits: Which recordings are taken, at the moment.
    """

    def __init__(
        self,
        registry: Registry,
        router: Router,
        executor: Executor,
        recorder: Recorder,
        spool: Path,
        limits: Callable[[], Limits],
    ) -> None:
        self._registry, self._router, self._executor, self._recorder = registry, router, executor, recorder
        self._spool, self._limits = spool, limits

    async def annotate(self, source: Path, model: str | None, known: dict[str, Any], caller: Caller) -> Annotation:
        """Tell who speaks when.

        Args:
            model: None for the first that can.
            known: `text` and `words` of the recording, as far as the caller has them.

        Raises:
            Unsupported: Nothing that is configured can, or this model cannot.
            VoxError: As `Runtime.transcribe`.
        """
        with Account("asr", caller, self._recorder) as account:
            route = await self._route(model, account)
            account.routed(route)
            rate = route.model.sample_rate or STANDARD_RATE
            async with prepared(source, self._spool, rate=rate, limits=self._limits()) as audio:
                if not audio.duration_s:
                    raise UnsupportedAudio("The audio holds no samples, so nobody speaks in it.")
                account.note(audioDurationMs=round(audio.duration_s * 1000), inputBytes=audio.input_bytes)
                found: AnnotateResult = await self._executor.call(
                    route.provider,
                    "annotate",
                    {"modelId": route.model.id, "path": str(audio.path), **known},
                    read_annotation,
                    account=account,
                    caller=caller,
                    cost=audio.duration_s,
                    timeout_s=route.provider.entry.timeouts.transcribe_s(audio.duration_s),
                )
            metrics = account.settle(found.metrics, audio.duration_s)
            return Annotation(route.model.id, found, account.total_ms, metrics, account.trace_id)

    async def _route(self, model: str | None, account: Account) -> Route:
        models, _ = await self._registry.models(("asr",))
        able = sorted((info for info in models if FEATURE in info.features), key=lambda info: not info.installed)
        if not able:
            raise Unsupported(
                f"No provider that is configured here tells who speaks when; it takes one with the feature {FEATURE}."
            )
        route = installed(await self._router.resolve(model or able[0].id, "asr", watch=account))
        if FEATURE not in route.model.features:
            raise Unsupported(f"Model {route.model.id} does not tell who speaks when; {able[0].id} does.")
        return route
