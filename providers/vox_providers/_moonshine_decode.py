"""Moonshine tiny-en on stock onnxruntime: a waveform in, tokens with their log-probabilities out.

Facts of the two graphs, read from the files: the encoder takes 16 kHz samples and a mask of the same length and gives
one state per 24 ms; the merged decoder wants that *sample* mask again as `encoder_attention_mask`, keeps 6 layers of
8 heads of 36 values as its past, starts from token 1 and ends with token 2.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

__all__ = ["BEGIN", "Decoded", "Moonshine", "open_session", "read_vocabulary", "sounds_like_speech", "without_loop"]

BEGIN, END = 1, 2
_RATE = 16000
_TOKENS_PER_SECOND, _SPARE_TOKENS = 10, 4  # hurried speech has 8; only a decoder in a loop has more
_SHORTEST = 1600  # samples: the encoder's convolutions need some input, and 0.1 s is enough for them
_LEAST_LOGPROB = -0.6  # mean per token: speech lies above -0.3, words invented on noise below -0.63
_LEAST_TOKENS_PER_SECOND = 1.0  # of voice: speech has 2 to 8
_LEAST_WHEN_DOUBTFUL = -0.2  # clear speech lies above -0.16; so do few inventions
_ENDED_EARLY = 2.0  # tokens per second of voice: unsure and below it, the model has ended in the midst of speech
_SHIFT = 1600  # samples of silence behind them: another mask is another way through the model
_LOOP_TOKENS, _LOOP_SHARE = 6, 0.6  # that many tokens, most of them the same one: a loop, not a sentence
_PHRASE_TOKENS, _PHRASE_TIMES = 20, 3  # a phrase up to that long, that often in a row, is a loop
_BYTE = re.compile(rb"<0x([0-9A-F]{2})>")
_MARKS = (b"<s>", b"</s>", b"<unk>")
_TOKENS_PER_CHECK = 8  # some 40 ms between two looks whether the caller still waits


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder said about one piece.

    Attributes:
        tokens: Token numbers without begin and end marks.
        logprobs: One natural logarithm per token, and one more for the end mark when it was reached.
        states: The encoder's output, float32 [1, frames, 288].
        samples: Length of the audio, for the decoder's mask.
        looped: It ends with a phrase again and again. Where the decoder found no end to it, it is kept once.
    """

    tokens: list[int]
    logprobs: list[float]
    states: "Floats"
    samples: int
    looped: bool = False


class Moonshine:
    """The loaded model.

    Args:
        folder: Holds `encoder_model.ort`, `decoder_model_merged.ort` and `tokenizer.bin`.
        threads: Threads of the encoder. The decoder's steps are too small to share: more threads only slow it down.

    Raises:
        OSError: A file cannot be read.
        ValueError: A file is not what its name says.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self._vocabulary = read_vocabulary((folder / "tokenizer.bin").read_bytes())
        self._encoder = open_session(folder / "encoder_model.ort", threads)
        self._decoder = open_session(folder / "decoder_model_merged.ort", threads=1)
        self._past = [
            (given.name, tuple(size if isinstance(size, int) else int(at == 0) for at, size in enumerate(given.shape)))
            for given in self._decoder.get_inputs()
            if given.name.startswith("past_key_values")
        ]

    def hear(self, samples: "Floats", voiced_s: float, checkpoint: Callable[[], None]) -> "tuple[str, Decoded] | None":
        """The words in a piece, and where they come from; None when what comes out does not sound like speech.

        Now and then the model ends clear speech after one wrong word. Such a piece is decoded again with a little
        silence behind it, and counts if the model is then sure: of what it makes of noise it never is.

        Args:
            samples: As for `decode`.
            voiced_s: How long the detector heard a voice in them.
            checkpoint: As for `decode`.
        """
        import numpy as np

        decoded = self.decode(samples, checkpoint)
        text = self.text(decoded.tokens)
        if sounds_like_speech(text, decoded, voiced_s):
            return text, decoded
        if decoded.looped or len(decoded.tokens) > _ENDED_EARLY * voiced_s:
            return None
        again = self.decode(np.pad(samples, (0, _SHIFT)), checkpoint)
        text = self.text(again.tokens)
        sure = not again.looped and sum(again.logprobs) / len(again.logprobs) > _LEAST_WHEN_DOUBTFUL
        return (text, again) if sure and sounds_like_speech(text, again, voiced_s) else None

    def decode(self, samples: "Floats", checkpoint: Callable[[], None]) -> Decoded:
        """Recognise `samples` (16 kHz, at most about 30 s).

        `checkpoint` is called every few tokens; what it raises passes through.
        """
        import numpy as np

        if len(samples) < _SHORTEST:
            samples = np.pad(samples, (0, _SHORTEST - len(samples)))
        mask = np.ones((1, len(samples)), np.int64)
        states = self._encoder.run(None, {"input_values": samples[None], "attention_mask": mask})[0]
        most = int(len(samples) / _RATE * _TOKENS_PER_SECOND) + _SPARE_TOKENS
        tokens, logprobs = self._follow(states, mask, most, checkpoint)
        once = without_loop(tokens)
        looped = len(once) < len(tokens)
        if looped and len(logprobs) == len(tokens):  # no end mark: the loop is the decoder's, not the speaker's
            tokens, logprobs = once, logprobs[: len(once)]
        return Decoded(tokens, logprobs, states, len(samples), looped)

    def text(self, tokens: list[int]) -> str:
        """The words that `tokens` spell."""
        return b"".join(self.spelling(token) for token in tokens).decode("utf-8", "replace").replace("▁", " ").strip()

    def spelling(self, token: int) -> bytes:
        """UTF-8 of one token; a word begins with `▁`; marks spell nothing."""
        raw = self._vocabulary[token]
        byte = _BYTE.fullmatch(raw)
        if byte:
            return bytes([int(byte[1], 16)])
        return b"" if raw in _MARKS else raw

    def _follow(
        self, states: "Floats", mask: Any, most: int, checkpoint: Callable[[], None]
    ) -> tuple[list[int], list[float]]:
        """The likeliest token after another, until the end mark or `most` tokens."""
        import numpy as np

        given: dict[str, Any] = {name: np.zeros(shape, np.float32) for name, shape in self._past}
        given |= {"encoder_attention_mask": mask, "encoder_hidden_states": states}
        tokens: list[int] = []
        logprobs: list[float] = []
        last = BEGIN
        while len(tokens) < most:
            if len(tokens) % _TOKENS_PER_CHECK == 0:
                checkpoint()
            given |= {"input_ids": np.array([[last]], np.int64), "use_cache_branch": np.array([bool(tokens)])}
            logits, *present = self._decoder.run(None, given)
            last, logprob = _best(logits[0, -1])
            logprobs.append(logprob)
            if last == END:
                return tokens, logprobs
            for (name, _), value in zip(self._past, present, strict=True):
                # The encoder's part is computed by the first step alone and comes back empty from the others.
                if not tokens or ".decoder." in name:
                    given[name] = value
            tokens.append(last)
        return tokens, logprobs


def sounds_like_speech(text: str, decoded: Decoded, voiced_s: float) -> bool:
    """False for what the model makes up on noise, hum and music: unsure words, note signs, one token over and over.

    `voiced_s` is how long the detector heard a voice. Few words for much of it, and words in a loop, must be surer.
    """
    if not any(letter.isalnum() for letter in text):
        return False
    tokens = len(decoded.tokens)
    doubtful = decoded.looped or tokens < _LEAST_TOKENS_PER_SECOND * voiced_s
    logprobs = decoded.logprobs[: len(without_loop(decoded.tokens)) + 1]  # a loop grows surer with every turn
    if sum(logprobs) / len(logprobs) < (_LEAST_WHEN_DOUBTFUL if doubtful else _LEAST_LOGPROB):
        return False
    commonest = Counter(decoded.tokens).most_common(1)[0][1]
    return not (tokens >= _LOOP_TOKENS and commonest >= _LOOP_SHARE * tokens)


def without_loop(tokens: list[int]) -> list[int]:
    """`tokens` with a phrase that repeats up to the last token kept once."""
    for length in range(1, _PHRASE_TOKENS + 1):
        start = len(tokens) - length
        while start > 0 and tokens[start - 1] == tokens[start - 1 + length]:
            start -= 1
        if len(tokens) - start >= length * _PHRASE_TIMES:
            return tokens[: start + length]
    return tokens


def open_session(path: Path, threads: int) -> Any:
    """An onnxruntime session on the CPU that keeps to `threads`, and to no processor while it waits.

    Raises:
        ValueError: The file is no model that onnxruntime can run.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as problem:  # onnxruntime's errors have no base of their own
        raise ValueError(f"{path} is no model that onnxruntime can run: {problem}") from problem


def read_vocabulary(data: bytes) -> list[bytes]:
    """Tokens of a `tokenizer.bin`: each a length (one byte, or two from 128 on, low seven bits first) and its bytes.

    Raises:
        ValueError: It ends within a token.
    """
    tokens: list[bytes] = []
    file = BytesIO(data)
    while head := file.read(1):
        length = head[0] if head[0] < 128 else head[0] - 128 + 128 * int.from_bytes(file.read(1))
        tokens.append(file.read(length))
        if len(tokens[-1]) < length:
            raise ValueError("The list of tokens is cut off.")
    return tokens


def _best(logits: "Floats") -> tuple[int, float]:
    """The likeliest token and its log-probability."""
    import numpy as np

    token = int(logits.argmax())
    return token, -float(np.log(np.exp(logits - logits[token]).sum()))
