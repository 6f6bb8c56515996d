"""`vox transcribe bench` and `vox speak bench`: how fast a model is here, call after call."""

from collections.abc import Callable
from typing import Any

import click

from vox.cli.figures import shown_ms, shown_size, shown_speed, shown_spread
from vox.cli.inputs import check_file, readable_copy
from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output
from vox.errors import InvalidRequest

__all__ = ["speak_command", "transcribe_command"]

_RUNS = 5


@click.command("bench", epilog="\b\nExample:\n  vox transcribe bench --model moonshine:tiny-en talk.wav 10")
@click.argument("path", metavar="FILE")
@click.argument("runs", type=click.IntRange(1), default=_RUNS, metavar="[RUNS]")
@click.option("--model", metavar="ID", help="Model; see `vox models`. Default: the first that is installed.")
@json_option
@no_start_option
@click.pass_obj
def transcribe_command(output: Output, path: str, runs: int, model: str | None, start: bool) -> None:
    """Recognise one file several times, 5 unless told, one after the other, and tell how long each took. The model is
    loaded before."""
    check_file(path)
    with open_client(output, start) as client:
        client.connect()
        with readable_copy(path, client.home) as readable:
            client.call("models.preload", {"modelId": model})
            asked = {"path": readable, "modelId": model}
            _bench(output, "inference", runs, lambda: client.call("transcribe.file", asked))


@click.command("bench", epilog='\b\nExample:\n  vox speak bench --voice af_heart "Good morning." 10')
@click.argument("words", nargs=-1, required=True, metavar="TEXT... [RUNS]")
@click.option("--model", metavar="ID", help="Model; see `vox models`. Default: the first that is installed.")
@click.option("--voice", metavar="ID", help="Voice of the model; see `vox voices`.")
@click.option("--speed", type=click.FloatRange(0.25, 4), metavar="X", help="0.25 to 4; 1 is the voice's own.")
@json_option
@no_start_option
@click.pass_obj
def speak_command(
    output: Output, words: tuple[str, ...], model: str | None, voice: str | None, speed: float | None, start: bool
) -> None:
    """Speak one text several times, 5 unless told, one after the other and unheard, and tell how long each took. The
    model is loaded before."""
    text, runs = _text_and_runs(words)
    with open_client(output, start) as client:
        client.call("models.preload", {"modelId": model or _default(client.call("synthesize.models")["models"])})
        asked = {"text": text, "modelId": model, "voiceId": voice, "speed": speed, "format": "wav"}
        _bench(output, "synthesis", runs, lambda: client.call("synthesize.generate", asked))


def _text_and_runs(words: tuple[str, ...]) -> tuple[str, int]:
    """A number at the end says how often, unless it is all there is."""
    *text, last = words
    if not text or not last.isdecimal():
        return " ".join(words), _RUNS
    if int(last) < 1:
        raise InvalidRequest("RUNS must be 1 or more.")
    return " ".join(text), int(last)


def _default(models: list[dict[str, Any]]) -> str | None:
    return next((model["id"] for model in models if model["default"]), None)


def _bench(output: Output, work: str, runs: int, call: Callable[[], dict[str, Any]]) -> None:
    figures: list[dict[str, Any]] = []
    for number in range(1, runs + 1):
        output.status(f"Run {number} of {runs}")
        figures.append(_figures(call()))
        if not output.json:
            output.line(f"run {number}: {_shown(work, figures[-1])}")
    summary = _summary(figures)
    if output.json:
        output.object({"runs": figures, **summary})
        return
    output.line()
    output.line(f"audio duration: {shown_ms(summary['audioDurationMs'])}")
    output.line(f"total: {shown_spread(summary['totalMs'], shown_ms)}")
    output.line(f"{work}: {shown_spread(summary['workMs'], shown_ms)}")
    if summary["speed"]:
        output.line(f"speed: {shown_spread(summary['speed'], shown_speed)}")


def _figures(answer: dict[str, Any]) -> dict[str, Any]:
    """What counts of an answer. The work is the engine's own time."""
    metrics = answer["metrics"]
    work_ms = next(metrics[name] for name in ("inferenceMs", "synthesisMs", "providerMs") if name in metrics)
    factor = metrics["realtimeFactor"]
    figures = {
        "totalMs": answer["elapsedMs"],
        "workMs": work_ms,
        "audioDurationMs": answer["durationMs"],
        "realtimeFactor": factor,
        "speed": 1 / factor if factor else 0.0,
    }
    return figures | ({"audioBytes": answer["audioBytes"]} if "audioBytes" in answer else {})


def _summary(figures: list[dict[str, Any]]) -> dict[str, Any]:
    from vox.runtime.performance import spread

    speeds = [one["speed"] for one in figures if one["speed"]]
    return {
        "audioDurationMs": figures[0]["audioDurationMs"],
        "totalMs": spread(one["totalMs"] for one in figures),
        "workMs": spread(one["workMs"] for one in figures),
        "speed": spread(speeds),
    }


def _shown(work: str, figures: dict[str, Any]) -> str:
    times = {"total": figures["totalMs"], work: figures["workMs"], "audio": figures["audioDurationMs"]}
    shown = " ".join(f"{name}={shown_ms(value)}" for name, value in times.items())
    size = f" bytes={shown_size(figures['audioBytes'])}" if "audioBytes" in figures else ""
    return f"{shown} rtf={shown_speed(figures['speed'])}{size}"
