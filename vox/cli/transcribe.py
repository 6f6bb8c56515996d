"""`vox transcribe`: audio files, or standard input, to text."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vox.cli.destination import check_target, write_file
from vox.cli.inputs import STDIN, check_file, readable_copy
from vox.cli.options import json_option, max_wait_option, no_start_option, open_client, turn_params
from vox.cli.output import NOT_FOUND, Output
from vox.cli.transcript import FORMATS, metrics_lines, render
from vox.cli.verbs import Verbs
from vox.errors import InvalidRequest, VoxError

if TYPE_CHECKING:
    from vox.client import Client

__all__ = ["command", "file_command"]

_SUFFIXES = {"text": ".txt", "json": ".json", "verbose_json": ".json", "srt": ".srt", "vtt": ".vtt"}
_FORMATS_BY_SUFFIX = {".txt": "text", ".json": "json", ".srt": "srt", ".vtt": "vtt"}
_TIMED = ("verbose_json", "srt", "vtt")  # these are made from word timings

_EPILOG = """\b
Examples:
  vox transcribe talk.mp3
  vox transcribe file --words --metrics talk.wav
  vox transcribe --format srt --out talk.srt talk.m4a
  vox transcribe --out texts/ *.wav
  ffmpeg -i film.mkv -f wav - | vox transcribe -
  vox transcribe | tool | vox speak
  vox transcribe --follow | tool | vox speak --lines

\b
Exit status: 0 text was found, 1 there is no speech, 64 wrong use, 65 not
audio, 66 no such file or model, 69 no daemon, 70 the provider failed,
75 busy, 77 not allowed. With several files: that of the first that failed.
"""


command = Verbs(
    "transcribe",
    {
        "file": "vox.cli.transcribe:file_command",
        "live": "vox.cli.live:live_command",
        "status": "vox.cli.live:status_command",
        "stop": "vox.cli.live:stop_command",
        "cancel": "vox.cli.live:cancel_command",
        "bench": "vox.cli.repeat:transcribe_command",
    },
    bare=True,  # then it listens
    short_help="Recognise speech, in audio files or live.",
    help="Recognise speech: in files, or live. Without a command: file, or without a file what is said, as a line.",
    epilog="\b\nExamples:\n  vox transcribe talk.mp3\n  vox transcribe live\n  vox transcribe | tool | vox speak",
)


@click.command("file", short_help="Recognise the speech in audio files.", epilog=_EPILOG)
@click.argument("files", nargs=-1, metavar="[FILE...|-]")
@click.option("--model", metavar="ID", help="Model; see `vox models`. Default: the first that is installed.")
@click.option("--language", metavar="TAG", help="Language spoken, as in en or pt-BR, for models that ask.")
@click.option("--words", is_flag=True, help="Show when each word is spoken.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="Form of the text. Default: text.")
@click.option("--metrics", is_flag=True, help="Tell on stderr where the time went.")
@click.option("--partials", is_flag=True, help="Show on stderr what is recognised so far.")
@click.option("--out", metavar="PATH", help="Write to this file, or into this folder.")
@click.option("--follow", is_flag=True, help="Without FILE: a line for each utterance, until Ctrl-C.")
@click.option("--auto-submit", is_flag=True, help="Without FILE: end with the first utterance.")
@click.option("--agent", metavar="ID", help="Without FILE: name to be spoken to by. Default: transcribe.")
@max_wait_option
@json_option
@no_start_option
@click.pass_obj
def file_command(
    output: Output,
    files: tuple[str, ...],
    model: str | None,
    language: str | None,
    words: bool,
    format_: str | None,
    metrics: bool,
    partials: bool,
    out: str | None,
    follow: bool,
    auto_submit: bool,
    agent: str | None,
    max_wait: float | None,
    start: bool,
) -> int:
    """Recognise the speech in audio files, or what is said.

    FILE is any audio file; - is standard input. `vox transcribe FILE` does the same. Several files are a batch: they
    let calls go first for whose answer somebody waits.

    Without FILE, what is said into the daemon's microphone is printed as one line, when it is to be sent ("ok send"),
    and that is all: so the programs of a pipe see the end of their input after each turn.
    """
    _check_options(bool(files))
    if not files:
        from vox.cli import pipe

        if not (follow or auto_submit or agent):
            pipe.check_stdin()
        how = pipe.How(agent or pipe.AGENT, follow=follow, auto_submit=auto_submit, partials=partials)
        return pipe.hear(output, how, start)
    names = list(files)
    shape = format_ or (_FORMATS_BY_SUFFIX.get(Path(out).suffix.lower(), "text") if out else "text")
    targets = _targets(names, out, _SUFFIXES[shape])
    wanted = {"modelId": model, "language": language, "words": True if words or shape in _TIMED else None}
    wanted |= turn_params(output, max_wait) | {"priority": "batch" if len(names) > 1 else None}
    wanted["partials"] = True if partials and output.has_status else None
    with open_client(output, start) as client:
        job = _Job(output, client, wanted, shape, words=words, metrics=metrics)
        return job.one(names[0], targets[0]) if len(names) == 1 else job.several(names, targets)


class _Job:
    """The files of one command: asked for one after the other, shown as they come."""

    def __init__(
        self, output: Output, client: "Client", wanted: dict[str, Any], shape: str, *, words: bool, metrics: bool
    ) -> None:
        self._output, self._client = output, client
        self._wanted, self._shape = wanted, shape
        self._words, self._metrics = words, metrics

    def one(self, name: str, target: Path | None) -> int:
        """A single file: its document is all that is printed. Returns the exit status."""
        answer = self._ask(name)
        if self._output.json:
            self._output.object(answer)
        self._deliver(answer, target, "")
        return self._verdict(name, answer)

    def several(self, names: list[str], targets: list[Path | None]) -> int:
        """Each file under its name. One that fails does not stop the rest. Returns the first bad exit status."""
        statuses: list[int] = []
        shown: list[dict[str, Any]] = []
        for name, target in zip(names, targets, strict=True):
            try:
                answer = self._ask(name)
                self._deliver(answer, target, name)
                shown.append({"file": name, **answer})
                statuses.append(self._verdict(name, answer))
            except VoxError as error:
                self._output.error(error)
                shown.append({"file": name, "error": error.info()})
                statuses.append(error.exit_status)
        if self._output.json:
            self._output.object({"files": shown})
        return next((status for status in statuses if status), 0)

    def _ask(self, name: str) -> dict[str, Any]:
        if name == STDIN:
            self._client.connect()  # a daemon that starts sweeps its spool, so it must run before we put a file there
        else:
            check_file(name)
        with readable_copy(name, self._client.home) as path:
            size = os.stat(path).st_size
            follow = self._output.follow(f"Transcribing {name}")

            def show(event: str, data: dict[str, Any]) -> None:
                self._output.partial(data["text"]) if event == "transcribe.partial" else follow(event, data)

            try:
                answer = self._client.call("transcribe.file", {"path": path, **self._wanted}, show)
            except VoxError as error:
                raise _renamed(error, path, name) from error
        if self._metrics:
            for line in metrics_lines(answer, size):
                self._output.note(line)
        return answer

    def _deliver(self, answer: dict[str, Any], target: Path | None, heading: str) -> None:
        document = render(answer, self._shape, words=self._words)
        if target is not None:
            write_file(target, document.encode("utf-8", "replace"))
            self._output.note(f"wrote: {target}")
        elif self._output.json:
            return
        elif heading and self._shape == "text" and not self._words:
            self._output.text(f"{heading}: {document or chr(10)}")
        else:
            self._output.text(f"==> {heading} <==\n{document}" if heading else document)

    def _verdict(self, name: str, answer: dict[str, Any]) -> int:
        if answer["text"]:
            return 0
        self._output.note(f"{_shown(name)}: no speech")
        return NOT_FOUND


def _check_options(has_files: bool) -> None:
    """See to it that only options were given that mean something here."""
    given = click.get_current_context().params
    wrong = _WITHOUT_FILES if has_files else (*_WITH_FILES, *_OF_THE_MODEL)
    for name in wrong:
        if given[name] is None or given[name] is False:
            continue
        option = f"--{name.strip('_').replace('_', '-')}"
        if name in _OF_THE_MODEL:
            raise click.UsageError(f"{option} needs a FILE. For the microphone, set openVip.{name} in config.json.")
        raise click.UsageError(f"{option} goes without a FILE only." if has_files else f"{option} needs a FILE.")


_WITHOUT_FILES = ("follow", "auto_submit", "agent")
_WITH_FILES = ("words", "format_", "metrics", "out", "max_wait")
_OF_THE_MODEL = ("model", "language")


def _targets(names: list[str], out: str | None, suffix: str) -> list[Path | None]:
    """Where each document goes: one file, or one per name in a folder; None for stdout."""
    if out is None or out == STDIN:
        return [None] * len(names)
    folder = Path(out)
    if not folder.is_dir():
        if len(names) > 1:
            raise InvalidRequest(f"{out} is not a folder; several transcripts need one: --out FOLDER")
        check_target(folder)
        return [folder]
    taken: set[Path] = set()
    targets: list[Path | None] = []
    for name in names:
        stem = "stdin" if name == STDIN else Path(name).name
        target = folder / (Path(stem).stem + suffix)
        if target in taken:  # talk.wav beside talk.mp3
            target = folder / (stem + suffix)
        taken.add(target)
        targets.append(target)
    return targets


def _renamed(error: VoxError, path: str, name: str) -> VoxError:
    """The error in the user's words: the daemon knows copies by their own names."""
    if path == os.path.abspath(name):
        return error
    return type(error)(error.message.replace(path, _shown(name)), **error.details)


def _shown(name: str) -> str:
    return "standard input" if name == STDIN else name
