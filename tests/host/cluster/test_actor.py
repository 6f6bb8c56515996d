"""The far side without a cluster: the class an actor is made of is a plain one."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import alive, until
from tests.host.conftest import BAD
from vox.host.cluster.actor import Output, RemoteProcess, Started

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]

HERE = "/nowhere/python"


async def started(how: str, **environment: str) -> tuple[RemoteProcess, Started]:
    remote = RemoteProcess()
    begun = await remote.start([HERE, str(BAD), how], environment, "/no/such/folder", HERE)
    assert isinstance(begun, Started), begun
    return remote, begun


async def answer(remote: RemoteProcess, **request: Any) -> dict[str, Any]:
    assert await remote.write(json.dumps(request).encode() + b"\n")
    output = b""
    async with asyncio.timeout(10):
        while b"\n" not in output:
            output += (await remote.read()).output
    return json.loads(output)


async def ended(remote: RemoteProcess) -> Output:
    async with asyncio.timeout(10):
        while (news := await remote.read()).code is None:
            if news.closed:
                return await remote.wait()
    return news


async def test_a_provider_is_run_with_this_nodes_python_and_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    remote, begun = await started("good", MY_KEY="key")
    seen = (await answer(remote, id=1, method="environment", params={}))["result"]
    assert (seen["CUDA_VISIBLE_DEVICES"], seen["MY_KEY"]) == ("3", "key")
    assert "RAY_AUTH_TOKEN" not in seen and seen["VOX_MODELS"].endswith("models")
    assert begun.pid != os.getpid() and alive(begun.pid)
    await remote.close_input()
    assert (await ended(remote)).code == 0
    until(lambda: not Path(begun.folder).exists(), what="the folder to be removed")


async def test_its_files_are_private_and_go_one_by_one_or_with_it() -> None:
    remote, begun = await started("good")
    await remote.put("1.wav", b"one")
    await remote.put("1.wav", b"two")
    await remote.put("2.wav", b"")
    folder = Path(begun.folder)
    assert (folder / "1.wav").read_bytes() == b"onetwo"
    assert [path.stat().st_mode & 0o777 for path in (folder, folder / "1.wav")] == [0o700, 0o600]
    await remote.drop("1.wav")
    await remote.drop("never.wav")
    assert os.listdir(folder) == ["2.wav"]
    await remote.end(True)
    assert (await ended(remote)).code == -signal.SIGKILL
    until(lambda: not folder.exists())


async def test_a_program_that_is_not_there_is_named() -> None:
    remote = RemoteProcess()
    told = await remote.start(["no-such-program"], {}, "/", HERE)
    assert isinstance(told, str) and "'no-such-program' was not found" in told


async def test_a_crash_is_told_with_what_was_written_before() -> None:
    remote, begun = await started("exits_midway")
    await remote.write(b'{"id": 1, "method": "transcribe", "params": {"modelId": "bad:1", "path": "/dev/null"}}\n')
    news = await ended(remote)
    assert news.code == 3
    assert not await remote.write(b"more\n")
    until(lambda: not Path(begun.folder).exists())


async def test_a_closed_output_is_told_while_the_process_lives() -> None:
    remote, begun = await started("closes_stdout")
    await remote.write(b'{"id": 1, "method": "transcribe", "params": {"modelId": "bad:1", "path": "/dev/null"}}\n')
    async with asyncio.timeout(10):
        while not (news := await remote.read()).closed:
            pass
    assert (news.code, alive(begun.pid)) == (None, True)
    await remote.end(False)
    async with asyncio.timeout(10):
        assert (await remote.wait()).code == -signal.SIGTERM


HOST = """
import asyncio, sys
from vox.host.cluster.actor import RemoteProcess

async def main():
    begun = await RemoteProcess().start([sys.argv[1], *sys.argv[2:]], {}, "/", sys.argv[1])
    print(begun.pid, begun.folder, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_whatever_ends_the_actor_ends_the_provider_its_children_and_its_files() -> None:
    command = [sys.executable, "-c", HOST, sys.executable, str(BAD), "ignores_signals"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as host:
        assert host.stdout is not None
        pid, folder = host.stdout.readline().split()
        group = int(pid)
        until(lambda: len(members(group)) == 2, what="the provider's child")
        host.kill()
    until(lambda: not members(group), what="the whole group to end")
    until(lambda: not Path(folder).exists())


def members(group: int) -> list[int]:
    """The living processes of a group."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, number = process.read_text(encoding="utf-8").rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(number) == group and state != "Z":
            found.append(int(process.parent.name))
    return found
