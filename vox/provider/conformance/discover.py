"""What a provider offers, found out by asking: recognition, speech, or both, and the model to check each with."""

from typing import Any, cast

from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Kind
from vox.provider.conformance.outcome import Failed
from vox.provider.conformance.session import Answer, Silent

__all__ = ["discover"]

_METHOD_NOT_FOUND = -32601
_KINDS: tuple[Kind, ...] = ("asr", "tts")
_TRIES = 3  # models that are asked before a kind counts as not offered


def discover(bench: Bench) -> None:
    """Fill `bench.offers` and `bench.first`. With `bench.kind` given, that kind is offered, whatever happens.

    A first call loads the model; it is waited for as long as any other work. Silence and errors mean "not offered"
    beside something that works, unless a model says that it is of that kind; alone they mean that nothing works.
    """
    kinds = _KINDS if bench.kind is None else (bench.kind,)
    speaking = _models_of_voices(bench) if "tts" in kinds else set[str]()
    doubtful: list[Kind] = []
    for kind in kinds:
        candidates = _candidates(bench, kind, speaking)
        first = _try(bench, kind, candidates) if candidates else None
        if candidates and (bench.kind == kind or any(model.get("kind") == kind for model in bench.models)):
            continue
        if first is None or _unknown_method(first):
            bench.offers.pop(kind, None)
        elif isinstance(first, Silent) or (isinstance(first, Answer) and first.refused):
            doubtful.append(kind)
    if any(kind not in doubtful for kind in bench.offers):
        for kind in doubtful:
            bench.offers.pop(kind)


def _candidates(bench: Bench, kind: Kind, speaking: set[str]) -> list[str]:
    if bench.model is not None:
        return [bench.model]
    fitting = [model for model in bench.models if model.get("kind") in (None, kind)]
    ready = [
        model["id"] for model in fitting if model.get("installed") is not False and model.get("available") is not False
    ]
    if kind == "asr":
        listening = [model for model in ready if model not in speaking]
        return (listening or ready)[:_TRIES]
    return sorted(ready, key=lambda model: model not in speaking)[:_TRIES]


def _models_of_voices(bench: Bench) -> set[str]:
    """The models that voices belong to: where models name no kind, this tells which of them speak."""
    try:
        answer = bench.call("voices", {}, bench.times.silence)
    except Failed as failure:
        bench.voices_silent = isinstance(failure, Silent)
        return set()
    listed: Any = cast("dict[str, Any]", answer.result).get("voices") if isinstance(answer.result, dict) else None
    voices = cast("list[Any]", listed) if isinstance(listed, list) else []
    return {cast("dict[str, Any]", voice).get("modelId", "") for voice in voices if isinstance(voice, dict)}


def _try(bench: Bench, kind: Kind, candidates: list[str]) -> Answer | Failed | None:
    """The first call of the kind's method, with the first model that takes it."""
    outcome: Answer | Failed | None = None
    for model in candidates:
        bench.offers[kind] = model
        try:
            outcome = bench.work(kind)
        except Failed as failure:
            outcome = failure
        bench.first[kind] = outcome
        if not isinstance(outcome, Answer) or not outcome.refused or _unknown_method(outcome):
            return outcome
    bench.offers[kind] = candidates[0]
    return outcome


def _unknown_method(first: Answer | Failed) -> bool:
    return isinstance(first, Answer) and first.error_code == _METHOD_NOT_FOUND
