"""Bodies of requests: bounded in size and time, whatever pieces they come in, and never left behind."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request

from tests.doors.companion.conftest import FORM, form
from vox.doors import bodies
from vox.doors.bodies import Uploads, read_json
from vox.errors import AudioTooLarge, InvalidRequest, NoRoom, TextTooLong, UploadTimeout

pytestmark = pytest.mark.anyio

LIMIT = 1 << 20
Then = Callable[[], Awaitable[dict[str, Any]]] | None


async def silence() -> dict[str, Any]:
    return await anyio.sleep_forever()


async def trickle() -> dict[str, Any]:
    await anyio.sleep(0.01)
    return {"type": "http.request", "body": b"x", "more_body": True}


async def end() -> dict[str, Any]:
    return {"type": "http.disconnect"}


def request(*pieces: bytes, kind: str = FORM, then: Then = None) -> Request:
    """A request whose body comes in pieces, and what comes then, if they are not all of it."""
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages[-1]["more_body"] = then is not None

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages or then is None else await then()

    headers = [(b"content-type", kind.encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, receive)  # type: ignore[arg-type]


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path, lambda: LIMIT)


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def test_a_form(uploads: Uploads, tmp_path: Path) -> None:
    async with uploads.receive(request(form(b"sound", language="de", odd="ä"))) as taken:
        assert taken.fields == {"language": "de", "odd": "ä"}
        assert taken.audio is not None and taken.audio.read_bytes() == b"sound"
        assert taken.audio.parent == tmp_path and taken.audio.stat().st_mode & 0o777 == 0o600
        assert uploads.held == 5
    assert not files(tmp_path) and uploads.held == 0


async def test_a_field_that_comes_more_than_once(uploads: Uploads) -> None:
    tail = form(None, **{"word[]": "b"})
    body = form(b"x", word="a").removesuffix(b"------vox-test--\r\n") + tail.removesuffix(b"------vox-test--\r\n")
    async with uploads.receive(request(body + form(None, **{"word[]": "c", "one": "d"}))) as taken:
        assert taken.many("word") == ["a", "b", "c"] and taken.many("one") == ["d"] and taken.many("none") == []
        assert taken.fields["word[]"] == "c"  # of a field that is read as one, the last counts


async def test_a_field_that_nobody_reads_may_be_long(tmp_path: Path) -> None:
    body = form(b"sound", long="x" * 100_000, short="y")
    async with Uploads(tmp_path, lambda: LIMIT, ("long",)).receive(request(body)) as taken:
        assert taken.fields == {"short": "y"} and taken.repeated == {"short": ["y"]} and taken.size == 5


@given(audio=st.binary(max_size=300), size=st.integers(1, 80))
def test_a_form_in_any_pieces(audio: bytes, size: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    body = form(audio, language="de")
    pieces = [body[start : start + size] for start in range(0, len(body), size)]

    async def take() -> tuple[dict[str, str], bytes]:
        async with Uploads(tmp_path_factory.getbasetemp() / "pieces", lambda: LIMIT).receive(request(*pieces)) as taken:
            assert taken.audio is not None
            return taken.fields, taken.audio.read_bytes()

    assert anyio.run(take) == ({"language": "de"}, audio)


@given(st.binary(max_size=400))
def test_anything_else_is_told_to_be_none(body: bytes) -> None:
    async def take() -> None:
        async with Uploads(Path("/nowhere"), lambda: LIMIT).receive(request(body, kind="multipart/form-data")):
            raise AssertionError

    with pytest.raises(InvalidRequest):
        anyio.run(take)


async def test_a_client_that_says_no_more(uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_IDLE_S", 0.05)
    with pytest.raises(UploadTimeout):
        async with uploads.receive(request(form(b"sound")[:-10], then=silence)):
            pass
    assert not files(tmp_path) and uploads.held == 0


async def test_a_client_that_says_little_for_long(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_BODY_S", 0.2)

    with anyio.fail_after(5), pytest.raises(UploadTimeout):
        async with uploads.receive(request(form(b"sound")[:-30], then=trickle)):
            pass
    assert not files(tmp_path)


async def test_a_client_that_vanishes(uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(ClientDisconnect):
        async with uploads.receive(request(form(b"sound")[:-10], then=end)):
            pass
    assert not files(tmp_path) and uploads.held == 0


async def test_a_recording_over_the_cap(uploads: Uploads, tmp_path: Path) -> None:
    with pytest.raises(AudioTooLarge):
        async with uploads.receive(request(form(bytes(LIMIT))[:-30], bytes(31))):
            pass
    assert not files(tmp_path) and uploads.held == 0


async def test_all_uploads_together_have_a_bound(
    uploads: Uploads, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_QUOTA", 0)  # the largest recording always has room, alone
    half = form(bytes(LIMIT // 2 + 1))
    async with uploads.receive(request(half)):
        with pytest.raises(NoRoom):
            async with uploads.receive(request(half)):
                pass
        assert len(files(tmp_path)) == 1
    async with uploads.receive(request(half)):
        assert uploads.held == LIMIT // 2 + 1
    assert uploads.held == 0


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_json(kind: str) -> None:
    assert await read_json(request(b'{"a":', b"1}", kind=kind)) == {"a": 1}
    assert await read_json(request(b"", kind=kind)) == {}


@pytest.mark.parametrize("kind", ["", "text/plain", "application/jsonp", "text/plain; application/json"])
async def test_json_that_does_not_say_so(kind: str) -> None:
    with pytest.raises(InvalidRequest, match="application/json"):
        await read_json(request(b"{}", kind=kind))


async def test_json_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_MAX_JSON", 100)
    assert await read_json(request(json.dumps({"a": "x" * 80}).encode(), kind="application/json"))
    with pytest.raises(TextTooLong, match="100 bytes") as raised:
        await read_json(request(b'{"a": "', b"x" * 100, kind="application/json"))
    assert raised.value.http_status == 413
    monkeypatch.setattr(bodies, "_IDLE_S", 0.05)
    with pytest.raises(UploadTimeout):
        await read_json(request(b"{", kind="application/json", then=silence))
