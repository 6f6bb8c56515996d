"""What a user names to be transcribed: looked at before the daemon is asked, so that a typing error costs nothing."""

import contextlib
import json
import os
import stat
import sys
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any

from vox.cli.leaving import left_on_signals
from vox.errors import AudioTooLarge, InvalidRequest, NoInput, PathNotAllowed, UnsupportedAudio
from vox.paths import Home

__all__ = ["STDIN", "check_file", "readable_copy"]

STDIN = "-"
"""The name that stands for standard input."""

_BLOCK = 1 << 20
_MAX_BYTES = 512 << 20  # the daemon's own default for one file; its setting is maxAudioBytes


def check_file(name: str) -> None:
    """See to it that a name is that of a file we may read. Never waits for what it names.

    Raises:
        NoInput: There is nothing, or something that is not a regular file.
        PathNotAllowed: It may not be read.
    """
    try:
        mode = os.stat(name).st_mode
    except PermissionError:
        raise PathNotAllowed(f"{name}: permission denied; make the file readable for you") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise NoInput(f"{name}: {reason}; name an audio file that exists") from None
    if not stat.S_ISREG(mode):
        raise NoInput(f"{name} is {_what(mode)}; name an audio file, or pipe the audio in with -")
    if not os.access(name, os.R_OK):
        raise PathNotAllowed(f"{name}: permission denied; make the file readable for you")


@contextlib.contextmanager
def readable_copy(name: str, home: Home) -> Generator[str]:
    """A path the daemon can open for `name`, for as long as the context lasts.

    That is the file itself, but for standard input, and for a name that is not UTF-8 and so fits no JSON: these are
    copied into the daemon's spool, 0600. The copy goes with the context, and if this program is killed, with the next
    start of the daemon.

    Raises:
        UnsupportedAudio: Standard input holds nothing.
        AudioTooLarge: It holds more than the daemon takes.
    """
    if name != STDIN and _is_utf8(name):
        yield os.path.abspath(name)
        return
    with contextlib.ExitStack() as stack:
        source = _stdin() if name == STDIN else stack.enter_context(open(name, "rb"))
        stack.enter_context(left_on_signals())
        copy = _new_file(home)
        stack.callback(copy.unlink, missing_ok=True)
        with copy.open("wb") as target:
            if not _copy(source, target, _largest(home)) and name == STDIN:
                raise UnsupportedAudio("Standard input is empty; pipe audio into it")
        yield str(copy)


def _what(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _stdin() -> IO[bytes]:
    if sys.stdin.isatty():
        raise InvalidRequest("Standard input is a terminal; pipe audio into it, or name a file")
    return sys.stdin.buffer


def _new_file(home: Home) -> Path:
    import tempfile

    home.spool.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A name as the spool's own files have it, so that the daemon sweeps it too; mkstemp makes it 0600.
    descriptor, name = tempfile.mkstemp(prefix="vox-", suffix=".wav", dir=home.spool)
    os.close(descriptor)
    return Path(name)


def _copy(source: IO[bytes], target: IO[bytes], largest: int) -> int:
    copied = 0
    while block := source.read(_BLOCK):
        copied += len(block)
        if copied > largest:
            raise AudioTooLarge(
                f"The audio has more than the {largest} bytes allowed; split it, or send a compressed format",
                maxBytes=largest,
            )
        target.write(block)
    return copied


def _largest(home: Home) -> int:
    """The daemon's cap, read without loading what checks the whole file: the daemon has done that."""
    with contextlib.suppress(OSError, ValueError):
        settings: Any = json.loads(home.config_json.read_text(encoding="utf-8-sig"))
        if isinstance(settings, dict) and isinstance(settings.get("maxAudioBytes"), int):
            return settings["maxAudioBytes"]
    return _MAX_BYTES
