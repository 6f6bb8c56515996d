"""The workbench of the checks: the provider's processes, what it said about itself, and recordings to send."""

import contextlib
import shutil
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from vox.provider.conformance import sound, traces
from vox.provider.conformance.check import Kind
from vox.provider.conformance.child import Child
from vox.provider.conformance.outcome import Failed
from vox.provider.conformance.session import Answer, Disorder, Session

__all__ = ["LARGE", "METHODS", "SENTENCE", "Bench", "Times"]

METHODS: dict[Kind, str] = {"asr": "transcribe", "tts": "synthesize"}

SENTENCE = "Good morning. The window is open."
"""What is spoken where it does not matter what; short, for some engines speak no faster than one listens."""

LARGE = "The quick brown fox jumps over the lazy dog. " * 40
"""About two minutes of speech: more than a pipe holds once it is audio."""

_NEEDED: dict[Kind, str] = {"asr": "text", "tts": "audioBase64"}
_DEFAULT_LIMIT: dict[Kind, int] = {"asr": 1, "tts": 4}  # what Vox allows a provider that says nothing
_MOST_AT_ONCE = 8  # calls in the concurrency checks, whatever is advertised


@dataclass(frozen=True, slots=True)
class Times:
    """How long, in seconds, a provider is waited for."""

    start: float = 20.0
    """The first answer to `models`."""
    ask: float = 10.0
    """Later answers to `models` and `voices`."""
    work: float = 60.0
    """Recognising three seconds of speech, or speaking a sentence; the first time with loading the model."""
    silence: float = 5.0
    """Before a method that need not be answered counts as not offered."""
    exit: float = 2.0
    """Before Vox sends a signal to a process whose input has ended."""


class Bench:
    """Everything the checks share.

    Args:
        command: The provider.
        environment: Its variables.
        folder: Its working folder.
        kind: Which of the two it is registered as; None finds out.
        model: The model to check; None takes the first that is installed.
        install: Whether `install` may be called, which can download and overwrite a model's files.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        *,
        kind: Kind | None = None,
        model: str | None = None,
        install: bool = False,
        times: Times | None = None,
    ) -> None:
        self.command = list(command)
        self.kind: Kind | None = kind
        self.model = model
        self.install = install
        self.times = times or Times()
        self.disorder = Disorder()
        self.diagnostics = 0
        """Bytes written to stderr by processes that have ended."""
        self.answer: dict[str, Any] = {}
        """The result of `models`, once it is known to be an object."""
        self.offers: dict[Kind, str] = {}
        """Kind → the model it is checked with, for what the provider offers."""
        self.first: dict[Kind, Answer | Failed] = {}
        """Kind → what came of the first call of its method."""
        self.voices_silent = False
        """Whether `voices` was asked and never answered."""
        self.mark = uuid.uuid4().hex
        self._environment = {**environment, traces.MARK: self.mark}
        self._folder = folder
        self._session: Session | None = None
        self._scratch: Path | None = None

    # ---- processes

    @property
    def session(self) -> Session:
        """The running provider, started if there is none.

        Raises:
            Failed: It cannot be started.
        """
        if self._session is None or not self._session.alive:
            self._session = self.start()
        return self._session

    @property
    def current(self) -> Session | None:
        """The running provider, if there is one."""
        return self._session

    def start(self) -> Session:
        """A new process; the one that runs is ended first: Vox never runs two of a provider's entry.

        Raises:
            Failed: The program cannot be executed.
        """
        self.end()
        try:
            child = Child(self.command, self._environment, self._folder)
        except OSError as error:
            raise Failed(
                f"The program cannot be started: {error.strerror or error}: {self.command[0]}",
                "Is it installed, executable, and on PATH? Relative paths count from the working folder.",
            ) from error
        self._session = Session(child, self.disorder)
        return self._session

    def end(self) -> None:
        """End the running process, and whatever it has left behind."""
        if self._session is not None:
            self._session.child.end()
            self.diagnostics += self._session.child.diagnostics
            traces.remove(self._session.child.process.pid, self.mark)
            self._session = None

    def close(self) -> None:
        """End everything and remove the recordings."""
        self.end()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    # ---- requests

    def call(self, method: str, params: dict[str, Any], seconds: float | None = None) -> Answer:
        """A request and its answer. Raises `Silent` or `Ended`."""
        return self.session.call(method, params, self.times.work if seconds is None else seconds)

    def params(self, kind: Kind, **more: Any) -> dict[str, Any]:
        """The parameters of an ordinary call, as Vox sends them."""
        ordinary: dict[Kind, dict[str, Any]] = {
            "asr": {"path": str(self.recording("speech"))},
            "tts": {"input": SENTENCE, "format": "wav"},
        }
        return {"modelId": self.offers[kind], **ordinary[kind], **more}

    def work(self, kind: Kind, **more: Any) -> Answer:
        """An ordinary call and its answer."""
        return self.call(METHODS[kind], self.params(kind, **more))

    def result(self, kind: Kind, **more: Any) -> dict[str, Any]:
        """The result of an ordinary call, which has to be an object.

        Raises:
            Failed: An error, or no object.
        """
        return self.succeeded(self.work(kind, **more), METHODS[kind])

    def begin_work(self, session: Session, *, long: bool = False) -> None:
        """Send a call without waiting for it; where no kind works, `models` has to do."""
        if self.working:
            kind = self.working[0]
            session.request(METHODS[kind], self.params(kind, **(self.long(kind) if long else {})))
        else:
            session.request("models", {})

    def long(self, kind: Kind) -> dict[str, str]:
        """Parameters that make a call long: twenty seconds of speech, 1800 characters."""
        return {"path": str(self.recording("long"))} if kind == "asr" else {"input": LARGE}

    @staticmethod
    def succeeded(answer: Answer, method: str) -> dict[str, Any]:
        """The result in the answer.

        Raises:
            Failed: It is an error, or no object.
        """
        if answer.refused:
            raise Failed(f"It answered {method} with an error: {answer.error}")
        if not isinstance(answer.result, dict):
            raise Failed(f"The result of {method} is {_named(answer.result)}; it must be an object.")
        return cast("dict[str, Any]", answer.result)

    # ---- what it said about itself

    @property
    def working(self) -> list[Kind]:
        """The offered kinds whose first call was answered with what their method needs."""
        return [kind for kind in self.offers if _holds(self.first.get(kind), _NEEDED[kind])]

    @property
    def models(self) -> list[dict[str, Any]]:
        """The listed models that are objects with an id."""
        listed: Any = self.answer.get("models")
        items = cast("list[Any]", listed) if isinstance(listed, list) else []
        objects = [cast("dict[str, Any]", item) for item in items if isinstance(item, dict)]
        return [item for item in objects if isinstance(item.get("id"), str) and item["id"]]

    def model_info(self, kind: Kind) -> dict[str, Any]:
        """What it said about the model that is checked; empty when it did not list it."""
        return next((model for model in self.models if model["id"] == self.offers.get(kind)), {})

    @property
    def features(self) -> set[str]:
        """Everything declared, at the top or by a model that is checked; by any while none has been chosen."""
        declared: set[str] = set()
        checked = [model for model in self.models if model["id"] in self.offers.values()]
        for place in [self.answer, *(checked or self.models)]:
            listed: Any = place.get("features")
            if isinstance(listed, list):
                declared |= {item for item in cast("list[Any]", listed) if isinstance(item, str)}
        return declared

    def at_once(self, kind: Kind) -> int:
        """How many calls to send at once: what is advertised, else what Vox would send."""
        for place in (self.model_info(kind), self.answer):
            limit: Any = place.get("maxConcurrency")
            if isinstance(limit, int) and limit >= 1:
                return min(limit, _MOST_AT_ONCE)
        return _DEFAULT_LIMIT[kind]

    # ---- recordings

    @property
    def scratch(self) -> Path:
        """A private folder that is gone after the run."""
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="vox-check-"))
        return self._scratch

    def recording(self, name: str) -> Path:
        """A WAV at the rate the model wants: `speech`, `tones`, `long`, `silence`, `short` or `empty`."""
        path = self.scratch / f"{name}.wav"
        if not path.exists():
            path.write_bytes(_RECORDINGS[name](self._rate()))
        return path

    def _rate(self) -> int:
        rate: Any = self.model_info("asr").get("sampleRate")
        return rate if isinstance(rate, int) and 8000 <= rate <= 192_000 else 16_000

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self.close()


_RECORDINGS = {
    "speech": sound.speech,
    "tones": lambda rate: sound.tones(1.5, rate),
    "long": sound.long_speech,
    "silence": lambda rate: sound.silence(2.0, rate),
    "short": lambda rate: sound.silence(0.01, rate),
    "empty": lambda rate: sound.silence(0.0, rate),
}


def _holds(first: Answer | Failed | None, name: str) -> bool:
    """Whether it is an answer with that text in its result."""
    if not isinstance(first, Answer) or first.refused or not isinstance(first.result, dict):
        return False
    return isinstance(cast("dict[str, Any]", first.result).get(name), str)


def _named(value: Any) -> str:
    names = {
        type(None): "absent",
        list: "a list",
        str: "a string",
        bool: "a boolean",
        int: "a number",
        float: "a number",
    }
    return names.get(type(value), type(value).__name__)
