"""A larger set of recordings for `vox bench`: the telephone prompts of Asterisk, from two packages of Debian.

    apt-get install --no-install-recommends asterisk-core-sounds-en-g722 asterisk-core-sounds-en
    python -m benchmarks.prompts DIR
    vox bench --all --data DIR

One studio voice, CC-BY-SA 3.0. Prompts of eight words and more are taken, eighty at most, as 16 kHz WAV files with a
transcripts.tsv. Needs the extra `av`.
"""

import argparse
import gzip
import re
import wave
from collections.abc import Iterator
from pathlib import Path

from vox.bench.recordings import TABLE

__all__ = ["PACKAGES", "make_set"]

PACKAGES = ("asterisk-core-sounds-en-g722", "asterisk-core-sounds-en")
"""Debian's: the recordings, and their texts."""

_SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
_TEXTS = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
_LEAST_WORDS, _MOST_PROMPTS = 8, 80
_RATE = 16_000  # Hz, of G.722
_LINE = re.compile(r"([\w/-]+): (.+)")


def make_set(folder: Path, sounds: Path = _SOUNDS, texts: Path = _TEXTS) -> int:
    """Fill a folder. Returns how many recordings it has.

    Raises:
        FileNotFoundError: The packages are not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["path\ttranscript"]
    for name, text in _prompts(texts):
        source = sounds / f"{name}.g722"
        if source.is_file() and len(rows) <= _MOST_PROMPTS:
            target = f"{name.replace('/', '-')}.wav"
            _convert(source, folder / target)
            rows.append(f"{target}\t{text}")
    (folder / TABLE).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return len(rows) - 1


def _prompts(texts: Path) -> Iterator[tuple[str, str]]:
    """Name and text of those that are spoken sentences."""
    for line in gzip.decompress(texts.read_bytes()).decode("utf-8").splitlines():
        found = _LINE.fullmatch(line.strip())
        if found and "[" not in found[2] and len(found[2].split()) >= _LEAST_WORDS:
            yield found[1], " ".join(found[2].split())


def _convert(source: Path, target: Path) -> None:
    import av

    with av.open(str(source), format="g722") as container, wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        for frame in container.decode(audio=0):
            file.writeframes(frame.to_ndarray().tobytes())


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder = parser.parse_args().folder
    try:
        print(f"{make_set(folder)} recordings in {folder}")
    except FileNotFoundError as error:
        print(f"{error.filename} is not there: apt-get install --no-install-recommends {' '.join(PACKAGES)}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
