"""Which model writes English for what is said in another language."""

from vox.errors import Unsupported
from vox.runtime.runtime import Runtime

__all__ = ["FEATURE", "translator"]

FEATURE = "translate"
"""What a model declares that takes the task `translate`. One that does not would answer in the language it hears."""


async def translator(runtime: Runtime, wanted: str | None) -> str | None:
    """The id of the model to ask: the wanted one; where none is, the default one if it can, else the first that can.

    Raises:
        Unsupported: It cannot, or nobody can.
    """
    models, _ = await runtime.registry.models(("asr",))
    known = {info.id for info in models}
    able = [info.id for info in models if FEATURE in info.features and info.installed and info.available]
    if wanted in able or (wanted is not None and wanted not in known):
        return wanted  # of one that is not known the runtime tells what there is instead
    if wanted is None and able:
        usual = await runtime.default_model("asr")
        return usual if usual in able else able[0]
    others = f"Ask for {' or '.join(able[:3])}." if able else "Install one with: vox models install faster-whisper:base"
    told = f"Model {wanted} does not translate." if wanted else "No model here translates into English."
    raise Unsupported(f"{told} {others}", param="model")
