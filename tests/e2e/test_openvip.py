"""OpenVIP as the daemon serves it: on its ports, behind its guard and its token, until it ends."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import openvip
import pytest

from tests.daemon.conftest import Daemon, daemon_in, until

TOKEN = "a-token-of-some-length"


@pytest.fixture
def daemon(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    """With ports of its own, and no microphone."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    ports = {"VOX_ALIAS_PORTS": "1", "VOX_BRIDGE_PORT": "0", "VOX_OPENVIP_PORT": "0"}
    with daemon_in(tmp_path_factory.mktemp("d") / "home", **ports) as daemon:
        daemon.configure(openVip={"listen": False})
        yield daemon


def own_port(daemon: Daemon) -> int:
    """Where OpenVIP is at the root."""
    health = ask(daemon.facts()["port"], "GET", "/capabilities")[1]["daemon"]
    (alias,) = [alias for alias in health["aliases"] if alias["door"] == "openvip"]
    assert alias["listening"]
    return alias["port"]


def ask(port: int, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        sent = None if body is None else json.dumps(body).encode()
        connection.request(method, path, sent, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_where_it_is(daemon: Daemon) -> None:
    daemon.start()
    port, own = daemon.facts()["port"], own_port(daemon)
    for place in (f"http://localhost:{port}/openvip", f"http://localhost:{own}/openvip", f"http://localhost:{own}"):
        assert openvip.Client(place).get_status().openvip == "1.0"
    assert ask(own, "GET", "/health")[1]["service"] == "vox"
    assert ask(port, "GET", "/health")[1]["service"] == "vox-companion"
    assert ask(own, "GET", "/capabilities")[0] == 404
    for at, path in ((port, "/openvip/status"), (own, "/status"), (own, "/openvip/status"), (own, "/nothing")):
        for headers, status in (({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)):
            code, told = ask(at, "GET", path, **headers)
            assert (code, told["openvip"]) == (status, "1.0") and told["ref"] and told["detail"]
    assert daemon.end() == (0, "")


def test_a_token(daemon: Daemon) -> None:
    daemon.environment["VOX_AUTH_TOKEN"] = TOKEN
    daemon.start()
    base = f"http://127.0.0.1:{daemon.facts()['port']}/openvip"
    code, told = ask(daemon.facts()["port"], "GET", "/openvip/status")
    assert (code, told["openvip"], told["x_vox"]["code"]) == (401, "1.0", "unauthorized")
    assert openvip.Client(base, token=TOKEN).get_status().openvip == "1.0"


def test_it_is_shut_down(daemon: Daemon) -> None:
    """By its own client, while an agent reads: the answer arrives, the stream ends, nothing is left."""
    daemon.start()
    port = daemon.facts()["port"]
    agent = socket.create_connection(("127.0.0.1", port), timeout=10)
    agent.sendall(b"GET /openvip/agents/one/messages HTTP/1.1\r\nHost: localhost\r\n\r\n")
    read = agent.recv(4096)
    assert openvip.Client(f"http://127.0.0.1:{port}/openvip").shutdown().status == "ok"
    assert daemon.process is not None
    assert daemon.process.wait(10) == 0
    while piece := agent.recv(4096):
        read += piece
    agent.close()
    assert read.endswith(b"0\r\n\r\n") and "openvip.failed" not in daemon.log()


def test_its_port_is_taken(daemon: Daemon) -> None:
    """As by another program for agents: the daemon runs without it, and says who has it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        daemon.environment["VOX_OPENVIP_PORT"] = str(port)
        daemon.start()
        assert openvip.Client(f"http://localhost:{daemon.facts()['port']}/openvip").is_available()
        run = subprocess.run(
            [sys.executable, "-P", "-m", "vox", "doctor"],
            env=daemon.environment,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )
        assert f"process {os.getpid()}" in run.stdout and "VOX_OPENVIP_PORT" in run.stdout
    assert "daemon.alias_taken" in daemon.log()


def test_killed_and_started_again(daemon: Daemon) -> None:
    """Who was spoken to is spoken to again, although others are there first."""
    daemon.start()
    client = openvip.Client(f"http://127.0.0.1:{daemon.facts()['port']}/openvip")
    agents = [subscribed(daemon, name) for name in ("one", "two")]
    client.control("output.set_agent:two")
    until(lambda: daemon.home.agents_json.exists() and '"two"' in daemon.home.agents_json.read_text("utf-8"))
    daemon.end(signal.SIGKILL)
    for agent in agents:
        agent.close()
    daemon.start()
    client = openvip.Client(f"http://127.0.0.1:{daemon.facts()['port']}/openvip")
    agents = [subscribed(daemon, name) for name in ("one", "two")]
    until(lambda: client.get_status().platform["output"]["current_agent"] == "two")
    for agent in agents:
        agent.close()


def subscribed(daemon: Daemon, name: str) -> socket.socket:
    agent = socket.create_connection(("127.0.0.1", daemon.facts()["port"]), timeout=10)
    agent.sendall(b"GET /openvip/agents/%s/messages HTTP/1.1\r\nHost: localhost\r\n\r\n" % name.encode())
    read = b""
    while b": connected" not in read:
        read += agent.recv(4096)
    return agent
