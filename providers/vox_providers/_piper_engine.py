"""One Piper voice in memory. Imports piper-tts, which is GPL-3: only this provider's process does."""

from typing import Any

from vox_providers import _onnx_session
from vox_providers._aloud import to_pcm
from vox_providers._piper_voices import Voice, voices_folder

__all__ = ["load", "say"]


def load(voice: Voice) -> Any:
    """Piper's own object for the voice, computing where and with as many threads as the settings say.

    Raises:
        Exception: Piper's or onnxruntime's own, when the files are damaged.
    """
    import onnxruntime
    from piper import PiperVoice  # pyright: ignore[reportMissingImports]
    from piper.config import PiperConfig  # pyright: ignore[reportMissingImports]

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _onnx_session.threads()
    options.inter_op_num_threads = 1
    session = _onnx_session.on_best(
        onnxruntime.get_available_providers(),
        lambda providers: onnxruntime.InferenceSession(str(voice.path), options, providers=providers),
    )
    # A few languages need dictionaries, which Piper would put into the working folder.
    return PiperVoice(session=session, config=PiperConfig.from_dict(voice.settings), download_dir=voices_folder())


def say(engine: Any, sentence: str, speed: float, speaker: int | None) -> bytes:
    """16-bit PCM of a sentence without the silence around it; nothing when it has no sound.

    Raises:
        ProviderError: The model computed something that is not sound.
    """
    import numpy as np
    from piper.config import SynthesisConfig  # pyright: ignore[reportMissingImports]

    config = engine.config
    wish = SynthesisConfig(speaker_id=speaker, length_scale=config.length_scale / speed)
    # "[[" begins phonemes in Piper's own notation; in a text it is two brackets.
    chunks = [chunk.audio_float_array for chunk in engine.synthesize(sentence.replace("[[", "[ ["), wish)]
    return to_pcm(np.concatenate(chunks), config.sample_rate, "Piper") if chunks else b""
