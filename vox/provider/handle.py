"""From a job to the line that answers it, whatever the author's function does."""

from __future__ import annotations

from time import perf_counter

from vox.provider.failure import ProviderError
from vox.provider.results import (
    complete_import,
    complete_model,
    complete_models,
    complete_speech,
    complete_transcript,
    complete_voices,
)
from vox.provider.wire import answer, failure, speech_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vox.provider.lanes import Job
    from vox.provider.provider import Provider

__all__ = ["handle"]


def handle(provider: Provider, job: Job) -> tuple[bytes, ...]:
    """Call the job's function; the pieces of its answer, a result or an error."""
    try:
        job.call.raise_if_cancelled()
        return _result(provider, job)
    except ProviderError as error:
        return (failure(job.id, error.to_wire()),)
    except BaseException as error:  # also SystemExit: a call must never stay open
        import traceback  # as slow to import as the kit itself

        traceback.print_exc()
        return (failure(job.id, ProviderError(f"{type(error).__name__}: {error}").to_wire()),)


def _result(provider: Provider, job: Job) -> tuple[bytes, ...]:
    call, method = job.call, job.call.method
    handler = provider.handlers[method]
    begun = perf_counter()
    if method == "models":
        return (answer(job.id, complete_models(provider, _awaited(handler()))),)
    if method == "voices":
        model = call.params.get("modelId")
        return (answer(job.id, complete_voices(provider, _awaited(handler(model)), model)),)
    result = _awaited(handler(call))
    if not isinstance(result, dict):
        raise ProviderError(f"The function for {method} returned {type(result).__name__}, not a dict.")
    if method == "transcribe":
        return (answer(job.id, complete_transcript(call, result, begun)),)
    if method == "synthesize":
        whole, audio = complete_speech(call, result, begun)
        return speech_answer(job.id, whole, audio) if audio else (answer(job.id, whole),)
    if method == "import":
        return (answer(job.id, complete_import(provider, call, result)),)
    return (answer(job.id, complete_model(provider, result)),)


def _awaited(result: Any) -> Any:
    """The value of a handler, which may be a coroutine function: it gets an event loop of its own."""
    if not hasattr(result, "__await__"):
        return result
    import asyncio  # costs more than the whole kit: for those who use it

    async def wait() -> Any:
        return await result

    return asyncio.run(wait())
