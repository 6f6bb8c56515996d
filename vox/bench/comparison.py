"""One model after the other: what fails is told of the model that failed, and what was found until then is kept."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from vox.bench.hearing import hear_all
from vox.bench.recordings import Recording
from vox.bench.results import Found, Hearing, RoundTrip, Speaking
from vox.bench.speaking import listen, speak_all
from vox.bench.subject import is_remote, measured
from vox.client import Client
from vox.errors import Cancelled, InvalidRequest, ModelNotFound, VoxError
from vox.types import Kind

__all__ = ["REMOTE_RUNS", "RUNS", "Comparison", "Task", "compare"]

RUNS = 3
"""How often a model does everything; the median counts."""

REMOTE_RUNS = 1
"""The same for models that may cost money."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is asked of the models.

    Args:
        recognisers: Models that hear the recordings.
        speakers: Models that speak the sentences, as `ID` or `ID@VOICE`.
        judges: Recognisers that listen to what was spoken; none for the default one.
        runs: How often each does everything; None for `RUNS`, or `REMOTE_RUNS`.
        language: BCP 47 tag of recordings and sentences, told to the models; None tells them nothing and means English.
        cold: Start every provider anew.
        remote: Whether models may be measured that send what they get to somebody else.
    """

    recognisers: tuple[str, ...] = ()
    speakers: tuple[str, ...] = ()
    judges: tuple[str, ...] = ()
    recordings: tuple[Recording, ...] = ()
    sentences: tuple[str, ...] = ()
    runs: int | None = None
    language: str | None = None
    cold: bool = True
    remote: bool = False


@dataclass(slots=True)
class Comparison:
    """What was found, of as many models as were reached."""

    recognisers: list[Hearing] = field(default_factory=list[Hearing])
    speakers: list[Speaking] = field(default_factory=list[Speaking])
    interrupted: bool = False
    """Whether somebody ended it early."""

    @property
    def all(self) -> list[Found]:
        """Both kinds."""
        return [*self.recognisers, *self.speakers]


def compare(client: Client, task: Task, tell: Callable[[str], None]) -> Comparison:
    """Measure the models of a task. Ctrl-C ends it; what was found is returned.

    Args:
        tell: Told what is going on.

    Raises:
        DaemonUnavailable: There is no daemon to ask.
    """
    found = Comparison()
    models = {(one["id"], one["kind"]): one for one in client.call("models.list", {"kind": "all"})["models"]}
    try:
        for name in task.recognisers:
            hearing = Hearing(name, "asr")
            found.recognisers.append(hearing)
            _attempt(hearing, partial(_hear, client, task, hearing, models, tell))
        for name in task.speakers:
            speaking = _speaking(name, models)
            found.speakers.append(speaking)
            _attempt(speaking, partial(_speak, client, task, speaking, models, tell))
    except KeyboardInterrupt:
        found.interrupted = True
    return found


_Models = dict[tuple[str, str], dict[str, Any]]


def _attempt(found: Found, measure: Callable[[], None]) -> None:
    try:
        measure()
    except VoxError as error:
        found.error = error
    except KeyboardInterrupt:
        found.error = Cancelled("Interrupted; these are the figures until then.")
        raise


def _hear(client: Client, task: Task, result: Hearing, models: _Models, tell: Callable[[str], None]) -> None:
    runs = _admit(client, task, result, models)
    with measured(client, result, cold=task.cold):
        hear_all(client, result, task.recordings, runs=runs, language=task.language, tell=tell)


def _speak(client: Client, task: Task, result: Speaking, models: _Models, tell: Callable[[str], None]) -> None:
    runs = _admit(client, task, result, models)
    try:
        with measured(client, result, cold=task.cold):
            speak_all(client, result, task.sentences, runs=runs, language=task.language, tell=tell)
    except VoxError as error:  # what was spoken until then can be listened to
        result.error = error
    judges = task.judges or _default_judges(models) if any(said.samples for said in result.said) else ()
    result.trips = [RoundTrip(name) for name in judges]
    with tempfile.TemporaryDirectory() as folder:
        for trip in result.trips:
            try:
                _admit(client, task, Hearing(trip.recogniser, "asr"), models)
                listen(client, trip, result, Path(folder), language=task.language, tell=tell)
            except VoxError as error:
                trip.error = error


def _default_judges(models: _Models) -> list[str]:
    return [name for (name, kind), model in models.items() if kind == "asr" and model["default"]]


def _speaking(name: str, models: _Models) -> Speaking:
    model, _, voice = name.rpartition("@")
    return Speaking(model, "tts", voice=voice) if model and (name, "tts") not in models else Speaking(name, "tts")


def _admit(client: Client, task: Task, found: Found, models: _Models) -> int:
    """How often the model is to do everything.

    Raises:
        ModelNotFound: There is none of that name and kind.
        InvalidRequest: It works elsewhere, and that was not allowed.
    """
    model = models.get((found.model, found.kind))
    if model is None:
        raise _unknown(found, models)
    found.provider = model["provider"]
    remote = is_remote(client, model)
    if remote and not task.remote:
        raise InvalidRequest(
            f"{found.model} sends what it gets to its vendor, who may charge for it. If that is wanted, add --remote"
        )
    return task.runs or (REMOTE_RUNS if remote else RUNS)


def _unknown(found: Found, models: _Models) -> VoxError:
    does = {"asr": "recognises speech: name it with --models", "tts": "speaks: name it with --tts"}
    other: Kind = "tts" if found.kind == "asr" else "asr"
    if (found.model, other) in models:
        return InvalidRequest(f"{found.model} {does[other]}")
    return ModelNotFound(f"There is no model {found.model!r}. See what there is: vox models", modelId=found.model)
