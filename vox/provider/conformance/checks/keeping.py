"""Import and remove: what lies on this machine already, and what is wanted no more."""

from typing import Any, cast

from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Failed, NotOffered, Warned

__all__ = ["CHECKS"]

CHECKS = Checklist()


@CHECKS.add(
    "import.refuses",
    "import of a folder without a model's files is refused",
    rule="import {path, modelId?, how} checks the files before it takes them; without modelId it only tells what fits.",
    mend='Answer {"fits": []} without a modelId, and an error that says which files are missing with one.',
    needs=("start.serves",),
)
def import_refuses(bench: Bench) -> None:
    """Where the feature `models.import` is declared: offers an empty folder, first without `modelId`, where `fits` has
    to be an empty list, then for each model that is checked, which has to be an error. The models are as before."""
    _declared(bench, "models.import")
    folder = bench.scratch / "nothing"
    folder.mkdir(exist_ok=True)
    fits: Any = bench.succeeded(bench.call("import", {"path": str(folder)}, bench.times.work), "import").get("fits")
    if not isinstance(fits, list):
        raise Failed("The result of import without a modelId has no list fits.")
    if fits:
        raise Failed(f"It takes an empty folder for the files of {', '.join(map(str, cast('list[Any]', fits)))}.")
    before = _installed(bench)
    for model in sorted(set(bench.offers.values())):
        params = {"modelId": model, "path": str(folder), "how": "copy"}
        if not bench.call("import", params, bench.times.work).refused:
            raise Failed(f"It imported {model!r} from an empty folder.")
    if _installed(bench) != before:
        raise Failed(f"Installed were {before}; after an import that it refused, {_installed(bench)}.")


@CHECKS.add(
    "remove.unknown",
    "remove of an unknown model is refused by name",
    rule="remove {modelId} deletes the model's files; data.code model_not_found tells that there is no such model.",
    mend='Answer with {"code": -32000, "message": …, "data": {"code": "model_not_found"}}.',
    needs=("start.serves",),
)
def remove_unknown(bench: Bench) -> None:
    """Where the feature `models.remove` is declared: removes a model that does not exist. Removing one that does is
    not tried: its files would be gone."""
    _declared(bench, "models.remove")
    answer = bench.call("remove", {"modelId": f"no-such-model-{bench.mark}"}, bench.times.work)
    if not answer.refused:
        raise Failed("It removed a model that does not exist.")
    if answer.error_name != "model_not_found":
        raise Warned(f"The error has no data.code model_not_found: {answer.error}")


def _declared(bench: Bench, feature: str) -> None:
    if feature not in bench.features:
        raise NotOffered(f"It does not declare the feature {feature}.")


def _installed(bench: Bench) -> list[str]:
    listed: Any = bench.succeeded(bench.call("models", {}, bench.times.ask), "models").get("models")
    items = cast("list[dict[str, Any]]", listed) if isinstance(listed, list) else []
    return [str(item.get("id")) for item in items if item.get("installed", True)]
