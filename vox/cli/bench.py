"""`vox bench`: any models side by side, over recordings with transcripts and over sentences to speak."""

import gc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import NOT_FOUND, Output
from vox.errors import Cancelled, InvalidRequest

if TYPE_CHECKING:
    from vox.bench.comparison import Comparison, Task
    from vox.bench.recordings import Recording
    from vox.client import Client

__all__ = ["command"]

_EPILOG = """\b
Examples:
  vox bench --models moonshine:tiny-en,parakeet:v3 --data my-recordings
  vox bench --all --data my-recordings --png models.png
  vox bench --tts hibari:en,espeak:system@en-gb --recogniser moonshine:tiny-en
  vox bench --tts piper:joe --text my-sentences.txt --json

\b
Exit status: 0 all were measured, 1 some could not be, 130 interrupted with Ctrl-C;
where none could be, that of the first error.
"""


def _names(_: click.Context, __: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    named = (name.strip() for part in value for name in part.split(","))
    return tuple(dict.fromkeys(name for name in named if name))


def _list_option(*names: str, help: str) -> Any:
    return click.option(*names, multiple=True, metavar="ID,…", callback=_names, help=help)


@click.command("bench", short_help="Compare models: errors, speed, memory.", epilog=_EPILOG)
@_list_option("--models", help="Recognisers to compare.")
@_list_option("--tts", help="Models that speak; ID@VOICE for another than their first voice.")
@click.option("--all", "everything", is_flag=True, help="All models that are installed.")
@click.option("--data", metavar="DIR", help="Folder of recordings with transcripts.tsv, or NAME.txt beside each.")
@click.option("--text", metavar="FILE", help="Sentences to speak, one a line. Default: some of our own, in English.")
@_list_option("--recogniser", help="Who listens to what is spoken. Default: the default recogniser.")
@click.option(
    "--language", metavar="TAG", help="Language of recordings and sentences, told to the models. Default: en."
)
@click.option("--runs", type=click.IntRange(1), metavar="N", help="How often each does everything; 3, remote ones 1.")
@click.option("--warm", is_flag=True, help="Leave processes as they are; else each provider is started anew.")
@click.option("--remote", is_flag=True, help="Also models that send everything to a vendor, who may charge for it.")
@click.option("--markdown", is_flag=True, help="Print Markdown tables.")
@click.option("--png", metavar="FILE", help="Draw a chart into this file too; needs the extra bench.")
@json_option
@no_start_option
@click.pass_obj
def command(
    output: Output,
    models: tuple[str, ...],
    tts: tuple[str, ...],
    everything: bool,
    data: str | None,
    text: str | None,
    recogniser: tuple[str, ...],
    language: str | None,
    runs: int | None,
    warm: bool,
    remote: bool,
    markdown: bool,
    png: str | None,
    start: bool,
) -> int:
    """Compare models side by side: word errors, speed, time to load, peak memory.

    Recognisers hear the recordings of a folder. Models that speak say sentences, and recognisers listen to them.
    Without --models, --tts and --all: the default model of each kind. One model after the other, so let nothing else
    run meanwhile. What fails is told of the model that failed; Ctrl-C ends it with what was found until then.
    """
    from vox.bench.comparison import Task, compare

    gc.enable()
    _check_png(png)
    folder = _folder(data)
    sentences = _sentences(text)
    with open_client(output, start) as client:
        client.connect()
        hearing, speaking = (models, tts) if models or tts else _chosen(client, everything, remote, output)
        recordings = _recordings(output, folder) if hearing else ()
        task = Task(hearing, speaking, recogniser, recordings, sentences, runs, language, cold=not warm, remote=remote)
        _tell_costs(output, task)
        found = compare(client, task, output.status)
    _show(output, task, found, folder, markdown)
    if png is not None:
        _draw(output, found, png)
    return _status(found)


def _check_png(png: str | None) -> None:
    if png is not None:
        from vox.bench.chart import check_chart
        from vox.cli.destination import check_target

        check_chart()
        check_target(Path(png))


def _folder(data: str | None) -> Path | None:
    """The folder named; else, in a checkout of the project, its own recordings."""
    if data is not None:
        return Path(data)
    import vox

    ours = Path(vox.__file__).parents[1] / "docs" / "audio"
    return ours if (ours / "transcripts.tsv").is_file() else None


def _recordings(output: Output, folder: Path | None) -> "tuple[Recording, ...]":
    from vox.bench.recordings import TABLE, read_recordings

    if folder is None:
        raise InvalidRequest(
            f"Name a folder of recordings with --data DIR: in it a {TABLE} with the columns path and transcript, or "
            "NAME.txt beside NAME.wav"
        )
    found, bare = read_recordings(folder)
    if bare:
        shown = ", ".join(bare[:3]) + (" …" if len(bare) > 3 else "")
        output.note(f"Without a transcript, and left out: {shown} ({len(bare)} in all)")
    return tuple(found)


def _sentences(text: str | None) -> tuple[str, ...]:
    from vox.bench.sentences import SENTENCES, read_sentences

    return SENTENCES if text is None else read_sentences(Path(text))


def _chosen(
    client: "Client", everything: bool, remote: bool, output: Output
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All models that can be used here, or the default ones."""
    from vox.bench.subject import is_remote

    found: dict[str, list[str]] = {"asr": [], "tts": []}
    for model in client.call("models.list", {"kind": "all"})["models"]:
        usable = model["installed"] and model["available"]
        if not (usable if everything else model["default"]):
            continue
        if everything and not remote and is_remote(client, model):
            output.note(f"Left out, since its vendor may charge for it: {model['id']} (--remote)")
            continue
        found[model["kind"]].append(model["id"])
    if not any(found.values()):
        raise InvalidRequest("No model is installed. See what there is: vox models")
    return tuple(found["asr"]), tuple(found["tts"])


def _tell_costs(output: Output, task: "Task") -> None:
    if task.remote:
        output.note(
            f"Models of vendors get {len(task.recordings)} recordings, and {len(task.sentences)} sentences "
            f"({sum(map(len, task.sentences))} characters) and the longer text made of them; they may charge for it."
        )


def _show(output: Output, task: "Task", found: "Comparison", folder: Path | None, markdown: bool) -> None:
    from vox.bench.document import document
    from vox.bench.tables import notes, tables

    if output.json:
        output.object(document(task, found, folder))
        return
    for number, table in enumerate(tables(found)):
        if number:
            output.line()
        for line in table.markdown() if markdown else table.text():
            output.line(line)
    failures = notes(found)
    if markdown and failures:
        output.text("\n" + "".join(f"- {told}\n" for told in failures))
    elif not markdown:
        for told in failures:
            output.note(told)


def _draw(output: Output, found: "Comparison", png: str) -> None:
    from vox.bench.chart import chart
    from vox.cli.destination import write_file

    write_file(Path(png), chart(found))
    output.note(f"wrote: {png}")


def _status(found: "Comparison") -> int:
    if found.interrupted:
        return Cancelled.exit_status
    errors = [one.error for one in found.all if one.error is not None]
    if not errors:
        return 0
    return errors[0].exit_status if len(errors) == len(found.all) else NOT_FOUND
