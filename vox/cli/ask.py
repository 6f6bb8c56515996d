"""`vox providers run`: one request to a provider by hand, through the daemon or to a program of its own."""

import json
import shlex
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output, ProgressLine
from vox.errors import InvalidRequest, ProviderCrashed, ProviderTimeout, ProviderUnavailable, VoxError

if TYPE_CHECKING:
    from vox.provider.conformance.session import Answer, Notice, Session

__all__ = ["run_command"]

_START_S = 20.0  # as Vox waits for the first answer, unless told otherwise
_SHOWN = 4096  # characters of base64; more says nothing to a reader

_EPILOG = """\b
Examples:
  vox providers run moonshine models
  vox providers run moonshine preload '{"modelId": "moonshine:tiny-en"}'
  vox providers run --command "python3 mine.py" models
"""


@click.command("run", epilog=_EPILOG)
@click.argument("words", nargs=-1, metavar="[ID] METHOD [JSON|-]")
@click.option("--command", metavar="COMMAND", help="Start this program for it, without a daemon; there is no ID then.")
@click.option("--kind", type=click.Choice(["asr", "tts"]), help="Which of the two, where one id has both.")
@click.option(
    "--timeout", type=click.FloatRange(0, min_open=True), default=300.0, metavar="SECONDS", show_default=True,
    help="With --command: wait that long for the answer.",
)  # fmt: skip
@json_option
@no_start_option
@click.pass_obj
def run_command(
    output: Output, words: tuple[str, ...], command: str | None, kind: str | None, timeout: float, start: bool
) -> None:
    """Send a provider one request of its protocol, and print its result as it is. How long it took, and what it tells
    on the way, goes to stderr."""
    if command is None:
        provider, method, params = _words(words, "ID", "METHOD")
        asked = {"id": provider, "method": method, "params": _params(params), "kind": kind}
        _print(output, _through_daemon(output, asked, start))
    else:
        method, params = _words(words, "METHOD")
        _print(output, _directly(output, shlex.split(command), method, _params(params), timeout))


def _words(words: tuple[str, ...], *needed: str) -> tuple[Any, ...]:
    """The words that are needed, and one more or None."""
    if not len(needed) <= len(words) <= len(needed) + 1:
        raise InvalidRequest(f"Give {' and '.join(needed)}, and if it has any, its parameters as JSON.")
    return (*words, None) if len(words) == len(needed) else words


def _print(output: Output, answer: dict[str, Any]) -> None:
    output.object(answer if output.json or not isinstance(answer["result"], dict) else answer["result"])


def _through_daemon(output: Output, asked: dict[str, Any], start: bool) -> dict[str, Any]:
    with open_client(output, start) as client:
        client.connect()
        begun = perf_counter()
        with output.progress() as progress:
            answer = client.call("providers.call", asked, progress.show)
        output.note(f"answered in {_ms(perf_counter() - begun)}")
        return answer


def _directly(
    output: Output, command: list[str], method: str, params: dict[str, Any], timeout_s: float
) -> dict[str, Any]:
    from vox.cli.programs import named
    from vox.provider.conformance.child import Child
    from vox.provider.conformance.session import Disorder, Session

    if not command:
        raise InvalidRequest("--command is empty.")
    program = named(command, None)
    begun, disorder = perf_counter(), Disorder()
    try:
        child = Child(program.argv, program.environment, program.folder)
    except OSError as error:
        raise ProviderUnavailable(f"{program.argv[0]} cannot be started: {error.strerror or error}") from error
    session = Session(child, disorder)
    try:
        with output.progress() as progress:
            session.on_notice = lambda notice: _tell(output, progress, notice)
            result = _ask(output, session, method, params, timeout_s, begun)
    finally:
        child.end()
        for line in child.tail.decode("utf-8", "replace").splitlines():
            output.note(f"stderr: {line}")
        for line in disorder.not_json:
            output.note(f"no JSON on stdout: {line}")
    return {"result": result}


def _ask(
    output: Output, session: "Session", method: str, params: dict[str, Any], timeout_s: float, begun: float
) -> Any:
    """Ask for the models, as Vox does first, and then what is wanted."""
    first = _answered(session, "models", {}, min(timeout_s, _START_S))
    output.note(f"started in {_ms(perf_counter() - begun)}")
    answer = first if method == "models" else _answered(session, method, params, timeout_s)
    output.note(f"answered {method} in {_ms(answer.seconds)}")
    if answer.refused:
        raise _error_of(answer)
    return _shortened(answer.result)


def _answered(session: "Session", method: str, params: dict[str, Any], timeout_s: float) -> "Answer":
    from vox.provider.conformance.session import Ended, Silent

    try:
        return session.call(method, params, timeout_s)
    except Silent as error:
        raise ProviderTimeout(error.message) from None
    except Ended as error:
        raise ProviderCrashed(error.message) from None


def _error_of(answer: "Answer") -> VoxError:
    from vox.protocol.jsonrpc import read_error
    from vox.protocol.provider import to_error

    return to_error(read_error(answer.error), "by hand")


def _tell(output: Output, progress: ProgressLine, notice: "Notice") -> None:
    """Progress as a bar, text as it comes; audio is not for a terminal."""
    from vox.protocol.provider import read_progress

    told = read_progress(notice.method, notice.params)
    if told is not None:
        fields = {"modelId": told.model_id or "", "progress": min(1.0, told.progress), "status": told.status}
        progress.show("models.progress", fields)
    elif notice.method == "partial":
        output.note(f"partial: {notice.params.get('text')}")


def _shortened(result: Any) -> Any:
    """The result with the size of a large audio in its place."""
    fields = cast("dict[str, Any]", result) if isinstance(result, dict) else {}
    audio = fields.get("audioBase64")
    if not isinstance(audio, str) or len(audio) <= _SHOWN:
        return result
    rest = {name: value for name, value in fields.items() if name != "audioBase64"}
    return {**rest, "audioBytes": len(audio) * 3 // 4 - audio[-2:].count("=")}


def _params(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    try:
        value: Any = json.loads(sys.stdin.read() if text == "-" else text)
    except ValueError as error:
        raise InvalidRequest(f"The parameters are not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise InvalidRequest('The parameters must be a JSON object, as in \'{"modelId": "…"}\'.')
    return cast("dict[str, Any]", value)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
