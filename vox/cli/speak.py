"""`vox speak`: text to speech, heard or kept."""

import sys
from binascii import a2b_base64
from pathlib import Path
from typing import Any

import click

from vox.cli.destination import check_target, new_file, write_file
from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output
from vox.errors import InvalidRequest

__all__ = ["command"]

STDIN = STDOUT = "-"

_FORMATS = ("wav", "flac", "ogg", "mp3", "opus", "pcm")
_MAX_TEXT_BYTES = 4_000_000  # a million characters, the daemon's own bound, in the longest encoding

_EPILOG = """\b
Examples:
  vox speak "Good morning."
  vox speak --voice en-US --speed 1.2 "A little faster."
  vox speak "Keep this." --out greeting.mp3
  cat letter.txt | vox speak -
  vox speak "Into a pipe." --out - | ffplay -

\b
Exit status: 0 spoken, 64 wrong use, 66 no such model or voice, 69 no daemon,
70 the provider failed, 75 busy, 77 not allowed.
"""


@click.command("speak", short_help="Speak a text.", epilog=_EPILOG)
@click.argument("text", nargs=-1, metavar="TEXT|-")
@click.option("--model", metavar="ID", help="Model; see `vox models`. Default: the first that is installed.")
@click.option("--voice", metavar="ID", help="Voice of the model; see `vox voices`.")
@click.option("--speed", type=click.FloatRange(0.25, 4), metavar="X", help="0.25 to 4; 1 is the voice's own.")
@click.option("--format", "format_", type=click.Choice(_FORMATS), help="Format of the file. Default: by its name, wav.")
@click.option("--out", metavar="FILE|-", help="Write to this file, or to stdout, instead of playing.")
@click.option("--no-play", is_flag=True, help="Write a file instead of playing.")
@json_option
@no_start_option
@click.pass_obj
def command(
    output: Output,
    text: tuple[str, ...],
    model: str | None,
    voice: str | None,
    speed: float | None,
    format_: str | None,
    out: str | None,
    no_play: bool,
    start: bool,
) -> None:
    """Speak TEXT, or with - what comes on standard input.

    It is played when there is a sound device. Otherwise, and with --no-play, --format or --out, it is written to a
    file, and the place is told on stderr.
    """
    words = _words(text)
    shape = format_ or _format_by_name(out)
    target = _target(output, out)
    with open_client(output, start) as client:
        output.status("Speaking")
        wanted = {"text": words, "modelId": model, "voiceId": voice, "speed": speed, "format": shape}
        answer = client.call("synthesize.generate", wanted)
    audio = a2b_base64(answer.pop("audioBase64"))
    play = not (out or no_play or format_)
    told = _deliver(output, answer, audio, target, to_stdout=out == STDOUT, play=play)
    if output.json and out != STDOUT:
        output.object({**answer, **told})


def _words(text: tuple[str, ...]) -> str:
    """The text of the arguments, or of standard input; bytes that are no UTF-8 become replacement characters.

    Raises:
        InvalidRequest: There is none, or too much.
    """
    if text not in ((), (STDIN,)):
        return " ".join(text).encode("utf-8", "replace").decode("utf-8")
    if sys.stdin.isatty():
        raise InvalidRequest("There is no text to speak; give it as an argument, or pipe it in")
    data = sys.stdin.buffer.read(_MAX_TEXT_BYTES + 1)
    if len(data) > _MAX_TEXT_BYTES:
        raise InvalidRequest(f"The text has more than {_MAX_TEXT_BYTES} bytes; split it")
    return data.decode("utf-8", "replace")


def _format_by_name(out: str | None) -> str:
    suffix = Path(out or "").suffix.lstrip(".").lower()
    return suffix if suffix in _FORMATS else "wav"


def _target(output: Output, out: str | None) -> Path | None:
    """The file named by the user, checked before anything is made for it."""
    if out == STDOUT:
        if sys.stdout.isatty():
            raise InvalidRequest("Audio would not be readable on a terminal; pipe it, or name a file with --out")
        return None
    if out is None:
        return None
    check_target(Path(out))
    return Path(out)


def _deliver(
    output: Output, answer: dict[str, Any], audio: bytes, target: Path | None, *, to_stdout: bool, play: bool
) -> dict[str, Any]:
    """Play or write. Returns what became of it: `{played, path}`."""
    if to_stdout:
        sys.stdout.buffer.write(audio)
        sys.stdout.buffer.flush()
        return {"played": False, "path": None}
    if target is not None:
        write_file(target, audio)
    elif play and _play(output, audio):
        output.note(f"played: {answer['voiceId']} via {answer['modelId']}")
        return {"played": True, "path": None}
    else:
        target = _keep(audio, answer["format"])
    output.note(f"wrote: {target}")
    return {"played": False, "path": str(target)}


def _play(output: Output, audio: bytes) -> bool:
    """Play a WAV, if there is something to play it on; else say why not."""
    from vox.audio.playback import NoDeviceError, play

    try:
        play(audio)
    except NoDeviceError as error:
        output.note(f"not played: {error}")
        return False
    return True


def _keep(audio: bytes, format: str) -> Path:
    """Write to a new file here, or in the temporary folder when this one cannot be written."""
    try:
        return new_file(Path(), "speech", format, audio)
    except OSError:
        import tempfile

        return new_file(Path(tempfile.mkdtemp(prefix="vox-")), "speech", format, audio)
