"""Moonshine: English speech recognition with nothing to download, the default of a fresh installation.

The weights are three files inside the wheel `moonshine-voice`; its code is never imported, onnxruntime runs them.
`python -P -m vox_providers.moonshine` answers requests on standard input. Set `VOX_MOONSHINE_THREADS` to choose the
encoder's threads.
"""

from __future__ import annotations

import os
import sys

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._moonshine_files import FILES, MISSING, MODEL, find_folder, require

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._moonshine_align import Aligner
    from vox_providers._moonshine_decode import Decoded, Moonshine
    from vox_providers._pieces import Piece, Recording

__all__ = ["MODEL", "import_files", "install", "models", "preload", "provider", "remove", "transcribe"]

_LONGEST_S = 15.0  # of 8 to 30 s tried, the least errors; beyond, a second of audio costs more and more
_MOST_THREADS = 4  # the other cores of a large machine are left to the other providers
_VOICE_ROOM_S = 0.08  # what the voice detector misses at soft beginnings and ends of words

_engines: dict[str, Moonshine] = {}  # folder → the model in memory; one call at a time gets there
_aligners: dict[str, Aligner] = {}

provider = Provider("moonshine", kind="asr", max_concurrency=1, streams=True)


@provider.models
def models() -> list[dict[str, object]]:
    """The one model, without loading anything."""
    folder = find_folder()
    return [
        {
            "id": MODEL,
            "name": "Moonshine tiny (English)",
            "installed": folder is not None,
            "available": folder is not None,
            "preloaded": folder in _engines,
            "languages": ["en"],
            "sampleRate": 16000,
            "words": True,
            "sizeBytes": sum(os.path.getsize(os.path.join(folder, name)) for name in FILES) if folder else 0,
            "description": "Embedded English recogniser, works offline; MIT licence.",
            **({} if folder else {"remedy": MISSING}),
        }
    ]


@provider.install
def install(call: Call) -> dict[str, object]:
    """Nothing to fetch: the weights come with a Python package, which only the user's installer can add."""
    require(call)
    return models()[0]


@provider.import_files
def import_files(call: Call) -> dict[str, object]:
    """Take the three files from a folder; without `modelId`, tell whether they are there.

    Raises:
        ProviderError: Another model, or see `import_weights`.
    """
    from vox_providers._moonshine_keep import fitting, import_weights

    if call.params.get("modelId") is None:
        return {"fits": fitting(call.path)}
    import_weights(call)
    _forget()
    return models()[0]


@provider.remove
def remove(call: Call) -> dict[str, object]:
    """Delete the three files that an import has brought, and forget what is in memory.

    Raises:
        ProviderError: Another model, or see `remove_weights`.
    """
    from vox_providers._moonshine_keep import remove_weights

    remove_weights(call)
    _forget()
    return models()[0]


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Bring the model into memory."""
    _load(call)
    return models()[0]


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """The words in `call.path`, with times when `params.words` is true; empty text when nobody speaks. Each piece is
    sent ahead as soon as its words are known."""
    require(call)
    from vox_providers._pieces import Recording, find_pieces

    call.metrics["inferenceMs"] = 0.0  # stays so when nobody speaks
    with call.timer("audioLoadMs"):
        recording = Recording(call.path)
    with recording:
        call.metrics["audioDurationMs"] = recording.duration_s * 1000
        with call.timer("audioPrepareMs"):
            pieces = find_pieces(recording, _LONGEST_S, call.raise_if_cancelled)
        segments, words = _hear(call, recording, pieces) if pieces else ([], [])
    result: dict[str, object] = {"text": _text(segments), "language": "en", "segments": segments}
    if _wants_words(call):
        result["words"] = words
    return result


def _hear(
    call: Call, recording: Recording, pieces: list[Piece]
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """A segment for every piece that holds words, and the timed words of all, if the caller wants them."""
    model = _load(call)
    aligner = _load_aligner(call) if _wants_words(call) else None
    segments: list[dict[str, object]] = []
    words: list[dict[str, object]] = []
    for number, piece in enumerate(pieces):
        call.raise_if_cancelled()
        call.progress(number / len(pieces), "transcribing")
        with call.timer("audioLoadMs"):
            samples = recording.read(piece)
        with call.timer("inferenceMs"):
            if heard := model.hear(samples, piece.voiced_s, call.raise_if_cancelled):
                text, decoded = heard
                segments.append(_segment(len(segments), piece, text))
                words.extend(_words(aligner, piece, decoded) if aligner else ())
                call.send_partial(_text(segments), stable=True)
    call.progress(1.0, "transcribing")
    return segments, words


def _text(segments: list[dict[str, object]]) -> str:
    return " ".join(str(segment["text"]) for segment in segments)


def _wants_words(call: Call) -> bool:
    return call.params.get("words") is True


def _words(aligner: Aligner, piece: Piece, decoded: Decoded) -> list[dict[str, object]]:
    """The words of a piece with seconds from the start of the recording."""
    from vox_providers._moonshine_align import within_voice

    words: list[dict[str, object]] = []
    for word in aligner.words(decoded):
        moments = (piece.start_s + moment for moment in (word.start, word.end, word.peak))
        start, end = within_voice(_voiced(piece), *moments)
        words.append({"word": word.word, **_times(start, end), "confidence": round(word.confidence, 3)})
    return words


def _segment(number: int, piece: Piece, text: str) -> dict[str, object]:
    """A piece as the protocol shows it, without the silence around its words."""
    voiced = _voiced(piece)
    return {"id": number, **_times(voiced[0][0], voiced[-1][1]), "text": text}


def _voiced(piece: Piece) -> list[tuple[float, float]]:
    """Where the voice is, in seconds, with a little room: the detector is late."""
    from vox_providers._pieces import RATE

    spans = [(first / RATE - _VOICE_ROOM_S, last / RATE + _VOICE_ROOM_S) for first, last in piece.voiced]
    return [(max(first, piece.start_s), min(last, piece.end_s)) for first, last in spans]


def _times(start: float, end: float) -> dict[str, float]:
    return {"start": round(start, 3), "end": round(end, 3)}


def _forget() -> None:
    _engines.clear()
    _aligners.clear()


def _load(call: Call) -> Moonshine:
    """The model in memory, read on first need."""
    folder = require(call)
    with call.timer("modelLoadMs"):
        if folder not in _engines:
            _engines[folder] = _read_engine(folder)
    return _engines[folder]


def _read_engine(folder: str) -> Moonshine:
    from pathlib import Path

    from vox_providers._moonshine_decode import Moonshine

    try:
        return Moonshine(Path(folder), _threads())
    except (OSError, ValueError) as problem:
        raise ProviderError(f"The weights in {folder} cannot be loaded ({problem}). Install them again.") from problem


def _load_aligner(call: Call) -> Aligner:
    """What times words, in memory."""
    model, folder = _load(call), require(call)
    with call.timer("modelLoadMs"):
        if folder not in _aligners:
            _aligners[folder] = _read_aligner(model, folder)
    return _aligners[folder]


def _read_aligner(model: Moonshine, folder: str) -> Aligner:
    """Its graph is derived from the weights once and kept in the cache folder."""
    from pathlib import Path

    from vox_providers._moonshine_align import Aligner

    cache_folder = Path(os.environ.get("VOX_CACHE") or os.path.expanduser("~/.cache/vox"), "moonshine")
    try:
        return Aligner(model, Path(folder, "decoder_model_merged.ort"), cache_folder)
    except (OSError, ValueError) as problem:
        raise ProviderError(
            f"Words cannot be timed: the graph for it could not be kept in {cache_folder} ({problem}). Make the folder "
            "writable, empty it, or ask without words."
        ) from problem


def _threads() -> int:
    """Threads of the encoder: `VOX_MOONSHINE_THREADS`, else one per core this process may use, at most four."""
    text = os.environ.get("VOX_MOONSHINE_THREADS", "")
    if text:
        if not text.isdecimal() or int(text) < 1:
            raise ProviderError(f"VOX_MOONSHINE_THREADS must be a whole number from 1, not {text!r}.")
        return int(text)
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return min(cores, _MOST_THREADS)


if __name__ == "__main__":
    serve(provider)
