"""Install and preload: not every provider has them, and those that have tell how far they are."""

from typing import Any, cast

from vox.provider.conformance import values
from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Failed, NotOffered, NotRun, Warned
from vox.provider.conformance.session import Notice, Silent

__all__ = ["CHECKS"]

CHECKS = Checklist()

_METHOD_NOT_FOUND = -32601


@CHECKS.add(
    "preload.result",
    "preload answers with the model",
    rule="preload {modelId} → a ModelInfo, bare or wrapped as {model: ModelInfo}; it may be left unanswered.",
    mend='Answer {"id": …, "preloaded": true}, or with error -32601 when there is nothing to load.',
    needs=("start.serves",),
)
def preload_result(bench: Bench) -> None:
    """Preloads the models that are checked. The answer is a ModelInfo of that model with `preloaded` true. Error
    -32601 and silence count as not offered."""
    _get(bench, "preload", bench.times.work if bench.kind else bench.times.silence)


@CHECKS.add(
    "install.result",
    "install of a model that is there answers with the model",
    rule="install {modelId} → a ModelInfo, bare or wrapped as {model: ModelInfo}; it may be left unanswered.",
    mend='Answer {"id": …, "installed": true} at once when the files are there.',
    needs=("start.serves",),
)
def install_result(bench: Bench) -> None:
    """With `--install` only, because some providers look for newer files then: installs a model that is installed
    already. The answer is a ModelInfo of that model with `installed` true. Error -32601 and silence count as not
    offered."""
    if not bench.install:
        raise NotRun("Tried with --install only: it may download.")
    _get(bench, "install", bench.times.work)


@CHECKS.add(
    "progress.shape",
    "Progress has one of the two published forms",
    rule="progress {modelId, progress 0..1, status}, or notification {event: progress, data: {…}}, at any time.",
    mend='Send {"method": "progress", "params": {"modelId": …, "progress": 0.5, "status": "loading"}}.',
    needs=("start.serves",),
)
def progress_shape(bench: Bench) -> None:
    """Looks at the progress that came with install and preload, in a process that has loaded nothing yet: `progress` is
    a number from 0 to 1 that does not fall, `modelId` and `status` are strings."""
    seen: list[Notice] = []
    for model in set(bench.offers.values()):
        session = bench.start()
        session.call("models", {}, bench.times.start)
        number = session.request("preload", {"modelId": model})
        try:
            session.wait(number, bench.times.work if bench.kind else bench.times.silence)
        except Silent:
            raise NotOffered("It does not answer preload.") from None
        seen += session.notices
    _check_progress(seen)


def _get(bench: Bench, method: str, seconds: float) -> None:
    wanted = {"preload": "preloaded", "install": "installed"}[method]
    for model in set(bench.offers.values()):
        try:
            answer = bench.call(method, {"modelId": model}, seconds)
        except Silent:
            raise NotOffered(f"It does not answer {method}.") from None
        if answer.error_code == _METHOD_NOT_FOUND:
            raise NotOffered(f"It has no method {method}.")
        result = bench.succeeded(answer, method)
        wrapped: Any = result.get("model")
        info = cast("dict[str, Any]", wrapped) if isinstance(wrapped, dict) else result
        if not isinstance(info.get("id"), str):
            raise Failed(f"The result of {method} is no ModelInfo: it has no id.")
        if info["id"] != model:
            raise Failed(f"Asked to {method} {model!r}, it answered with {info['id']!r}.")
        if info.get(wanted) is False:
            raise Warned(f"After {method}, {wanted} is false.")


def _check_progress(notices: list[Notice]) -> None:
    told = [_progress(notice) for notice in notices]
    steps = [step for step in told if step is not None]
    if not steps:
        raise NotOffered("It tells no progress.")
    last: dict[str, float] = {}
    for step in steps:
        done: Any = step.get("progress")
        model = step.get("modelId")
        if not values.number(done) or done > 1:
            raise Failed(f"progress is {done!r}; it must be a number from 0 to 1.")
        if not isinstance(model, str) or not isinstance(step.get("status", ""), str):
            raise Failed(f"{step!r} must have modelId and status, both strings.")
        if done < last.get(model, 0.0):
            raise Warned(f"Progress falls from {last[model]} to {done}.")
        last[model] = done


def _progress(notice: Notice) -> dict[str, Any] | None:
    if notice.method == "progress":
        return notice.params
    if notice.method == "notification" and notice.params.get("event") == "progress":
        data: Any = notice.params.get("data")
        return cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    return None
