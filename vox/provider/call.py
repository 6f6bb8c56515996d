"""One request, as the author's function sees it."""

from __future__ import annotations

from binascii import b2a_base64
from time import perf_counter

from vox.provider.failure import Cancelled, invalid_params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

__all__ = ["Call", "Timer"]

_PROGRESS_EVERY_S = 0.05  # twenty notifications a second are as smooth as a progress bar gets


def _to_nobody(method: str, params: dict[str, Any]) -> None:
    """Where notifications go when a function is called without a daemon, from a test for instance."""


class Timer:
    """Adds the time spent in a `with` block to one metric, in milliseconds."""

    def __init__(self, metrics: dict[str, float], name: str) -> None:
        self._metrics = metrics
        self._name = name
        self._start = 0.0

    def __enter__(self) -> Timer:
        self._start = perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        spent = (perf_counter() - self._start) * 1000
        self._metrics[self._name] = self._metrics.get(self._name, 0.0) + spent


class Call:
    """A request in hand.

    Attributes:
        method: `install`, `import`, `remove`, `preload`, `transcribe` or `synthesize`.
        params: The request's params as they came.
        metrics: Stage times in milliseconds and other numbers ≥ 0, sent with the result.
        number: The request's id.
        sample_rate: Of the audio that was sent, in Hz; 0 before there is any.
        sent_bytes: How much audio was sent, in bytes of 16-bit samples.
        kept: The audio that was sent while nobody wanted a stream: it goes with the result.
    """

    def __init__(
        self,
        method: str,
        params: dict[str, Any],
        notify: Callable[[str, dict[str, Any]], None] = _to_nobody,
        number: int | str = 0,
    ) -> None:
        self.method = method
        self.params = params
        self.number = number
        self.metrics: dict[str, float] = {}
        self._notify = notify
        self._cancelled = False
        self._last_progress = 0.0
        self.sample_rate = self.sent_bytes = 0
        self.kept = bytearray()
        self._sequence = 0

    @property
    def model_id(self) -> str:
        """The model the caller chose.

        Raises:
            ProviderError: The request names none.
        """
        return self._text("modelId")

    @property
    def path(self) -> str:
        """The WAV file to transcribe: 16 kHz, mono, 16-bit PCM; it is deleted when the call ends. For `import`, the
        folder with the files.

        Raises:
            ProviderError: The request names none.
        """
        return self._text("path")

    @property
    def how(self) -> str:
        """What to do with the files of an import: `copy` them, `link` to them where they are, or `move` them, as they
        lie in a folder that Vox made for this call."""
        value = self.params.get("how")
        return value if value in ("link", "move") else "copy"

    @property
    def text(self) -> str:
        """The text to speak.

        Raises:
            ProviderError: The request has none.
        """
        return self._text("input")

    @property
    def voice_id(self) -> str | None:
        """The voice the caller chose; None leaves it to the provider."""
        value = self.params.get("voiceId")
        return value if isinstance(value, str) and value else None

    @property
    def language(self) -> str | None:
        """The language the caller named (BCP 47), if any."""
        value = self.params.get("language")
        return value if isinstance(value, str) and value else None

    @property
    def speed(self) -> float:
        """How fast to speak: 1.0 is the voice's own speed.

        Raises:
            ProviderError: Not a number above 0.
        """
        value = self.params.get("speed")
        if value is None:
            return 1.0
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            raise invalid_params(f"speed must be a number above 0, not {value!r}.")
        return float(value)

    @property
    def out_dir(self) -> str | None:
        """A folder in which the speech may be left as a file, `{"audioPath": path}` instead of `{"audio": bytes}`; None
        when the caller offers none. It is offered to programs that declare the feature `audio.path`."""
        value = self.params.get("outDir")
        return value if isinstance(value, str) and value else None

    @property
    def credentials(self) -> dict[str, str]:
        """Keys of vendors that the client lends for this call, by the names of their environment variables. They are
        sent to programs that declare the feature `credentials`, and are to be used for this call alone."""
        value = self.params.get("credentials")
        given = value.items() if isinstance(value, dict) else ()
        return {name: key for name, key in given if isinstance(name, str) and isinstance(key, str)}

    @property
    def wants_stream(self) -> bool:
        """Whether the caller hears the speech while it is made."""
        return self.params.get("stream") is True

    @property
    def wants_partials(self) -> bool:
        """Whether the caller reads the text while it is recognised."""
        return self.params.get("partials") is True

    @property
    def cancelled(self) -> bool:
        """True once the caller wants the result no more."""
        return self._cancelled

    def cancel(self) -> None:
        """Mark the call as unwanted."""
        self._cancelled = True

    def raise_if_cancelled(self) -> None:
        """End the function here if nobody waits for it. Call it between the pieces of long work.

        Raises:
            ProviderError: The call was cancelled.
        """
        if self._cancelled:
            raise Cancelled

    def timer(self, metric: str) -> Timer:
        """`with call.timer("inferenceMs"): …` adds the block's time to that metric."""
        return Timer(self.metrics, metric)

    def progress(
        self, fraction: float, status: str = "", bytes_done: int | None = None, bytes_total: int | None = None
    ) -> None:
        """Tell the caller how far the work is, as a fraction from 0 to 1. Too frequent calls are thinned out."""
        now = perf_counter()
        if fraction < 1 and now - self._last_progress < _PROGRESS_EVERY_S:
            return
        self._last_progress = now
        params: dict[str, Any] = {"modelId": self.params.get("modelId"), "progress": min(max(fraction, 0.0), 1.0)}
        optional = {
            "status": status or None,
            "requestId": self.params.get("requestId"),
            "bytesDone": bytes_done,
            "bytesTotal": bytes_total,
        }
        params.update({name: value for name, value in optional.items() if value is not None})
        self._notify("progress", params)

    def send_audio(self, pcm: bytes | bytearray | memoryview, sample_rate: int) -> None:
        """The next piece of the speech: 16-bit little-endian samples, mono.

        It is heard at once if the caller wants a stream; else it is kept and becomes the `audio` of the result, so a
        function need not know which. Returning `audio` as well replaces what was kept.

        Raises:
            ProviderError: The call was cancelled.
            ValueError: Another rate than before, or half a sample.
        """
        self.raise_if_cancelled()
        if sample_rate != (self.sample_rate or sample_rate):
            raise ValueError(f"the sample rate of a speech cannot change from {self.sample_rate} to {sample_rate}")
        if len(pcm) % 2:
            raise ValueError(f"{len(pcm)} bytes are no whole number of 16-bit samples")
        self.sample_rate = sample_rate
        self.sent_bytes += len(pcm)
        if not self.wants_stream:
            self.kept += pcm
        elif pcm:
            self._send_chunk(pcm)

    def send_partial(self, text: str, stable: int | bool = False) -> None:
        """All the text recognised so far, if the caller wants to read it before the end; else nothing.

        Args:
            stable: How many characters at its beginning will stay as they are; true for all of them.
        """
        if self.wants_partials and not self._cancelled:
            self._notify("partial", {"id": self.number, "text": text, "stable": stable})

    def _send_chunk(self, pcm: bytes | bytearray | memoryview) -> None:
        params: dict[str, Any] = {"id": self.number, "sequence": self._sequence}
        if not self._sequence:
            params["sampleRate"] = self.sample_rate
        self._sequence += 1
        self._notify("audio", {**params, "audioBase64": b2a_base64(pcm, newline=False).decode("ascii")})

    def _text(self, name: str) -> str:
        value = self.params.get(name)
        if not isinstance(value, str):
            raise invalid_params(f"{self.method} needs {name}, a string.")
        return value
