"""Several calls at once: all are answered, each with its own answer."""

from typing import Any

from vox.provider.conformance.bench import METHODS, SENTENCE, Bench
from vox.provider.conformance.check import Checklist, Kind
from vox.provider.conformance.checks.speech import speech_of
from vox.provider.conformance.outcome import Failed
from vox.provider.conformance.session import Answer

__all__ = ["CHECKS"]

CHECKS = Checklist()


@CHECKS.add(
    "transcribe.concurrent",
    "As many recognitions at once as it takes are all answered",
    rule="Vox sends as many calls as the provider advertises; answers may come in any order.",
    mend="Answer with the id of the request; advertise maxConcurrency 1 if calls disturb each other.",
    kind="asr",
    needs=("start.serves", "transcribe.result"),
)
def transcribe_concurrent(bench: Bench) -> None:
    """Sends recordings of speech and of tones in turn, as many as `maxConcurrency` says (without it 1, as Vox does; at
    most 8), and one more beside them waiting in the pipe. Each is answered once, with the text that the same recording
    has when it is alone."""
    names = ["speech", "tones"]
    alone = {name: _text(bench, bench.work("asr", path=str(bench.recording(name)))) for name in names}
    calls = [names[n % 2] for n in range(bench.at_once("asr") + 1)]
    answers = _at_once(bench, "asr", [{"path": str(bench.recording(name))} for name in calls])
    swapped = dict(zip(names, reversed(names), strict=True))
    for name, answer in zip(calls, answers, strict=True):
        text = _text(bench, answer)
        if text != alone[name] and text == alone[swapped[name]]:
            raise Failed(f"Answers are mixed up: the recording of {name} was answered with {text!r}.")


@CHECKS.add(
    "synthesize.concurrent",
    "As many texts at once as it takes are all answered",
    rule="Vox sends as many calls as the provider advertises; answers may come in any order.",
    mend="Answer with the id of the request; advertise maxConcurrency 1 if calls disturb each other.",
    kind="tts",
    needs=("start.serves", "synthesize.audio"),
)
def synthesize_concurrent(bench: Bench) -> None:
    """The same with a word and a sentence in turn (without `maxConcurrency`, 4 at once and one more). The sentence is
    the longer one in every answer."""
    texts = ("One.", SENTENCE)
    calls = [texts[n % 2] for n in range(bench.at_once("tts") + 1)]
    answers = _at_once(bench, "tts", [{"input": text} for text in calls])
    lengths: dict[str, list[float]] = {text: [] for text in texts}
    for text, answer in zip(calls, answers, strict=True):
        lengths[text].append(speech_of(bench.succeeded(answer, "synthesize")).seconds or 0.0)
    if lengths[SENTENCE] and max(lengths["One."]) > min(lengths[SENTENCE]) > 0:
        raise Failed(
            f"Answers are mixed up: {texts[0]!r} took {lengths['One.']} s, {SENTENCE!r} {lengths[SENTENCE]} s."
        )


@CHECKS.add(
    "lines.interleaved",
    "Questions are answered beside running work",
    rule="Answers may come in any order; models and voices are asked beside the limit.",
    mend="Read the next request while one is worked on, or at least answer all of them in turn.",
    needs=("start.serves",),
)
def lines_interleaved(bench: Bench) -> None:
    """Sends work and, without waiting, `models` (and `voices`), work, `models`. All are answered with the right ids:
    each answer has what its method needs. In which order does not matter."""
    session = bench.session
    sent: list[tuple[str, int]] = []
    for _ in range(2):
        for kind in bench.working:
            sent.append((METHODS[kind], session.request(METHODS[kind], bench.params(kind))))
        sent.append(("models", session.request("models", {})))
    expected = {"transcribe": "text", "synthesize": "audioBase64", "models": "models"}
    for method, number in sent:
        result = bench.succeeded(session.wait(number, bench.times.work), method)
        if expected[method] not in result:
            raise Failed(f"The answer to {method} (id {number}) has no {expected[method]}; it has {sorted(result)}.")


def _at_once(bench: Bench, kind: Kind, calls: list[dict[str, Any]]) -> list[Answer]:
    session = bench.session
    numbers = [session.request(METHODS[kind], bench.params(kind, **call)) for call in calls]
    return [session.wait(number, bench.times.work) for number in numbers]


def _text(bench: Bench, answer: Answer) -> str:
    return str(bench.succeeded(answer, "transcribe").get("text"))
