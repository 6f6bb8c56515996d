"""Which models of a family there are, where their files lie, and how to get them. Imports no model library.

A model's folder is, in this order: `VOX_<FAMILY>_DIR` itself when it holds model files and its name fits the model
(one that names no variant counts as the family's first model), `VOX_<FAMILY>_DIR/<variant>`, and without that
variable `<models>/<family>/<variant>`, where `<models>` is `VOX_MODELS`, else `models` in `VOX_HOME` (`~/.vox`).

`VOX_<FAMILY>_QUANTIZATION` chooses the variant of the weights: `int8`, another suffix the repository has, or `none`
for the full precision. Without it the family's own preference is installed, and whichever is there is used.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from vox.provider import Call, ProviderError
from vox_providers._places import models_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vox_providers._hub import RemoteFile

__all__ = ["Checkpoint", "Family", "Layout", "Weights"]

FULL = "none"
"""The name of the unquantised weights."""


class Layout(NamedTuple):
    """The files of one export of a model, as onnx-asr looks for them.

    Attributes:
        kind: onnx-asr's name for the export.
        graphs: Patterns of the ONNX files without their ending; the quantisation follows, then `.onnx`. `**/` in
            front means at any depth.
        others: Names of the other files it cannot do without.
    """

    kind: str
    graphs: tuple[str, ...]
    others: tuple[str, ...]

    def patterns(self, quantization: str) -> list[str]:
        """What must be there."""
        suffix = "" if quantization == FULL else f"?{quantization}"
        return [f"{graph}{suffix}.onnx" for graph in self.graphs] + list(self.others)


class Checkpoint(NamedTuple):
    """A model of a family.

    Attributes:
        id: `family:variant`.
        name: For people.
        repo: The hub repository that has its files.
        layouts: How the files may look; the first is what the repository has.
        languages: ISO 639 codes, separated by spaces.
        marks: What `config.json` says of this size of the model, and no other; `tokens`: how many `vocab.txt` has.
    """

    id: str
    name: str
    repo: str
    layouts: tuple[Layout, ...]
    languages: str
    marks: Mapping[str, int] = MappingProxyType({})

    @property
    def variant(self) -> str:
        """The part of the id after the colon; also the name of its folder."""
        return self.id.partition(":")[2]


class Weights(NamedTuple):
    """Files of a model that are complete and can be loaded."""

    folder: Path
    kind: str
    quantization: str | None


class Family:
    """The models of one provider.

    Args:
        name: `parakeet`, say; the variables and folders carry it.
        checkpoints: Its models; the first is its default.
        preferred: Quantisations to look for when the user chose none; the first is what install gets.
        traits: Further ModelInfo fields they share.
        aliases: Other ids → ids of its models.
    """

    def __init__(
        self,
        name: str,
        checkpoints: Sequence[Checkpoint],
        preferred: tuple[str, ...],
        traits: Mapping[str, object],
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.checkpoints = {checkpoint.id: checkpoint for checkpoint in checkpoints}
        self._first = checkpoints[0]
        self._preferred = preferred
        self._traits = traits
        self._aliases = aliases or {}

    def checkpoint(self, model_id: str) -> Checkpoint:
        """The model with this id.

        Raises:
            ProviderError: `model_not_found`, naming ids that look like it.
        """
        found = self.checkpoints.get(self._aliases.get(model_id, model_id))
        if found is None:
            import difflib

            near = difflib.get_close_matches(model_id, self.checkpoints, n=3, cutoff=0.4)
            raise ProviderError(
                f"There is no model {model_id!r}; there are {', '.join(self.checkpoints)}.",
                code="model_not_found",
                nearest=near,
            )
        return found

    def weights(self, checkpoint: Checkpoint) -> Weights:
        """The installed files.

        Raises:
            ProviderError: `model_not_installed`, saying where they were looked for.
        """
        found = self._find(checkpoint)
        if found is None:
            raise ProviderError(
                f"{checkpoint.name} is not installed: {self.folder(checkpoint)} lacks some of "
                f"{', '.join(checkpoint.layouts[0].patterns(self.quantizations()[0]))}. "
                f"Run `vox models install {checkpoint.id}`, or set {self.variable('DIR')} to a folder with the files.",
                code="model_not_installed",
            )
        return found

    def folder(self, checkpoint: Checkpoint) -> Path:
        """Where the model's files are or would go."""
        named = os.environ.get(self.variable("DIR"))
        if not named:
            return models_folder(self.name) / checkpoint.variant
        root = Path(named).expanduser()
        return root if self._belongs(root, checkpoint) else root / checkpoint.variant

    def info(self, checkpoint: Checkpoint, preloaded: bool = False) -> dict[str, object]:
        """The model as a ModelInfo, by a look at the disk."""
        found = self._find(checkpoint)
        runs = all(find_spec(module) for module in ("numpy", "onnxruntime", "onnx_asr", "earshot"))
        info: dict[str, object] = {
            "id": checkpoint.id,
            "name": checkpoint.name,
            "backend": "onnx-asr",
            "installed": found is not None,
            "preloaded": preloaded,
            "available": runs,
            "languages": checkpoint.languages.split(),
            **self._traits,
        }
        if not runs:
            info["remedy"] = "Reinstall Vox, which brings onnx-asr and onnxruntime: pip install voxhost"
        elif found is None:
            info["remedy"] = f"vox models install {checkpoint.id}"
        return info if found is None else {**info, "sizeBytes": _bytes(found, checkpoint)}

    def install(self, call: Call) -> None:
        """Get the files of `call.model_id` from the hub: what is missing, damaged or was interrupted.

        Raises:
            ProviderError: See `Hub.files` and `Download.run`.
        """
        from vox_providers._download import Download
        from vox_providers._hub import Hub, Patience

        checkpoint = self.checkpoint(call.model_id)
        layout, quantization = checkpoint.layouts[0], self.quantizations()[0]
        hub, patience = Hub.from_env(), Patience(call)
        files = _wanted(hub.files(checkpoint.repo, patience), layout.patterns(quantization), checkpoint.repo)
        Download(hub, files, self.folder(checkpoint), call, patience).run()

    def _find(self, checkpoint: Checkpoint) -> Weights | None:
        folder = self.folder(checkpoint)
        for quantization in self.quantizations():
            for layout in checkpoint.layouts:
                if _complete(folder, layout.patterns(quantization)):
                    return Weights(folder, layout.kind, None if quantization == FULL else quantization)
        return None

    def quantizations(self) -> tuple[str, ...]:
        """The precisions to look for, in order.

        Raises:
            ProviderError: The user has chosen one that cannot be.
        """
        variable = self.variable("QUANTIZATION")
        chosen = os.environ.get(variable)
        if chosen and not chosen.replace("-", "").replace("_", "").isalnum():  # it becomes part of a file pattern
            raise ProviderError(f"{variable} must be a suffix such as int8, or {FULL}, not {chosen!r}.")
        return (chosen,) if chosen else self._preferred

    def _belongs(self, root: Path, checkpoint: Checkpoint) -> bool:
        """Whether the folder holds this model's files itself, rather than a folder per variant."""
        if not any((root / layout.others[0]).is_file() for layout in checkpoint.layouts):
            return False
        named = [other for other in self.checkpoints.values() if other.variant in root.name]
        return checkpoint is (max(named, key=lambda other: len(other.variant)) if named else self._first)

    def variable(self, what: str) -> str:
        """The name of one of the family's variables."""
        return f"VOX_{self.name.upper()}_{what}"


def _complete(folder: Path, patterns: list[str]) -> bool:
    return all(any(path.is_file() for path in folder.glob(pattern)) for pattern in patterns)


def _bytes(weights: Weights, checkpoint: Checkpoint) -> int:
    """The size of what is loaded: the files, and the weights a graph keeps beside itself."""
    layout = next(layout for layout in checkpoint.layouts if layout.kind == weights.kind)
    patterns = layout.patterns(weights.quantization or FULL)
    files = {path for pattern in patterns for path in weights.folder.glob(pattern)}
    files |= {path for pattern in patterns for path in weights.folder.glob(_beside(pattern))}
    return sum(file.stat().st_size for file in files if file.is_file())


def _wanted(files: list[RemoteFile], patterns: list[str], repo: str) -> list[RemoteFile]:
    """The files to get, in an order in which an interrupted install never looks complete.

    The weights a graph keeps beside itself come before the graph, and `config.json`, without which no model counts
    as installed, comes last.

    Raises:
        ProviderError: The repository lacks one that is needed.
    """
    for pattern in patterns:
        if not any(_matches(file.path, pattern) for file in files):
            raise ProviderError(f"The repository {repo} has no file {pattern}; is the quantisation one of its own?")
    wanted = [
        file
        for file in files
        if any(_matches(file.path, name) or _matches(file.path, _beside(name)) for name in patterns)
    ]
    return sorted(wanted, key=lambda file: (_turn(PurePosixPath(file.path).name), -file.size))


def _turn(name: str) -> int:
    if name == "config.json":
        return 3
    if name.endswith(".onnx"):
        return 1
    return 0 if ".onnx" in name else 2


def _beside(pattern: str) -> str:
    """Where an ONNX graph of more than 2 GB keeps its weights: `x.onnx.data` or `x.onnx_data`, perhaps numbered."""
    return f"{pattern}?data*" if pattern.endswith(".onnx") else pattern


def _matches(path: str, pattern: str) -> bool:
    name = pattern.removeprefix("**/")
    parts = PurePosixPath(path).parts
    return (len(parts) == 1 or name != pattern) and PurePosixPath(parts[-1]).match(name)
