"""What is remembered: nothing unless asked, whole records otherwise, pages that never repeat or lose one."""

import json
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.runtime.conftest import until
from vox.errors import Cancelled, ProviderFailed
from vox.log import RotatingFile
from vox.runtime import history as module
from vox.runtime.history import Filter, History
from vox.runtime.requests import Caller
from vox.types import Speech, Transcript, Word

pytestmark = pytest.mark.anyio

CALLER = Caller("my-app", "transcribe.file")
ALL = Filter()


def heard(text: str = "hello world", model: str = "ear:1", **facts: Any) -> Transcript:
    return Transcript(model, text, 1234.6, 3.0, {"inferenceMs": 2.5}, trace_id="t1", **facts)


def said(model: str = "mouth:1") -> Speech:
    return Speech(model, "anna", "wav", "audio/wav", b"RIFF", 20, 0.5, {"synthesisMs": 2}, trace_id="t2")


def lines(path: Path) -> list[bytes]:
    """The file's lines; none when it is not there."""
    return path.read_bytes().splitlines() if path.exists() else []


def make_unwritable(path: Path) -> None:
    path.unlink()
    path.mkdir()


def put(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


@pytest.fixture
def history(path: Path) -> History:
    return History(path, enabled=True)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """at(seconds) sets the clock."""
    return lambda seconds: monkeypatch.setattr(module, "time", lambda: seconds)


@asynccontextmanager
async def writing(history: History) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(history.run)
        yield
        tasks.cancel_scope.cancel()


async def texts(history: History, wanted: Filter = ALL, **more: Any) -> list[str]:
    return [record["text"] for record in (await history.page(wanted, **more)).records]


async def test_nothing_is_kept_unless_it_is_wanted(path: Path) -> None:
    history = History(path, enabled=False)
    assert history.transcribed(heard(), CALLER) is None
    assert history.spoken(said(), "hi", CALLER) is None
    assert history.failed("synthesis", ValueError(), CALLER) is None
    assert (await history.page(ALL)).records == [] and not lines(path)


async def test_a_record_says_all_of_a_transcription(history: History, path: Path, at: Callable[[float], None]) -> None:
    at(datetime(2026, 3, 24, 13, 31, 56, 900_000, UTC).timestamp())
    transcript = heard(words=(Word("hello", 0.0, 0.2, 0.5), Word("world", 0.3, 0.4)))
    number = history.transcribed(transcript, CALLER, source="live", session="s1")
    assert await history.get(number or "") == {
        "schemaVersion": 1, "id": number, "kind": "transcription", "source": "live", "route": "transcribe.file",
        "sessionId": "s1", "clientId": "my-app", "modelId": "ear:1", "text": "hello world", "textLength": 11,
        "words": [
            {"word": "hello", "start": 0.0, "end": 0.2, "confidence": 0.5},
            {"word": "world", "start": 0.3, "end": 0.4, "confidence": None},
        ],
        "elapsedMs": 1235, "metrics": {"traceId": "t1", "inferenceMs": 2.5}, "outcome": "ok",
        "startedAt": "2026-03-24T13:31:52Z", "completedAt": "2026-03-24T13:31:56Z",
    }  # fmt: skip
    assert mode(path) == 0o600 and len(lines(path)) == 1


async def test_a_record_of_speech_has_its_text_and_no_audio(history: History) -> None:
    number = history.spoken(said(), "héllo \ud800 world", Caller("my-app", "synthesize.generate"))
    record = await history.get(number or "")
    assert record is not None
    assert {"kind": "synthesis", "voiceId": "anna", "text": "héllo ? world", "textLength": 13}.items() <= record.items()
    assert record.keys().isdisjoint({"audio", "source", "words", "sessionId"})


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (ProviderFailed("secret words", provider="ear", providerCode=5), "error", "provider_error"),
        (Cancelled("gone"), "cancelled", "cancelled"),
        (KeyboardInterrupt(), "cancelled", "cancelled"),
    ],
)
async def test_a_failure_is_kept_without_text(history: History, error: BaseException, outcome: str, code: str) -> None:
    number = history.failed("transcription", error, CALLER, model="ear:1", source="file")
    record = await history.get(number or "") or {}
    assert (record["outcome"], record["code"], record["textLength"]) == (outcome, code, 0)
    assert "text" not in record and "secret" not in json.dumps(record)


async def test_records_are_written_by_themselves_and_the_last_when_it_ends(history: History, path: Path) -> None:
    async with writing(history):
        history.transcribed(heard("one"), CALLER)
        await until(lambda: len(lines(path)) == 1)
        history.transcribed(heard("two"), CALLER)
    assert [json.loads(line)["text"] for line in lines(path)] == ["one", "two"]


async def test_a_disk_that_takes_nothing_costs_the_records_and_bounds_the_rest(
    history: History, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_WAITING_BYTES", 2000)
    for number in range(50):
        history.transcribed(heard(f"{number} " + "x" * 100), CALLER)
    assert history._bytes <= 2000 == module._MAX_WAITING_BYTES
    assert (await texts(history))[0].startswith("49 ")
    make_unwritable(path)
    history.transcribed(heard(), CALLER)
    assert (await history.page(ALL)).records == []


async def test_pages_follow_one_another_while_records_come_and_go(history: History) -> None:
    ids = [history.transcribed(heard(str(number)), CALLER) or "" for number in range(25)]
    assert ids == sorted(ids)
    first = await history.page(ALL, limit=10)
    assert [record["text"] for record in first.records] == [str(number) for number in range(24, 14, -1)]
    history.transcribed(heard("new"), CALLER)
    assert first.next_cursor == ids[15] and await history.delete(ids[15])
    second = await history.page(ALL, before=first.next_cursor, limit=10)
    third = await history.page(ALL, before=second.next_cursor, limit=10)
    assert [record["text"] for record in second.records + third.records] == [
        str(number) for number in range(14, -1, -1)
    ]
    assert third.next_cursor is None


async def test_a_full_page_that_is_the_last_has_no_cursor(history: History) -> None:
    for number in range(4):
        history.transcribed(heard(str(number)), CALLER)
    page = await history.page(ALL, limit=4)
    assert (len(page.records), page.next_cursor) == (4, None)


async def test_a_page_of_very_long_texts_ends_early_and_goes_on(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_PAGE_BYTES", 1000)
    for number in range(5):
        history.transcribed(heard(f"{number}" * 400), CALLER)
    seen, cursor = list[str](), None
    while True:
        page = await history.page(ALL, before=cursor)
        assert 1 <= len(page.records) <= 3
        seen += [record["text"][0] for record in page.records]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == list("43210")


async def test_a_point_in_time_is_a_cursor_too(history: History, at: Callable[[float], None]) -> None:
    for second in (10, 20, 30):
        at(datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC).timestamp())
        history.transcribed(heard(str(second)), CALLER)
    for moment in ("2026-01-01T00:00:30Z", "2026-01-01T01:00:30+01:00", "2026-01-01T00:00:29.5"):
        assert await texts(history, before=moment) == ["20", "10"]
    assert await texts(history, before="2025-01-01") == []


async def test_a_clock_put_back_disturbs_no_order(path: Path, at: Callable[[float], None]) -> None:
    at(5000)
    history = History(path, enabled=True)
    ids = [history.transcribed(heard("a"), CALLER) or ""]
    at(1000)
    ids += [history.transcribed(heard("b"), CALLER) or "" for _ in range(3)]
    await history.page(ALL)
    again = History(path, enabled=True)
    ids.append(again.transcribed(heard("c"), CALLER) or "")
    assert ids == sorted(set(ids))
    page = await again.page(ALL, limit=2)
    rest = await again.page(ALL, before=page.next_cursor)
    assert [record["id"] for record in page.records + rest.records] == ids[::-1]


async def test_what_is_meant_can_be_told_in_every_way(history: History) -> None:
    history.transcribed(heard("Der Zürichsee"), Caller("a", "transcribe.file"))
    history.transcribed(heard("the sea", model="ear:2"), Caller("b", "transcribe.live"), source="live", session="s9")
    history.spoken(said(), "the seaside", Caller("a", "synthesize.generate"))
    history.failed("synthesis", ValueError("no"), Caller("b", "synthesize.generate"), model="mouth:1")
    expected: dict[str, tuple[Filter, int]] = {
        "all": (ALL, 4),
        "kind": (Filter(kind="synthesis"), 2),
        "source": (Filter(source="live"), 1),
        "client": (Filter(client="a"), 2),
        "model": (Filter(model="mouth:1"), 2),
        "session": (Filter(session="s9"), 1),
        "outcome": (Filter(outcome="error"), 1),
        "query": (Filter(query="SEA"), 2),
        "accents": (Filter(query="zurich"), 1),
        "both": (Filter(client="a", query="sea"), 1),
        "none": (Filter(client="a", model="ear:2"), 0),
    }
    for name, (wanted, count) in expected.items():
        assert len((await history.page(wanted)).records) == count, name


async def test_corrupt_and_foreign_lines_break_no_reader(history: History, path: Path) -> None:
    put(path, b'{"id": 5}\nnonsense\n{"id": "0", "text": null}\n{"schemaVersion": 1, "id": "00000000')
    history.transcribed(heard("after"), CALLER)
    page = await history.page(ALL)
    assert [record["id"] for record in page.records][1:] == ["0"] and page.records[0]["text"] == "after"
    assert await history.get("00000000") is None


async def test_deleting_takes_one_and_clearing_takes_what_is_meant(history: History, path: Path) -> None:
    ids = [history.transcribed(heard(str(number)), Caller("ab"[number % 2])) or "" for number in range(6)]
    assert await history.delete(ids[0]) and not await history.delete(ids[0])
    assert await history.get(ids[0]) is None
    assert await history.clear(Filter(client="b")) == 3
    assert await texts(history) == ["4", "2"]
    history.transcribed(heard("last"), CALLER)
    assert await history.clear(ALL) == 3
    assert not lines(path)
    history.transcribed(heard("new"), CALLER)
    assert await texts(history) == ["new"]


async def test_nothing_is_lost_between_reading_and_replacing(history: History) -> None:
    async with writing(history):
        ids = [history.transcribed(heard("x"), CALLER) or "" for _ in range(20)]
        async with anyio.create_task_group() as tasks:
            for number in ids[::2]:
                tasks.start_soon(history.delete, number)
                history.transcribed(heard("y"), CALLER)
                await anyio.lowlevel.checkpoint()
    assert sorted(await texts(history)) == ["x"] * 10 + ["y"] * 10


async def test_old_records_go_when_the_files_are_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = History(path, enabled=True)
    monkeypatch.setattr(history, "_file", RotatingFile(path, max_bytes=1000, keep=2))
    for number in range(40):
        history.transcribed(heard(f"{number}"), CALLER)
        await history.page(ALL)
    kept = [int(text) for text in await texts(history)]
    assert kept == list(range(39, 39 - len(kept), -1)) and 4 <= len(kept) < 20
    assert set(names(path.parent)) <= {f"history.jsonl{end}" for end in ("", ".1", ".2")}


async def test_the_file_moves_aside_at_its_size(history: History, path: Path) -> None:
    put(path, b'{"id": "0", "text": "old"}\n' + b"x" * (8 << 20) + b"\n")
    history.transcribed(heard("last"), CALLER)
    assert await texts(history) == ["last", "old"]
    assert names(path.parent) == ["history.jsonl.1"]
    history.transcribed(heard("new"), CALLER)
    assert await texts(history) == ["new", "last", "old"]
    assert names(path.parent) == ["history.jsonl", "history.jsonl.1"] and mode(path) == 0o600
