"""What a client can do beside speech: models' files, warm-up, events, records, figures, the microphone, and how
the daemon is."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from vox.client.connection import OnEvent

if TYPE_CHECKING:
    from vox.client.events import EventStream
    from vox.client.told import HistoryPage, Warmup
    from vox.types import ModelInfo, Progress

__all__ = ["RESUME_S", "OnProgress", "Upkeep", "history_filter"]

OnProgress = Callable[["Progress"], None]
"""Called with how far a model is, each time that its provider says so."""

RESUME_S = 60.0
"""Seconds a subscription looks for a daemon that went away: one that is started again is back within two."""


class Upkeep(ABC):
    """The part of `Client` that needs nothing of it but `call`."""

    @abstractmethod
    def call(
        self, method: str, params: dict[str, Any] | None = None, on_event: OnEvent | None = None
    ) -> dict[str, Any]:
        """Make a call by its wire name."""

    @abstractmethod
    def events(
        self,
        topics: Iterable[str] | None = None,
        *,
        since: int | None = None,
        epoch: str | None = None,
        resume_s: float = RESUME_S,
    ) -> "EventStream":
        """Listen to what happens in the daemon."""

    # ---- models

    def install(self, model: str | None = None, on_progress: OnProgress | None = None) -> "ModelInfo":
        """Get a model's files; None for the default of speech recognition.

        Raises:
            ModelNotFound: Nobody serves it.
            DaemonUnavailable: There is no daemon to ask.
            VoxError: The provider failed.
        """
        return self._prepare("models.install", {"modelId": model}, on_progress)

    def preload(self, model: str | None = None, on_progress: OnProgress | None = None) -> "ModelInfo":
        """Load a model into memory, so that the next call starts faster; None for the default of speech recognition.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model.
            DaemonUnavailable: There is no daemon to ask.
            VoxError: The provider failed.
        """
        return self._prepare("models.preload", {"modelId": model}, on_progress)

    def import_model(
        self,
        path: "str | os.PathLike[str]",
        model: str | None = None,
        link: bool = False,
        on_progress: OnProgress | None = None,
    ) -> "ModelInfo":
        """Take a model's files from a folder, or from a zip or tar archive of one: for machines without a network.

        Args:
            path: A folder or file that the daemon's user can read.
            model: Whose files they are; None for the one model that they fit.
            link: Leave the files of a folder where they are, and point at them.

        Raises:
            NoInput: There is no such folder or file.
            ModelNotFound, InvalidRequest: The files are of no model here, could be of several, or are incomplete.
            Unsupported: The provider of the model takes no files.
            DaemonUnavailable: There is no daemon to ask.
            VoxError: The provider failed.
        """
        given = {"path": os.path.abspath(path), "modelId": model, "link": link}
        return self._prepare("models.import", given, on_progress)

    def remove_model(self, model: str, on_progress: OnProgress | None = None) -> "ModelInfo":
        """Delete a model's files, as far as an install or import has brought them. It is unloaded before.

        Raises:
            ModelNotFound, Unsupported: Nobody serves it, or its provider has brought no files for it.
            ProviderBusy: A call is inside its provider.
            DaemonUnavailable: There is no daemon to ask.
            VoxError: The provider failed.
        """
        return self._prepare("models.remove", {"modelId": model}, on_progress)

    # ---- warm-up

    def warmup(self, model: str | None = None, *, delay_s: float | None = None, wait: bool = False) -> "Warmup":
        """Have a model loaded into memory, now or later. Returns at once, or with `wait` when it is loaded or failed.

        Args:
            model: Model id of either kind; None for the default of speech recognition.
            delay_s: Load it that many seconds from now.

        Raises:
            ModelNotFound, ModelNotInstalled: There is no such model.
            DaemonUnavailable: There is no daemon to ask.
        """
        from vox.client.told import warmup_of

        given: dict[str, Any] = {"modelId": model, "wait": wait or None}
        if delay_s is None:
            return warmup_of(self.call("warmup.start", given))
        return warmup_of(self.call("warmup.schedule", {**given, "delayMs": round(delay_s * 1000)}))

    def warmup_status(self, model: str | None = None) -> "Warmup":
        """How far a model is on its way into memory.

        Raises:
            ModelNotFound: There is no such model.
            DaemonUnavailable: There is no daemon to ask.
        """
        from vox.client.told import warmup_of

        return warmup_of(self.call("warmup.status", {"modelId": model}))

    def warmup_cancel(self, model: str | None = None) -> "Warmup":
        """Give up a warm-up that is planned or under way. One that is over stays as it is.

        Raises:
            ModelNotFound: There is no such model.
            DaemonUnavailable: There is no daemon to ask.
        """
        from vox.client.told import warmup_of

        return warmup_of(self.call("warmup.cancel", {"modelId": model}))

    # ---- records

    def history(self, *, before: str | None = None, limit: int | None = None, **filter: str | None) -> "HistoryPage":
        """What was recognised and spoken, the newest first; nothing unless the user has it recorded.

        Args:
            before: Only what is older: the `next_cursor` of a page, the id of a record, or a time (ISO 8601).
            limit: Records at most; None for 50.
            filter: `kind` ("transcription", "synthesis"), `source` ("file", "live"), `client`, `model`, `session`,
                `outcome` ("ok", "error", "cancelled"), `query` (within the text).

        Raises:
            InvalidRequest: `before` is none of these.
            TypeError: There is no such filter.
            DaemonUnavailable: There is no daemon to ask.
        """
        from vox.client.told import page_of

        return page_of(self.call("history.list", {**history_filter(filter), "before": before, "limit": limit}))

    def history_get(self, id: str) -> dict[str, Any] | None:
        """One record; None when there is none of that id.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        return self.call("history.get", {"id": id})["record"]

    def history_delete(self, id: str) -> bool:
        """Delete one record. Returns False when there was none of that id.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        return self.call("history.delete", {"id": id})["deleted"]

    def history_clear(self, **filter: str | None) -> int:
        """Delete the records that `history` gives for that filter; without one, all. Returns how many.

        Raises:
            TypeError: There is no such filter.
            DaemonUnavailable: There is no daemon to ask.
        """
        return self.call("history.clear", history_filter(filter))["deleted"]

    def telemetry(
        self, *, client: str | None = None, route: str | None = None, last: int | None = None
    ) -> dict[str, Any]:
        """What the calls so far have cost, as `telemetry.summary` tells it.

        Args:
            client: Calls of that client only.
            route: Calls of that method only.
            last: How many single calls are told; None for 20.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        return self.call("telemetry.summary", {"clientId": client, "route": route, "last": last})

    # ---- the microphone

    def deafen(self, seconds: float) -> bool:
        """Say that this program plays sound on the daemon's machine: agents are not told what the microphone hears of
        it. Say so again about every second while it plays. Returns whether anything is overlooked now.

        Args:
            seconds: For how long, at most 5; 0 is the end of the sound. A client is known by its connection, which
                a stream takes for itself: use one client for this and nothing else.

        Raises:
            InvalidRequest: For longer than that.
            DaemonUnavailable: There is no daemon to ask.
        """
        return self.call("microphone.deafen", {"ms": seconds * 1000})["deaf"]

    # ---- the daemon

    def providers(self) -> list[dict[str, Any]]:
        """How the providers are, as `providers.status` tells it. None is started for that.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        return self.call("providers.status")["providers"]

    def status(self) -> dict[str, Any]:
        """The daemon's health (`service, version, port, pid, startedAt, …`) with the state of its `providers`.

        Raises:
            DaemonUnavailable: There is no daemon to ask.
        """
        return {**self.call("health"), **self.call("providers.status")}

    # ---- inside

    def _prepare(self, method: str, given: dict[str, Any], on_progress: OnProgress | None) -> "ModelInfo":
        from vox.client.values import model_of, progress_of

        def report(event: str, data: dict[str, Any]) -> None:
            if on_progress is not None and event == "models.progress":
                on_progress(progress_of(data))

        return model_of(self.call(method, given, report)["model"])


_FILTERS = {
    "kind": "kind",
    "source": "source",
    "client": "clientId",
    "model": "modelId",
    "session": "sessionId",
    "outcome": "outcome",
    "query": "query",
}


def history_filter(given: dict[str, str | None]) -> dict[str, str | None]:
    """The filter of a method of the history in the wire's names.

    Raises:
        TypeError: There is no such filter.
    """
    unknown = given.keys() - _FILTERS.keys()
    if unknown:
        raise TypeError(f"There is no filter {min(unknown)!r}. Known: {', '.join(_FILTERS)}.")
    return {_FILTERS[name]: value for name, value in given.items()}
