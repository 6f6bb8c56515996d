"""Pipes, terminal programs and clients that are spoken to, at a real daemon, also while it restarts."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from tests.cli.daemons import make_home, started_vox, stopped_at_the_end, vox, wait_until
from tests.cli.terminal.outer import terminal
from vox import AsyncClient, Client, errors
from vox.paths import Home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Of a daemon that does not listen: no test has a microphone."""
    home = make_home(tmp_path_factory.mktemp("agents") / "home")
    home.config_json.write_text('{"openVip": {"listen": false, "announcements": false}}', encoding="utf-8")
    with stopped_at_the_end(home):
        assert vox(home, "daemon", "start").returncode == 0
        yield home


@pytest.fixture
def client(home: Home) -> Iterator[Client]:
    with Client(home, start=False) as client:
        yield client


def wait_for(client: Client, agent: str) -> None:
    wait_until(lambda: agent in client.agents()["connected_agents"])


def test_a_turn_through_the_door(client: Client) -> None:
    with started_vox(client.home, "transcribe") as process:
        wait_for(client, "transcribe")
        wait_until(lambda: client.agents()["platform"]["listening"])
        client.tell_agent("transcribe", "hello", "newline")
        client.tell_agent("transcribe", "world", "submit")
        out, _ = process.communicate(timeout=15)
    assert (process.returncode, out) == (0, "hello world\n")
    wait_until(lambda: not client.agents()["platform"]["listening"])  # as the user had it
    with pytest.raises(errors.AgentNotConnected):
        client.tell_agent("transcribe", "anybody?")


def test_two_cannot_have_one_name(client: Client) -> None:
    with started_vox(client.home, "transcribe", "--follow") as first:
        wait_for(client, "transcribe")
        second = vox(client.home, "transcribe")
        assert (second.returncode, second.stdout) == (75, "") and "already connected" in second.stderr
        first.send_signal(signal.SIGINT)
        assert first.wait(15) == 0
    reserved = vox(client.home, "transcribe", "--agent", "__tts__")
    assert reserved.returncode == 77 and "reserved" in reserved.stderr


def test_a_program_and_who_is_spoken_to(client: Client) -> None:
    with terminal(client.home, "agent", "one", "--status-line", "--", "cat") as opened:
        wait_for(client, "one")
        opened.until("one: not listening")
        with terminal(client.home, "agent", "two", "--", "cat") as other:
            opened.until("one: the voice is for two")
            shown = vox(client.home, "agents")
            assert shown.stdout == "  one\n* two\n"
            opened.type(b"\x1c")
            opened.until("one: not listening")
            other.type(b"\x1b[I")
            opened.until("one: the voice is for two")
            assert vox(client.home, "agents", "use", "One").stdout == "current: one\n"
            other.type(b"\x04")
            assert other.wait() == 0
        assert vox(client.home, "agents", "send", "one", "hello", "there", "--submit").returncode == 0
        opened.until(lambda shown: shown.count(b"hello there\r\n") == 2)
        missing = vox(client.home, "agents", "send", "two", "hello")
        assert missing.returncode == 66 and "'two' not connected" in missing.stderr
        opened.type(b"\x04")
        assert opened.wait() == 0


def test_they_survive_a_restart(client: Client) -> None:
    with (
        started_vox(client.home, "transcribe", "--follow") as process,
        terminal(client.home, "agent", "me", "--", "cat") as opened,
    ):
        wait_for(client, "transcribe")
        wait_for(client, "me")
        assert vox(client.home, "daemon", "restart").returncode == 0
        for agent in ("transcribe", "me"):
            wait_for(client, agent)
            client.tell_agent(agent, "still here", "submit")
        assert process.stdout is not None and process.stdout.readline() == "still here\n"
        opened.until(lambda shown: shown.count(b"still here\r\n") == 2)
        opened.type(b"\x04")
        assert opened.wait() == 0


def test_a_client_on_an_event_loop(home: Home) -> None:
    async def main() -> str:
        async with AsyncClient(home, start=False) as client, client.listen("loop") as messages:
            await client.tell_agent("loop", "hello", "submit")
            first = await anext(messages)
            assert first.submit and first.type == "transcription" and first.raw["openvip"] == "1.0"
            assert (await client.agents())["connected_agents"] == ["loop"]
            with pytest.raises(errors.AgentConflict):
                await anext(client.listen("loop"))
            assert await client.say(" ") == 0.0
            return first.text

    assert asyncio.run(main()) == "hello"
