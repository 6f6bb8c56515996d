"""Running a model through onnx-asr: load once, find the speech, recognise piece by piece.

The heavy libraries are imported when the first model is loaded. Where it computes and with how many threads:
`_onnx_session`. `VOX_ONNX_BATCH` sets how many pieces of a long recording are recognised at once, padded to the longest
of them; default 1 on the CPU, which gains nothing by it, and 8 elsewhere.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from vox.provider import Call, ProviderError
from vox_providers import _onnx_session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onnx_asr.asr import TimestampedResult

    from vox_providers._onnx_models import Checkpoint, Family, Weights
    from vox_providers._pieces import Piece, Recording

__all__ = ["Engine", "Heard"]

_BATCH = 8  # pieces at once where there is something faster than the CPU


class Heard(NamedTuple):
    """What the model made of one piece."""

    piece: Piece
    result: TimestampedResult


class Engine:
    """The loaded models of a family.

    Args:
        family: Where their files are.
        longest_s: The longest piece the models are made for, in seconds.
    """

    def __init__(self, family: Family, longest_s: float) -> None:
        self._family = family
        self._longest_s = longest_s
        self._loading = threading.Lock()
        self._loaded: dict[str, tuple[Weights, Any]] = {}

    def models(self) -> list[dict[str, object]]:
        """The family's models, installed or not."""
        return [self._family.info(one, one.id in self._loaded) for one in self._family.checkpoints.values()]

    def install(self, call: Call) -> dict[str, object]:
        """Download the files of `call.model_id`, or check and repair them; what is in memory is loaded anew next time.

        Raises:
            ProviderError: See `Family.install`.
        """
        checkpoint = self._family.checkpoint(call.model_id)
        self._family.install(call)
        self._loaded.pop(checkpoint.id, None)
        return self._family.info(checkpoint)

    def import_files(self, call: Call) -> dict[str, object]:
        """Take the files of a model from a folder; without `modelId`, tell which models they could be.

        Raises:
            ProviderError: See `import_checkpoint`.
        """
        from vox_providers._onnx_keep import fitting, import_checkpoint

        if call.params.get("modelId") is None:
            return {"fits": fitting(self._family, call.path)}
        checkpoint = self._family.checkpoint(call.model_id)
        import_checkpoint(self._family, checkpoint, call)
        self._loaded.pop(checkpoint.id, None)
        return self._family.info(checkpoint)

    def remove(self, call: Call) -> dict[str, object]:
        """Delete the files of `call.model_id`, and forget what is in memory.

        Raises:
            ProviderError: See `remove_checkpoint`.
        """
        from vox_providers._onnx_keep import remove_checkpoint

        checkpoint = self._family.checkpoint(call.model_id)
        self._loaded.pop(checkpoint.id, None)
        remove_checkpoint(self._family, checkpoint)
        return self._family.info(checkpoint)

    def preload(self, call: Call) -> dict[str, object]:
        """Bring `call.model_id` into memory.

        Raises:
            ProviderError: As `load`.
        """
        checkpoint = self._family.checkpoint(call.model_id)
        self.load(call, checkpoint)
        return self._family.info(checkpoint, preloaded=True)

    def load(self, call: Call, checkpoint: Checkpoint) -> Any:
        """The recogniser, from memory or from the disk; the time goes to `modelLoadMs`.

        Raises:
            ProviderError: `model_not_installed`, or the files or the libraries are damaged.
        """
        with call.timer("modelLoadMs"), self._loading:
            weights = self._family.weights(checkpoint)
            known = self._loaded.get(checkpoint.id)
            if known and known[0] == weights:
                return known[1]
            recogniser = _load(weights, checkpoint)
            self._loaded[checkpoint.id] = (weights, recogniser)
            return recogniser

    def recognise(self, call: Call, checkpoint: Checkpoint, **options: Any) -> list[Heard]:
        """What is said in `call.path`, piece by piece; nothing for a recording without speech.

        Sets the stage metrics, reports progress and ends between two pieces when the call is cancelled.

        Raises:
            ProviderError: As `load`; `unsupported_audio`; the call was cancelled.
        """
        from vox_providers._pieces import Recording, find_pieces

        recogniser = self.load(call, checkpoint)
        call.metrics["inferenceMs"] = 0.0  # stays so when nobody speaks
        with call.timer("audioLoadMs"):
            recording = Recording(call.path)
        with recording:
            call.metrics["audioDurationMs"] = recording.duration_s * 1000
            with call.timer("audioPrepareMs"):
                pieces = find_pieces(recording, self._longest_s, call.raise_if_cancelled)
            return list(_recognised(call, recogniser, recording, pieces, options))


def _recognised(
    call: Call, recogniser: Any, recording: Recording, pieces: list[Piece], options: dict[str, Any]
) -> Iterator[Heard]:
    size = _batch_size()
    for first in range(0, len(pieces), size):
        batch = pieces[first : first + size]
        call.raise_if_cancelled()
        call.progress(first / len(pieces), "transcribing")
        with call.timer("audioLoadMs"):
            samples = [recording.read(piece) for piece in batch]
        with call.timer("inferenceMs"):
            results = recogniser.recognize(samples, **options)
        yield from map(Heard, batch, results)
    call.progress(1.0, "transcribing")


def _batch_size() -> int:
    named = os.environ.get("VOX_ONNX_BATCH", "")
    if not named:
        return _BATCH if _onnx_session.is_accelerated() else 1
    if not (named.isascii() and named.isdigit() and int(named) > 0):
        raise ProviderError(f"VOX_ONNX_BATCH must be a number above 0, not {named!r}.")
    return int(named)


def _load(weights: Weights, checkpoint: Checkpoint) -> Any:
    try:
        import onnx_asr
        import onnxruntime
    except ImportError as problem:
        raise ProviderError(
            f"{checkpoint.name} needs onnx-asr and onnxruntime: {problem}. Reinstall Vox with `pip install voxhost`."
        ) from problem
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _onnx_session.threads()
    options.inter_op_num_threads = 1
    single = onnxruntime.SessionOptions()
    single.intra_op_num_threads = 1
    try:
        return _onnx_session.on_best(
            onnxruntime.get_available_providers(),
            lambda providers: onnx_asr.load_model(
                weights.kind,
                weights.folder,
                quantization=weights.quantization,
                sess_options=options,
                providers=providers,
                # onnx-asr makes a session per sample rate; Vox always gives it 16 kHz, so they only have to exist
                resampler_config={"sess_options": single, "providers": [_onnx_session.CPU]},
            ),
        ).with_timestamps()
    except ProviderError:
        raise
    except Exception as problem:  # onnxruntime's exceptions have no common base
        raise ProviderError(
            f"The files of {checkpoint.name} in {weights.folder} cannot be loaded: {problem} "
            f"`vox models install {checkpoint.id}` checks and repairs them."
        ) from problem
