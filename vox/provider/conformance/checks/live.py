"""The feature `transcribe.stream`: speech that is recognised while it is spoken."""

import base64
from typing import Any

from vox.provider.conformance import sound, values
from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Failed
from vox.provider.conformance.session import Session

__all__ = ["CHECKS"]

CHECKS = Checklist()

_NEEDS = ("start.serves",)
_RATE = 16_000
_BLOCK = 2 * _RATE // 10  # bytes of a tenth of a second


@CHECKS.add(
    "live.result",
    "Live audio is answered with a text at its end",
    rule="transcribe.stream: stream.start → {streamId}; stream.audio; partial {streamId, …}; stream.finish → a result.",
    mend="Keep what a stream needs under its streamId, and answer stream.finish like transcribe.",
    kind="asr",
    feature="transcribe.stream",
    needs=_NEEDS,
)
def live_result(bench: Bench) -> None:
    """Starts a stream, sends three seconds of speech in tenths of a second, and finishes it. The result is that of
    `transcribe`; partial texts, if any, carry the stream's id."""
    session = bench.session
    stream = _start(bench, session)
    _send(session, stream)
    answer = session.call("stream.finish", {"streamId": stream}, bench.times.work)
    result = bench.succeeded(answer, "stream.finish")
    values.member(result, "text", "stream.finish")
    values.check_metrics(result, "transcribe")
    for notice in session.notices:
        if notice.method == "partial":
            values.member(notice.params, "text", "a partial")
            if notice.params.get("streamId") != stream:
                raise Failed(f"streamId of a partial is {notice.params.get('streamId')!r}; the stream is {stream!r}.")


@CHECKS.add(
    "live.cancel",
    "Live audio can be dropped",
    rule="transcribe.stream: stream.cancel ends a stream without a result.",
    mend="Forget the stream; audio that is still on its way to it is passed over.",
    kind="asr",
    feature="transcribe.stream",
    needs=("live.result",),
)
def live_cancel(bench: Bench) -> None:
    """Starts a stream, sends audio, cancels it by a notification, sends more audio, and starts another one."""
    session = bench.session
    stream = _start(bench, session)
    _send(session, stream)
    session.notify("stream.cancel", {"streamId": stream})
    _send(session, stream)
    following = _start(bench, session)
    answer = session.call("stream.finish", {"streamId": following}, bench.times.work)
    values.member(bench.succeeded(answer, "stream.finish"), "text", "stream.finish")


def _start(bench: Bench, session: Session) -> Any:
    params = {"modelId": bench.offers["asr"], "sampleRate": _RATE}
    result = bench.succeeded(session.call("stream.start", params, bench.times.work), "stream.start")
    stream = result.get("streamId")
    if not isinstance(stream, str | int) or stream == "":
        raise Failed(f"streamId is {stream!r}; it must be a string or a number.")
    return stream


def _send(session: Session, stream: Any) -> None:
    samples = sound.speech(_RATE)[44:]
    for begin in range(0, len(samples), _BLOCK):
        audio = base64.b64encode(samples[begin : begin + _BLOCK]).decode("ascii")
        session.notify("stream.audio", {"streamId": stream, "audioBase64": audio})
