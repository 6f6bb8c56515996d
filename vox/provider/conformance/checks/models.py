"""Start and list of models: what Vox asks of every provider before anything else."""

from typing import Any, cast

from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.discover import discover
from vox.provider.conformance.outcome import Failed, NotOffered, Warned
from vox.provider.conformance.session import Ended

__all__ = ["CHECKS", "FEATURES"]

CHECKS = Checklist()

FEATURES = (
    "cancel",
    "synthesize.stream",
    "transcribe.partials",
    "transcribe.stream",
    "audio.path",
    "credentials",
    "diarization",
    "remote",
    "translate",
    "models.import",
    "models.remove",
)
"""The features the protocol knows."""

_MEMBERS: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "backend": (str,),
    "installed": (bool,),
    "preloaded": (bool,),
    "available": (bool,),
    "words": (bool,),
    "streaming": (bool,),
    "languages": (list,),
    "features": (list,),
    "sizeBytes": (int, float),
    "description": (str,),
    "remedy": (str,),
}
_KINDS = (None, "asr", "tts")


@CHECKS.add(
    "start.models",
    "It starts and answers models",
    rule="There is no handshake: models is the first thing Vox asks, and its answer says that the provider is up.",
    mend='Answer models at once, before loading any model, with {"models": [{"id": "…"}]}.',
)
def start_models(bench: Bench) -> None:
    """Starts the program and sends `models` without `params`, as the published pages show it. The answer has to come
    within 20 seconds and be an object."""
    session = bench.start()
    number = session.request("models")
    answer = session.wait(number, bench.times.start)
    bench.answer = bench.succeeded(answer, "models")


@CHECKS.add(
    "models.list",
    "models lists its models, each with an id",
    rule='models → {"models": [ModelInfo]}; only id is needed.',
    mend='Answer {"models": [{"id": "my-engine:small", "name": "My engine, small"}]}.',
    needs=("start.models",),
)
def models_list(bench: Bench) -> None:
    """The result has a list `models` of objects, each with an `id` that is a string and not empty. An empty list is
    of no use: nothing can be routed to the provider."""
    listed: Any = bench.answer.get("models")
    if not isinstance(listed, list):
        raise Failed('The result of models has no list "models".')
    if not listed:
        raise Failed("The list of models is empty.")
    if len(bench.models) != len(cast("list[Any]", listed)):
        raise Failed("A model in the list is no object with a string as its id.")


@CHECKS.add(
    "models.unique",
    "The ids of its models differ",
    rule="A model id names one model.",
    mend="Give each model an id of its own, such as engine:size.",
    needs=("models.list",),
)
def models_unique(bench: Bench) -> None:
    """No id is listed twice: Vox would never reach the second of them."""
    ids = [model["id"] for model in bench.models]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise Failed(f"Listed more than once: {', '.join(twice)}.")


@CHECKS.add(
    "models.members",
    "Everything else in a ModelInfo has its type",
    rule="installed, preloaded, available, words and streaming are booleans; name and backend strings; and so on.",
    mend="Correct the member, or leave it out: only id is needed.",
    needs=("models.list",),
)
def models_members(bench: Bench) -> None:
    """Each known member of each model, where it is given, has the type of the protocol: booleans are not strings or
    numbers, `maxConcurrency` is a whole number of 1 or more, `sampleRate` lies from 8000 to 192000, `kind` is `asr` or
    `tts`."""
    for model in bench.models:
        for name, types in _MEMBERS.items():
            value = model.get(name)
            if value is not None and (not isinstance(value, types) or (isinstance(value, bool) and bool not in types)):
                raise Failed(f"{name} of model {model['id']!r} is {value!r}; it must be {_named(types)}.")
        if model.get("kind") not in _KINDS:
            raise Failed(f"kind of model {model['id']!r} is {model['kind']!r}; it must be asr or tts.")
        rate: Any = model.get("sampleRate")
        if rate is not None and (not isinstance(rate, int) or not 8000 <= rate <= 192_000):
            raise Failed(f"sampleRate of model {model['id']!r} is {rate!r}; it must be from 8000 to 192000.")


@CHECKS.add(
    "models.limit",
    "maxConcurrency is a whole number of 1 or more",
    rule="models may tell maxConcurrency, at the top or in a model: how many calls it takes at once.",
    mend="Send a whole number, or leave it out: Vox then sends 1 call at a time for recognition and 4 for speech.",
    needs=("models.list",),
)
def models_limit(bench: Bench) -> None:
    """Where `maxConcurrency` is given, at the top of the answer or in a model, it is a whole number of 1 or more."""
    told: list[Any] = [place["maxConcurrency"] for place in (bench.answer, *bench.models) if "maxConcurrency" in place]
    if not told:
        raise NotOffered("It tells no maxConcurrency.")
    for limit in told:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise Failed(f"maxConcurrency is {limit!r}.")


@CHECKS.add(
    "models.features",
    "Declared features are features of the protocol",
    rule='Additions are declared in "features", never assumed.',
    mend=f"Known are: {', '.join(FEATURES)}.",
    needs=("models.list",),
)
def models_features(bench: Bench) -> None:
    """`features`, at the top of the answer or in a model, is a list of names that the protocol has."""
    for place in (bench.answer, *bench.models):
        if "features" in place and not isinstance(place["features"], list):
            raise Failed(f"features is {place['features']!r}; it must be a list of names.")
    if not bench.features:
        raise NotOffered("It declares no features.")
    if unknown := sorted(bench.features - set(FEATURES)):
        raise Warned(f"Vox knows no feature {', '.join(map(repr, unknown))}.")


@CHECKS.add(
    "models.again",
    "models can be asked at any time, with params or without",
    rule="Requests carry a params object, absent only for models; a provider may rely on neither.",
    mend="Read params as an empty object when it is absent, and ignore what is in it.",
    needs=("models.list",),
)
def models_again(bench: Bench) -> None:
    """Asks once more, with empty `params` and then with unknown ones. The same ids have to come back."""
    ids = [model["id"] for model in bench.models]
    for params in ({}, {"surprise": True}):
        again = bench.succeeded(bench.call("models", params, bench.times.ask), "models")
        listed: Any = again.get("models")
        found = [item.get("id") for item in cast("list[dict[str, Any]]", listed)] if isinstance(listed, list) else []
        if found != ids:
            raise Failed(f"The first time it listed {ids}, with params {params} it listed {found}.")


@CHECKS.add(
    "start.serves",
    "It recognises or speaks with a model that is installed",
    rule="A provider serves transcribe, synthesize, or both.",
    mend="Answer transcribe or synthesize, and list a model that can be used now.",
    needs=("models.list",),
)
def start_serves(bench: Bench) -> None:
    """Finds out what there is to check: calls `transcribe` and `synthesize` with the first models that are installed
    and available (or with `--model`), as far as `--kind` and the `kind` of each model allow it. An error that says
    "no such method" means that it is not offered. So does silence, where the other one is answered."""
    ready = [
        model for model in bench.models if model.get("installed") is not False and model.get("available") is not False
    ]
    if bench.model is None and not ready:
        names = ", ".join(model["id"] for model in bench.models)
        raise Failed(
            f"None of its models is installed and available: {names}.",
            "Install one (vox models install ID) and check again.",
        )
    discover(bench)
    if not bench.offers:
        crashed = [first for first in bench.first.values() if isinstance(first, Ended)]
        raise crashed[0] if crashed else Failed(f"It serves neither transcribe nor synthesize{_as_asked(bench)}.")


def _as_asked(bench: Bench) -> str:
    asked = [f"--kind {bench.kind}" if bench.kind else "", f"--model {bench.model}" if bench.model else ""]
    told = " ".join(word for word in asked if word)
    return f" ({told})" if told else ""


def _named(types: tuple[type, ...]) -> str:
    names = {str: "a string", bool: "a boolean", list: "a list", int: "a number"}
    return names[types[0]]
