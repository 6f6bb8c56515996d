"""A provider as its author declares it: a name, a limit, and one function per method."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Handler = TypeVar("Handler", bound=Callable[..., Any])

__all__ = ["Provider"]


class Provider:
    """The functions that answer for a provider. A decorator leaves its function as it is, so tests can call it.

    Args:
        name: The provider's name; ModelInfo and voices carry it as `backend` unless they name another.
        kind: `asr`, `tts`, or `both` for a program that is registered once as each.
        max_concurrency: How many calls may run at once; Vox never sends more.
        streams: Whether its functions send what they have before they return: `transcribe` partial text with
            `call.send_partial`, `synthesize` audio with `call.send_audio`.
    """

    def __init__(self, name: str, kind: str = "asr", max_concurrency: int = 1, streams: bool = False) -> None:
        if kind not in ("asr", "tts", "both"):
            raise ValueError(f"kind must be 'asr', 'tts' or 'both', not {kind!r}")
        if max_concurrency < 1:
            raise ValueError(f"max_concurrency must be at least 1, not {max_concurrency}")
        self.name = name
        self.kind = kind
        self.max_concurrency = max_concurrency
        self.streams = streams
        self.handlers: dict[str, Callable[..., Any]] = {}
        """Method → function."""

    @property
    def features(self) -> list[str]:
        """What it offers beyond the six methods, as its `models` answer declares it."""
        streams = {"transcribe": "transcribe.partials", "synthesize": "synthesize.stream"} if self.streams else {}
        files = {"import": "models.import", "remove": "models.remove"}
        return ["cancel", *(feature for method, feature in {**streams, **files}.items() if method in self.handlers)]

    def models(self, handler: Handler) -> Handler:
        """`models() -> [ModelInfo, …]`, or the whole result as a dict. Must answer at once, without loading a model."""
        return self._register("models", handler)

    def install(self, handler: Handler) -> Handler:
        """`install(call) -> ModelInfo`: get the model's files."""
        return self._register("install", handler)

    def import_files(self, handler: Handler) -> Handler:
        """`import_files(call) -> ModelInfo`: take the files in the folder `call.path` for the model `call.model_id`,
        in the way that `call.how` names. Without a model in the request: `{"fits": [id, …]}`, the models whose files
        these could be."""
        return self._register("import", handler)

    def remove(self, handler: Handler) -> Handler:
        """`remove(call) -> ModelInfo`: delete the model's files, as far as install or import has brought them."""
        return self._register("remove", handler)

    def preload(self, handler: Handler) -> Handler:
        """`preload(call) -> ModelInfo`: bring the model into memory."""
        return self._register("preload", handler)

    def transcribe(self, handler: Handler) -> Handler:
        """`transcribe(call) -> {"text": …, "words"?: …}`: recognise the speech in `call.path`. Text known before the
        end may go ahead with `call.send_partial`."""
        return self._register("transcribe", handler)

    def voices(self, handler: Handler) -> Handler:
        """`voices(model_id) -> [Voice, …]`; `model_id` is None when voices of every model are wanted."""
        return self._register("voices", handler)

    def synthesize(self, handler: Handler) -> Handler:
        """`synthesize(call) -> {"audio": wav_bytes, "voiceId"?: …}`: speak `call.text`. What went to
        `call.send_audio` needs no `audio`; a file in `call.out_dir` is named as `audioPath`."""
        return self._register("synthesize", handler)

    def _register(self, method: str, handler: Handler) -> Handler:
        self.handlers[method] = handler
        return handler
