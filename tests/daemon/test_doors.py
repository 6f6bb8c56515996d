"""By which ports and with which tokens the daemon can be reached."""

import http.client
import json
import socket
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.daemon.conftest import Client, Daemon

TOKEN = "configured-token-0123"


def get(port: int, path: str, host: str = "127.0.0.1", **headers: str) -> int:
    connection = http.client.HTTPConnection(host, port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_an_alias_port_leads_to_the_same_doors(daemon: Daemon) -> None:
    daemon.environment |= {"VOX_ALIAS_PORTS": "1", "VOX_BRIDGE_PORT": "0", "VOX_OPENVIP_PORT": "0"}
    daemon.start()
    with Client(daemon.socket) as client:
        alias, openvip = client.call("health")["aliases"]
    assert (openvip["door"], openvip["listening"]) == ("openvip", True)
    assert alias == {"door": "companion", "port": alias["port"], "listening": True}
    assert get(alias["port"], "/health") == get(daemon.facts()["port"], "/health") == 200
    with connect(f"ws://127.0.0.1:{alias['port']}/") as web:
        web.send('{"id": "1", "method": "health"}')
        assert json.loads(web.recv(timeout=10))["result"]["pid"] == daemon.pid
    assert get(alias["port"], "/health", Origin="https://evil.example") == 403
    assert daemon.end() == (0, "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", alias["port"]), timeout=2)


def test_an_alias_port_that_is_taken(daemon: Daemon) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        daemon.environment |= {"VOX_ALIAS_PORTS": "1", "VOX_BRIDGE_PORT": str(port), "VOX_OPENVIP_PORT": str(port)}
        daemon.start()
        with Client(daemon.socket) as client:
            assert client.call("health")["aliases"] == [
                {"door": door, "port": port, "listening": False} for door in ("companion", "openvip")
            ]
        assert get(daemon.facts()["port"], "/health") == 200
    assert "daemon.alias_taken" in daemon.log()


def test_a_token_for_everybody(daemon: Daemon, recording: str) -> None:
    daemon.environment["VOX_AUTH_TOKEN"] = TOKEN
    daemon.start()
    port = daemon.facts()["port"]
    assert get(port, "/health") == get(port, "/health", Authorization="Bearer wrong") == 401
    assert get(port, "/health", Authorization=f"Bearer {TOKEN}") == 200
    assert get(port, "/health", Authorization=f"Bearer {daemon.facts()['token']}") == 200
    assert get(port, "/healthz") == 200
    with Client(daemon.socket) as client:  # the socket's folder is the owner's alone
        assert client.call("transcribe.file", path=recording, prompt="say one")["text"] == "one"
    assert TOKEN not in daemon.log()


@pytest.mark.parametrize("name", ["authToken", "token", "params.authToken", "params._authToken", "params.token"])
def test_a_token_in_the_frame(daemon: Daemon, name: str) -> None:
    daemon.environment["VOX_AUTH_TOKEN"] = TOKEN
    daemon.start()

    def frame(token: Any) -> dict[str, Any]:
        place, _, key = name.rpartition(".")
        asked: dict[str, Any] = {"id": "1", "method": "synthesize.voices", "params": {}}
        (asked["params"] if place else asked)[key] = token
        return asked

    with connect(f"ws://127.0.0.1:{daemon.facts()['port']}/") as web:

        def ask(asked: dict[str, Any]) -> dict[str, Any]:
            web.send(json.dumps(asked))
            return json.loads(web.recv(timeout=10))

        bare = {"id": "1", "method": "synthesize.voices"}
        assert ask(bare)["error"] == "Unauthorized"
        assert ask({"jsonrpc": "2.0", **bare})["error"]["message"] == "Unauthorized"
        for wrong in ("wrong", "", 7, TOKEN + "x"):
            assert ask(frame(wrong))["error"] == "Unauthorized"
        assert "voices" in ask(frame(TOKEN))["result"]
        assert ask({**frame(TOKEN), "method": "daemon.stop"})["errorInfo"]["code"] == "unauthorized"
        assert ask(bare)["error"] == "Unauthorized"  # it counts for its own call
        assert ask({**frame(daemon.facts()["token"]), "method": "daemon.stop"})["result"] == {"stopping": True}
    daemon.process.wait(timeout=10) if daemon.process else None


def test_beyond_loopback_only_with_a_token(daemon: Daemon) -> None:
    daemon.environment["VOX_HOST"] = "0.0.0.0"
    process = daemon.launch()
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 78 and "authToken" in errors
    daemon.environment["VOX_AUTH_TOKEN"] = TOKEN
    daemon.start()
    port, address = daemon.facts()["port"], own_address()
    assert get(port, "/health", address) == 401
    assert get(port, "/health", address, Authorization=f"Bearer {TOKEN}") == 200
    assert get(port, "/health", Host="evil.example", Authorization=f"Bearer {TOKEN}") == 421


@pytest.mark.parametrize("token", ["short", "${env:VOX_NO_SUCH_TOKEN}"])
def test_a_token_that_cannot_be_used(daemon: Daemon, token: str) -> None:
    daemon.environment["VOX_AUTH_TOKEN"] = token
    process = daemon.launch()
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 78 and "authToken" in errors and "Traceback" not in errors


@pytest.mark.parametrize(
    ("config", "variables"),
    [
        ({"authToken": 12345678901234567890}, {}),
        ({"authToken": ""}, {}),
        ({}, {"VOX_AUTH_TOKEN": TOKEN, "VOX_PORT": "x"}),
    ],
)
def test_a_token_that_was_meant_is_not_left_out(
    daemon: Daemon, config: dict[str, Any], variables: dict[str, str]
) -> None:
    daemon.home.config_json.write_text(json.dumps(config), encoding="utf-8")
    daemon.home.config_json.chmod(0o600)
    daemon.environment |= variables
    process = daemon.launch()
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 78 and "token" in errors and TOKEN not in errors and "Traceback" not in errors


def own_address() -> str:
    """An address of this machine by which others could reach it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing; only asks which way it would go
        except OSError:
            pytest.skip("this machine has no network")
        return probe.getsockname()[0]
