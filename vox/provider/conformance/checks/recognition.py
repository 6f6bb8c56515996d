"""Recognition: what comes back from `transcribe`, and what must not end the provider."""

from pathlib import Path
from typing import Any

from vox.provider.conformance import sound, values
from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Failed, NotOffered

__all__ = ["CHECKS"]

CHECKS = Checklist()

_NEEDS = ("start.serves", "transcribe.result")


@CHECKS.add(
    "transcribe.result",
    "transcribe answers with a text",
    rule="transcribe {modelId, path} → {modelId, text, elapsedMs, metrics, words?}.",
    mend='Answer {"modelId": …, "text": "…", "elapsedMs": …, "metrics": {"inferenceMs": …, "totalMs": …}}.',
    kind="asr",
    needs=("start.serves",),
)
def transcribe_result(bench: Bench) -> None:
    """Sends three seconds of speech as Vox would: a 16 kHz mono 16-bit WAV (or the `sampleRate` of the model). The
    result is an object whose `text` is a string. What it says is not judged. `modelId` is the model asked for."""
    first = bench.first["asr"]
    if isinstance(first, Failed):
        raise first
    result = bench.succeeded(first, "transcribe")
    values.member(result, "text", "transcribe")
    values.check_model_id(result, bench.offers["asr"], "transcribe")
    values.check_elapsed(result, "transcribe")


@CHECKS.add(
    "transcribe.metrics",
    "Recognition tells its times",
    rule="ASR metrics: inferenceMs and totalMs are required; numbers, integer or not, of 0 or more.",
    mend="Measure with a monotonic clock, and send milliseconds as numbers.",
    kind="asr",
    needs=_NEEDS,
)
def transcribe_metrics(bench: Bench) -> None:
    """`metrics` has `inferenceMs` and `totalMs`, and nothing in it is negative, infinite or no number. A part that is
    longer than the whole is a warning."""
    values.check_metrics(bench.result("asr"), "transcribe")


@CHECKS.add(
    "transcribe.words",
    "Words have times, in order, within the recording",
    rule="words[{word, start, end, confidence}] in seconds.",
    mend='Send {"word": "Hello", "start": 0.12, "end": 0.44}, in the order in which they are spoken.',
    kind="asr",
    needs=_NEEDS,
)
def transcribe_words(bench: Bench) -> None:
    """Asks with `words: true`. Each word has its text and its times in seconds; none starts before the one before it or
    ends after the recording. A model that lists `words: true` has to send some when it recognised any text."""
    result = bench.result("asr", words=True)
    words: Any = result.get("words")
    if not words:
        if bench.model_info("asr").get("words") is True and str(result.get("text", "")).strip():
            raise Failed(f"The model lists words: true, but sent none for the text {result['text']!r}.")
        raise NotOffered("It sends no words.")
    if not isinstance(words, list):
        raise Failed(f"words is {words!r}; it must be a list.")
    values.check_timed(words, "word", _duration(bench))


@CHECKS.add(
    "transcribe.segments",
    "Segments have times, in order, within the recording",
    rule="segments[{id, start, end, text}] in seconds.",
    mend='Send {"id": 0, "start": 0.1, "end": 2.4, "text": "…"}, in the order in which they are spoken.',
    kind="asr",
    needs=_NEEDS,
)
def transcribe_segments(bench: Bench) -> None:
    """As for words."""
    segments: Any = bench.result("asr").get("segments")
    if not segments:
        raise NotOffered("It sends no segments.")
    if not isinstance(segments, list):
        raise Failed(f"segments is {segments!r}; it must be a list.")
    values.check_timed(segments, "text", _duration(bench))


@CHECKS.add(
    "transcribe.silence",
    "Silence is answered with a text, which may be empty",
    rule="An empty text means that there was no speech.",
    mend='Answer {"text": ""} when there is nothing to recognise.',
    kind="asr",
    needs=_NEEDS,
)
def transcribe_silence(bench: Bench) -> None:
    """Sends two seconds of digital silence. Not an error: people do leave the microphone open."""
    values.member(bench.result("asr", path=str(bench.recording("silence"))), "text", "transcribe")


@CHECKS.add(
    "transcribe.short",
    "A recording of next to nothing is answered",
    rule="Every request gets one answer; an engine that needs more answers with the error unsupported_audio.",
    mend="Answer with an empty text or an error, before the engine sees the samples.",
    kind="asr",
    needs=_NEEDS,
)
def transcribe_short(bench: Bench) -> None:
    """Sends a WAV of ten milliseconds, and one without any sample. A text or an error will do."""
    for name in ("short", "empty"):
        answer = bench.work("asr", path=str(bench.recording(name)))
        if not answer.refused:
            values.member(bench.succeeded(answer, "transcribe"), "text", "transcribe")


@CHECKS.add(
    "transcribe.missing-file",
    "A file that is not there is answered with an error",
    rule="Every request gets one answer, also when something fails.",
    mend="Catch what opening the file raises, and answer with an error.",
    kind="asr",
    needs=_NEEDS,
)
def transcribe_missing_file(bench: Bench) -> None:
    """Sends the path of a file that does not exist. The answer has to be an error, and the process has to live: its
    death would fail every other call inside it."""
    answer = bench.work("asr", path=str(bench.scratch / "missing.wav"))
    if not answer.refused:
        raise Failed(f"It answered with a result for a file that is not there: {answer.result!r}.")


@CHECKS.add(
    "transcribe.not-audio",
    "A file that is no WAV is answered",
    rule="Every request gets one answer, also when something fails.",
    mend="Catch what reading the file raises, and answer with the error unsupported_audio.",
    kind="asr",
    needs=_NEEDS,
)
def transcribe_not_audio(bench: Bench) -> None:
    """Sends a file of text. Vox itself never does; it is the shortest way to an exception in a provider. An error is
    right, a text will do."""
    path = bench.scratch / "text.wav"
    path.write_text("This is no audio.\n" * 20, encoding="utf-8")
    bench.work("asr", path=str(path))


@CHECKS.add(
    "transcribe.path",
    "A path may hold spaces and letters of any language",
    rule="The path is a string like any other.",
    mend="Never build a shell command from it, and read JSON with a JSON parser.",
    kind="asr",
    needs=_NEEDS,
)
def transcribe_path(bench: Bench) -> None:
    """Sends speech in a file called `a b'c é 語.wav`: home folders look like that."""
    path = bench.scratch / "a b'c é 語.wav"
    path.write_bytes(bench.recording("speech").read_bytes())
    values.member(bench.result("asr", path=str(path)), "text", "transcribe")


@CHECKS.add(
    "transcribe.keeps-file",
    "The recording stays as it is",
    rule="The file belongs to Vox, which deletes it when the call ends.",
    mend="Open it for reading only, and write what you need elsewhere.",
    kind="asr",
    needs=_NEEDS,
)
def transcribe_keeps_file(bench: Bench) -> None:
    """After a call, the file is there, has its old content, and nothing new lies beside it."""
    folder = bench.scratch / "kept"
    folder.mkdir(exist_ok=True)
    path = folder / "kept.wav"
    before = bench.recording("speech").read_bytes()
    path.write_bytes(before)
    bench.result("asr", path=str(path))
    if not path.exists() or path.read_bytes() != before:
        raise Failed("It changed or removed the recording.")
    if beside := sorted(item.name for item in folder.iterdir() if item != path):
        raise Failed(f"It wrote beside the recording: {', '.join(beside)}.")


@CHECKS.add(
    "transcribe.params",
    "Parameters it does not know are ignored",
    rule="Unknown params are ignored by a provider.",
    mend="Read the parameters you know, and nothing else.",
    kind="asr",
    needs=_NEEDS,
)
def transcribe_params(bench: Bench) -> None:
    """Sends every optional parameter of the protocol and one that nobody knows. Whether they have an effect is not
    judged; an error is allowed for those the protocol names, such as a language the model does not speak."""
    values.member(bench.result("asr", surprise={"a": [1, None]}), "text", "transcribe")
    optional: dict[str, Any] = {
        "language": "en",
        "prompt": "",
        "hotwords": ["Vox"],
        "words": True,
        "temperature": 0.0,
        "task": "transcribe",
        "requestId": "check-1",
    }
    answer = bench.work("asr", **optional)
    if not answer.refused:
        values.member(bench.succeeded(answer, "transcribe"), "text", "transcribe")


@CHECKS.add(
    "transcribe.unknown-model",
    "A model it does not have is refused by name",
    rule="data.code of an error names the reason: model_not_found, …",
    mend='Answer {"code": -32000, "message": "There is no model …", "data": {"code": "model_not_found"}}.',
    kind="asr",
    needs=_NEEDS,
)
def transcribe_unknown_model(bench: Bench) -> None:
    """Asks for a model that was never listed. The error `model_not_found` is right; anything else that is answered is
    a warning, because Vox asks only for models that are listed here or in providers.json."""
    answer = bench.work("asr", modelId="vox-check:no-such-model")
    values.expect_named(answer, "model_not_found", "a model it does not list")


def _duration(bench: Bench) -> float:
    path: Path = bench.recording("speech")
    return sound.read_wav(path.read_bytes()).seconds or 0.0
