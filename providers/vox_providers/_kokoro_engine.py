"""Kokoro in memory: phonemes and a voice to 16-bit samples.

The two exports in use name the tokens `tokens` or `input_ids`; else they are alike: a style of [1, 256] chosen by the
number of tokens, a speed of [1], and samples at 24 kHz.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from vox.provider import Call
from vox_providers import _onnx_session
from vox_providers._aloud import read_aloud, to_pcm
from vox_providers._kokoro_alphabet import NUMBERS
from vox_providers._kokoro_pack import Pack, VoiceFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Style = npt.NDArray[np.float32]

__all__ = ["RATE", "Kokoro"]

RATE = 24_000
"""Samples per second of everything here."""

_LONGEST_SENTENCE = 300  # characters: memory and the time to the first sound grow with the length
_FIRST_PIECE = 70  # characters: what is heard of them covers the making of the next piece
_ROWS, _WIDTH = 510, 256  # of a voice


class Kokoro:
    """The loaded model; voices are read when they are first used.

    Args:
        pack: Its files.

    Raises:
        Exception: onnxruntime's own, when the files are damaged.
    """

    def __init__(self, pack: Pack) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _onnx_session.threads()
        options.inter_op_num_threads = 1
        # Every sentence has another length: a plan of memory for each is kept, and none is used again.
        options.enable_mem_pattern = False
        self._session: Any = _onnx_session.on_best(
            onnxruntime.get_available_providers(),
            lambda providers: onnxruntime.InferenceSession(str(pack.graph), options, providers=providers),
        )
        names = {one.name for one in self._session.get_inputs()}
        self._tokens = "input_ids" if "input_ids" in names else "tokens"
        self._styles: dict[str, Style] = {}

    def speak(
        self, call: Call, text: str, voice: VoiceFile, speed: float, phonemes: Callable[[str], list[str]]
    ) -> Iterator[bytes]:
        """16-bit PCM of a text, a sentence at a time; nothing when it has no sound.

        Raises:
            ProviderError: The call was cancelled, or the speech is too long.
        """
        style = self._style(voice)
        return read_aloud(
            call,
            text,
            rate=RATE,
            speed=speed,
            longest=_LONGEST_SENTENCE,
            first=_FIRST_PIECE,
            phonemes=phonemes,
            say=lambda piece: self._say(piece, style, speed),
        )

    def _say(self, phonemes: str, style: "Style", speed: float) -> bytes:
        import numpy as np

        numbers = [NUMBERS[sign] for sign in phonemes if sign in NUMBERS][:_ROWS]
        if not numbers:
            return b""
        inputs = {
            self._tokens: np.array([[0, *numbers, 0]], np.int64),
            "style": style[len(numbers) - 1],
            "speed": np.array([speed], np.float32),
        }
        return to_pcm(np.asarray(self._session.run(None, inputs)[0], np.float32).ravel(), RATE, "Kokoro")

    def _style(self, voice: VoiceFile) -> "Style":
        import numpy as np

        if voice.id not in self._styles:
            if voice.packed:
                with np.load(voice.path) as archive:
                    rows = archive[voice.id].astype(np.float32)
            else:
                rows = np.fromfile(voice.path, "<f4")
            self._styles[voice.id] = rows.reshape(_ROWS, 1, _WIDTH)
        return self._styles[voice.id]
