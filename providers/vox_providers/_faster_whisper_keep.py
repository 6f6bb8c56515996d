"""Importing and removing the models of faster-whisper: which size of Whisper some files are of.

That is written in `model.bin`, whatever the folder is called: the width of the model, its decoder's layers and how many
tokens it knows. Source of the layout of that file: `ctranslate2.specs.model_spec` of CTranslate2 4.8, format 6.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from vox.provider import Call
from vox_providers._faster_whisper_models import (
    FILES,
    PREFIX,
    VARIABLE,
    Model,
    is_whole,
    list_models,
    repository,
)
from vox_providers._keep import check_ours, folders_within, put, take_away, unfit

__all__ = ["fitting", "import_model", "read_shape", "remove_model"]

_SPEC = "WhisperSpec"
_FORMAT = 6
_MOST_VARIABLES = 100_000  # the largest Whisper has some 1600; a damaged file may tell any number
_LAYER = re.compile(r"decoder/layer_(\d+)/")
_ENGLISH, _MANY, _MORE = 51864, 51865, 51866  # tokens: of English alone, of 99 languages, of 100


class Shape(NamedTuple):
    """What tells the sizes of Whisper apart.

    Attributes:
        width: Of the model's states.
        layers: Of the decoder.
        tokens: In the vocabulary.
    """

    width: int
    layers: int
    tokens: int


_SHAPES = {
    "tiny": Shape(384, 4, _MANY),
    "tiny.en": Shape(384, 4, _ENGLISH),
    "base": Shape(512, 6, _MANY),
    "base.en": Shape(512, 6, _ENGLISH),
    "small": Shape(768, 12, _MANY),
    "small.en": Shape(768, 12, _ENGLISH),
    "medium": Shape(1024, 24, _MANY),
    "medium.en": Shape(1024, 24, _ENGLISH),
    "large-v1": Shape(1280, 32, _MANY),
    "large-v2": Shape(1280, 32, _MANY),
    "large-v3": Shape(1280, 32, _MORE),
    "large-v3-turbo": Shape(1280, 4, _MORE),
    "distil-small.en": Shape(768, 4, _ENGLISH),
    "distil-medium.en": Shape(1024, 2, _ENGLISH),
    "distil-large-v2": Shape(1280, 2, _MANY),
    "distil-large-v3": Shape(1280, 2, _MORE),
    "distil-large-v3.5": Shape(1280, 2, _MORE),
}


def fitting(path: str) -> list[str]:
    """The ids of the models whose files may lie in the folder, or below it."""
    return next(([PREFIX + name for name in names] for _, names in _found(path)), [])


def import_model(model: Model, call: Call) -> None:
    """Take the files of a model from `call.path`.

    Raises:
        ProviderError: There are none, or they are of another model; see `put`.
    """
    others: list[str] = []
    for folder, names in _found(call.path):
        if model.name in names:
            return put(_files(folder), model.folder, call)
        others += [PREFIX + name for name in names]
    if others:
        raise unfit(f"The files in {call.path} are of {' or '.join(dict.fromkeys(others))}, not of {model.id}.")
    raise unfit(
        f"{call.path} holds no files of {model.id} in the layout of CTranslate2; wanted, in one folder: config.json, "
        "model.bin, tokenizer.json, vocabulary.json or vocabulary.txt, and of the newest also preprocessor_config.json."
    )


def remove_model(model: Model) -> None:
    """Delete the files of a model.

    Raises:
        ProviderError: They are somebody's own; or see `take_away`.
    """
    check_ours(model.id, model.folder, VARIABLE)
    if repository(model.name) is None:
        raise unfit(f"{model.id} is a folder of yours, {model.folder}: delete it yourself.")
    take_away(model.folder, sorted(FILES, key=lambda name: name != "config.json"))


def read_shape(path: Path) -> Shape | None:
    """What a `model.bin` is of; None when it is no Whisper that can be read."""
    try:
        with path.open("rb") as file:
            return _shape(dict(_variables(file)))
    except (OSError, struct.error, UnicodeDecodeError, OverflowError):
        return None


def _found(path: str) -> Iterator[tuple[Path, list[str]]]:
    """Folders with files of Whisper, and the names of the models that they could be."""
    known = [model.name for model in list_models() if model.name in _SHAPES]
    for folder in folders_within(path):
        shape = read_shape(folder / "model.bin")
        fit = [name for name in known if _SHAPES[name] == shape and is_whole(folder, name)]
        if fit:
            yield folder, _named(folder, fit)


def _named(folder: Path, names: list[str]) -> list[str]:
    """Of several, the one that the folder or one above it is called by, if it is called by any."""
    called = "/".join(folder.parts[-4:])  # the hub's own cache has the name three folders above the files

    def length(name: str) -> int:
        words = (name, str(repository(name)).partition("/")[2])
        return max((len(word) for word in words if word in called), default=0)

    best = max(names, key=length)
    return [best] if len(names) > 1 and length(best) else names


def _files(folder: Path) -> dict[str, Path]:
    """The largest first, and what counts as installed last."""
    found = [name for name in FILES if (folder / name).is_file()]
    order = sorted(found, key=lambda name: (name == "config.json", name != "model.bin", name))
    return {name: folder / name for name in order}


def _shape(dimensions: dict[str, tuple[int, ...]]) -> Shape | None:
    words = dimensions.get("decoder/embeddings/weight", ())
    layers = {match[1] for name in dimensions if (match := _LAYER.match(name))}
    return Shape(words[1], len(layers), words[0]) if len(words) == 2 else None


def _variables(file: BinaryIO) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name and dimensions of every variable, without its values; none in another file."""
    if _whole(file, "<I")[0] != _FORMAT or _string(file) != _SPEC:
        return
    _, count = _whole(file, "<II")
    for _ in range(min(count, _MOST_VARIABLES)):
        name = _string(file)
        rank = _whole(file, "<B")[0]
        dimensions = _whole(file, f"<{rank}I")
        _, size = _whole(file, "<BI")
        yield name, dimensions
        file.seek(size, 1)
    _whole(file, "<I")  # other names of variables follow, and nothing where the file is cut off


def _string(file: BinaryIO) -> str:
    length = _whole(file, "<H")[0]
    return file.read(length).rstrip(b"\0").decode("utf-8")


def _whole(file: BinaryIO, layout: str) -> tuple[int, ...]:
    """Numbers of the file; struct.error at its end."""
    return struct.unpack(layout, file.read(struct.calcsize(layout)))
