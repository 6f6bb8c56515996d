"""`vox speak`: text to speech, heard or kept."""

import json
import sys
from binascii import a2b_base64
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vox.cli.destination import check_target
from vox.cli.options import json_option, max_wait_option, no_start_option, open_client, turn_params
from vox.cli.output import Output
from vox.cli.sinks import Device, NamedFile, NewFile, Sink, Stdout
from vox.cli.verbs import Verbs
from vox.errors import InvalidRequest

if TYPE_CHECKING:
    from vox.client import Client

__all__ = ["aloud_command", "command"]

STDIN = STDOUT = "-"

_FORMATS = ("wav", "flac", "ogg", "mp3", "opus", "pcm")
_STREAMED = {
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}  # can be written while the speech is made; the content type of each
_WAV_HEADER = 44  # bytes
_MAX_TEXT_BYTES = 4_000_000  # a million characters, the daemon's own bound, in the longest encoding

_EPILOG = """\b
Examples:
  vox speak aloud "Good morning."
  vox speak --voice en-US --speed 1.2 "A little faster."
  vox speak "Keep this." --out greeting.mp3
  cat letter.txt | vox speak -
  vox speak "Into a pipe." --out - | ffplay -
  tail -f messages.txt | vox speak --lines
  llm "Tell me a story." | vox speak --sentences

\b
Exit status: 0 spoken, 64 wrong use, 66 no such model or voice, 69 no daemon,
70 the provider failed, 75 busy, 77 not allowed.
"""


command = Verbs(
    "speak",
    {"aloud": "vox.cli.speak:aloud_command", "bench": "vox.cli.repeat:speak_command"},
    bare=True,  # the text may come on standard input
    short_help="Speak a text.",
    help="Speak a text, or measure how fast that goes. Without a command: aloud.",
    epilog='\b\nExamples:\n  vox speak "Good morning."\n  vox speak "Keep this." --out greeting.mp3',
)


@click.command("aloud", short_help="Speak a text.", epilog=_EPILOG)
@click.argument("text", nargs=-1, metavar="TEXT|-")
@click.option("--model", metavar="ID", help="Model; see `vox models`. Default: the first that is installed.")
@click.option("--voice", metavar="ID", help="Voice of the model; see `vox voices`.")
@click.option("--speed", type=click.FloatRange(0.25, 4), metavar="X", help="0.25 to 4; 1 is the voice's own.")
@click.option("--volume", type=click.FloatRange(0, 2), default=1.0, metavar="X", help="0 to 2 when it is played.")
@click.option("--lines", is_flag=True, help="Each argument, or each line of standard input, is a text of its own.")
@click.option("--sentences", is_flag=True, help="Speak each sentence of standard input as soon as it has come.")
@click.option("--format", "format_", type=click.Choice(_FORMATS), help="Format of the file. Default: by its name, wav.")
@click.option("--out", metavar="FILE|-", help="Write to this file, or to stdout, instead of playing.")
@click.option("--no-play", is_flag=True, help="Write a file instead of playing.")
@max_wait_option
@json_option
@no_start_option
@click.pass_obj
def aloud_command(
    output: Output,
    text: tuple[str, ...],
    model: str | None,
    voice: str | None,
    speed: float | None,
    volume: float,
    lines: bool,
    sentences: bool,
    format_: str | None,
    out: str | None,
    no_play: bool,
    max_wait: float | None,
    start: bool,
) -> None:
    """Speak TEXT, or with - what comes on standard input.

    It is played when there is a sound device, from the first sentence on while the rest is made. Otherwise, and with
    --no-play, --format or --out, it is written to a file, and the place is told on stderr. With --out - wav and pcm are
    written as they are made. Ctrl-C silences it at once and ends what is being made.

    With --lines one text is made while the one before it is heard, and they follow each other without a pause; a line
    is spoken as soon as it has come. So is a sentence with --sentences, for programs that write their lines word by
    word. What is played here, agents are not told.
    """
    several = lines or sentences
    texts = _texts(text, lines=lines, sentences=sentences)
    shape = format_ or _format_by_name(out)
    if several and shape not in _STREAMED:
        raise InvalidRequest(f"Several texts can be put together as wav or pcm, not as {shape}")
    sink = _sink(output, out, _target(output, out), shape, volume if not (no_play or format_) else None)
    wanted = {"modelId": model, "voiceId": voice, "speed": speed, "format": shape, **turn_params(output, max_wait)}
    try:
        with open_client(output, start) as client:
            answer = _speak_each(client, texts, wanted, sink, output, several=several)
        if not answer:
            sink.abort()
            return
        path = sink.finish()
    except BaseException:
        sink.abort()
        raise
    if path is not None:
        output.note(f"wrote: {path}")
    elif out is None:
        output.note(f"played: {answer['voiceId']} via {answer['modelId']}")
    if output.json and out != STDOUT and not several:
        output.object({**answer, "played": path is None, "path": path})


def _speak_each(
    client: "Client", texts: Iterator[str], wanted: dict[str, Any], sink: Sink, output: Output, *, several: bool
) -> dict[str, Any]:
    """Speak one text after the other. Returns the answer to the last."""
    answer: dict[str, Any] = {}
    for text in texts:
        show = output.follow("Speaking")
        try:
            speak = _stream if wanted["format"] in _STREAMED else _fetch
            answer = speak(client, {**wanted, "text": text}, sink, show, more=several)
        except InvalidRequest as error:
            if not several:
                raise
            output.note(f"not spoken: {error.message}")  # a line of nothing but dots; the next may be another matter
            continue
        if several and output.json and not isinstance(sink, Stdout):
            output.line(json.dumps(answer, ensure_ascii=False))
        sink.wait_for_room()
    return answer


def _texts(text: tuple[str, ...], *, lines: bool, sentences: bool) -> Iterator[str]:
    """What to speak, one after the other.

    Raises:
        InvalidRequest: There is nothing, or too much.
    """
    if lines and sentences:
        raise InvalidRequest("Texts are lines or sentences: give one of --lines and --sentences")
    if lines:
        return _lines(text)
    if sentences and text in ((), (STDIN,)):
        from vox.cli.sentences import arriving_sentences

        return arriving_sentences(sys.stdin.fileno())
    words = _words(text)
    return iter([words] if words.strip() or text else [])  # a tool before us in a pipe may have nothing to say


def _lines(text: tuple[str, ...]) -> Iterator[str]:
    """The texts of the arguments, or of the lines of standard input as they come; blank ones are left out."""
    if text not in ((), (STDIN,)):
        yield from (words for words in text if words.strip())
        return
    while data := sys.stdin.buffer.readline(_MAX_TEXT_BYTES):
        if words := data.decode("utf-8", "replace").strip():
            yield words


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


def _sink(output: Output, out: str | None, target: Path | None, shape: str, volume: float | None) -> Sink:
    """Where the speech goes; it is played, at a volume, when it is not to be kept and there is one."""
    if out == STDOUT:
        return Stdout(shape)
    if target is not None:
        return NamedFile(target, shape)
    return Device(output, volume) if volume is not None else NewFile(shape)


def _stream(
    client: "Client", wanted: dict[str, Any], sink: Sink, show: Callable[[str, dict[str, Any]], None], *, more: bool
) -> dict[str, Any]:
    """Hand the speech on while it is made; `more` may follow it. Returns the answer as if the daemon had made the
    format."""
    shape = wanted["format"]
    with closing(client.follow("synthesize.generate", {**wanted, "format": "pcm", "stream": True})) as events:
        answer, size = _hear(events, sink, show, more=more)
    size += _WAV_HEADER if shape == "wav" else 0
    return {**answer, "format": shape, "contentType": _STREAMED[shape], "audioBytes": size}


def _hear(
    events: "Generator[tuple[str, dict[str, Any]], None, dict[str, Any]]",
    sink: Sink,
    show: Callable[[str, dict[str, Any]], None],
    *,
    more: bool,
) -> tuple[dict[str, Any], int]:
    size = 0
    while True:
        try:
            event, data = next(events)
        except StopIteration as end:
            return end.value, size
        if event == "synthesize.audio":
            samples = a2b_base64(data["audioBase64"])
            size += len(samples)
            sink.write(samples, data["sampleRate"], whole=data["whole"] and not more)
        else:
            show(event, data)


def _fetch(
    client: "Client", wanted: dict[str, Any], sink: Sink, show: Callable[[str, dict[str, Any]], None], *, more: bool
) -> dict[str, Any]:
    """Speech in a format that is made in one piece, behind which nothing can come."""
    assert not more
    answer = client.call("synthesize.generate", wanted, show)
    sink.write(a2b_base64(answer.pop("audioBase64")), 0, whole=True)
    return answer
