"""Sentences of standard input, as soon as they have come: language models write a line word by word."""

import codecs
import os
import threading
from collections.abc import Iterator
from queue import Empty, Queue

from vox.runtime.agent.sentences import Sentences

__all__ = ["arriving_sentences"]

_PATIENCE_S = 1.0  # for the rest of a sentence, before what there is of it is spoken
_BLOCK = 4096  # bytes; whoever writes faster waits for what was written to be spoken
_UNREAD = 16  # blocks


def arriving_sentences(descriptor: int, patience_s: float = _PATIENCE_S) -> Iterator[str]:
    """Pieces of what is read there, each fit to be spoken by itself.

    Args:
        patience_s: Seconds to wait for the rest of a sentence.
    """
    blocks = Queue[bytes](_UNREAD)
    threading.Thread(target=_read, args=(descriptor, blocks), daemon=True, name="vox-stdin").start()
    decoder, text = codecs.getincrementaldecoder("utf-8")("replace"), Sentences()
    waits = False
    while True:
        try:
            block = blocks.get(timeout=patience_s if text.waiting and not waits else None)
        except Empty:
            waits = True  # and no piece of what is left would make sense alone
            yield from _spoken(text.pause())
            continue
        waits = False
        yield from _spoken(text.feed(decoder.decode(block, final=not block)))
        if not block:
            yield from _spoken(text.flush())
            return


def _read(descriptor: int, blocks: "Queue[bytes]") -> None:
    while True:
        try:
            block = os.read(descriptor, _BLOCK)
        except OSError:  # it was taken away
            block = b""
        blocks.put(block)
        if not block:
            return


def _spoken(pieces: "Iterator[str] | list[str]") -> Iterator[str]:
    yield from (piece.strip() for piece in pieces if piece.strip())
