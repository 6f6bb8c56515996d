"""Whom the user spoke to before the daemon was started again."""

from pathlib import Path

import anyio
import pytest

from tests import clock as leaping
from tests.runtime.conftest import Clock, until
from vox.runtime.agents.last_session import KEEP_S, LastSession

pytestmark = pytest.mark.anyio


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def kept(path: Path, clock: Clock, *agents: str | None) -> None:
    """A session in which these were spoken to."""
    session = LastSession(path, clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.run)
        await anyio.lowlevel.checkpoint()
        for agent in agents:
            session.note(agent)
        tasks.cancel_scope.cancel()


async def test_the_last_one_is_remembered_for_an_hour(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "agents.json"
    assert LastSession(path, clock).read() is None
    await kept(path, clock, "one", "two", None)
    assert LastSession(path, clock).read() == "two"
    clock.now += KEEP_S
    assert LastSession(path, clock).read() == "two"
    clock.now += 1
    assert LastSession(path, clock).read() is None
    clock.now -= 2 * KEEP_S
    assert LastSession(path, clock).read() is None, "a clock that was set back tells nothing"


async def test_a_session_without_agents_changes_nothing(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "agents.json"
    await kept(path, clock, "one")
    await kept(path, clock)
    await kept(path, clock, None)
    assert LastSession(path, clock).read() == "one"


async def test_it_is_written_while_the_daemon_runs(tmp_path: Path, clock: Clock) -> None:
    session = LastSession(tmp_path / "agents.json", clock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(session.run)
        session.note("one")
        await until(lambda: LastSession(tmp_path / "agents.json", clock).read() == "one")
        tasks.cancel_scope.cancel()
    assert names(tmp_path) == ["agents.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"current": 1, "at": 100}', '{"current": "a"}', "\ud800"])
def test_a_broken_file_is_none(tmp_path: Path, text: str, clock: Clock) -> None:
    path = tmp_path / "agents.json"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    assert LastSession(path, clock).read() is None


async def test_a_home_that_cannot_be_written_is_no_reason_to_end(tmp_path: Path, clock: Clock) -> None:
    await kept(tmp_path / "missing" / "agents.json", clock, "one")


def test_thousands_of_changes_are_few_writes(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    writes: list[Path] = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda self, to: (writes.append(to), replace(self, to))[1])

    async def main() -> None:
        session = LastSession(tmp_path / "agents.json", clock)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(session.run)
            for number in range(3000):
                session.note(str(number))
                await anyio.sleep(0.001)
            tasks.cancel_scope.cancel()

    leaping.run(main())
    assert 1 < len(writes) < 10
    assert LastSession(tmp_path / "agents.json", clock).read() == "2999"
