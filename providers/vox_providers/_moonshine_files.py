"""Where the weights of Moonshine are on this computer. Imports next to nothing: this is read at every start of Vox."""

import os

from vox.provider import Call, ProviderError

__all__ = ["FILES", "MISSING", "MODEL", "check_model", "find_folder", "is_whole", "own_folder", "require"]

MODEL = "moonshine:tiny-en"
"""The only model here: the tiny English weights."""

FILES = ("encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin")
"""The weights."""

MISSING = (
    "The weights of moonshine:tiny-en are not installed. They are inside the package moonshine-voice: run "
    "`python -m pip install moonshine-voice==0.1.0` with the Python that runs Vox, or install Vox with its extra "
    "`local`. Where it has no wheel, unpack the wheel of another system: its folder assets/tiny-en has the three files "
    "that `vox models import FOLDER` wants."
)
"""What to do without them."""


def check_model(call: Call) -> None:
    """Nothing, for a call of the one model.

    Raises:
        ProviderError: `model_not_found`, for another.
    """
    if call.model_id != MODEL:
        raise ProviderError(f"This provider serves {MODEL}, not {call.model_id!r}.", code="model_not_found")


def require(call: Call) -> str:
    """The folder of the weights.

    Raises:
        ProviderError: `model_not_found` for another model than ours, `model_not_installed` without weights.
    """
    check_model(call)
    folder = find_folder()
    if folder is None:
        raise ProviderError(MISSING, code="model_not_installed")
    return folder


def find_folder() -> str | None:
    """Where all weights are: in the package's folder, which is looked up without importing it, or in our own."""
    from importlib.machinery import PathFinder

    found = PathFinder.find_spec("moonshine_voice")
    places = [os.path.join(place, "assets", "tiny-en") for place in (found and found.submodule_search_locations) or ()]
    return next((place for place in (*places, own_folder()) if is_whole(place)), None)


def own_folder() -> str:
    """Where they go when they do not come with the package: `moonshine-tiny-en` in the folder of all models."""
    home = os.environ.get("VOX_HOME") or os.path.expanduser("~/.vox")
    return os.path.join(os.environ.get("VOX_MODELS") or os.path.join(home, "models"), "moonshine-tiny-en")


def is_whole(folder: str) -> bool:
    """Whether all three are there."""
    return all(os.path.isfile(os.path.join(folder, name)) for name in FILES)
