"""The two sockets of the client RPC under hostile and careless use: the daemon loses nothing but the connection."""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.daemon.conftest import Client, Daemon, until
from vox.doors.rpc.server import MAX_FRAME

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="unix sockets")


def url(served: Daemon) -> str:
    return f"ws://127.0.0.1:{served.facts()['port']}/"


def ask(web: Any, method: str, /, **params: Any) -> dict[str, Any]:
    web.send(json.dumps({"id": "1", "method": method, "params": params}))
    return json.loads(web.recv(timeout=10))


def healthy(served: Daemon) -> bool:
    with Client(served.socket) as client:
        return client.call("health")["pid"] == served.pid


def in_use(served: Daemon, provider: str = "ear") -> int:
    return served.providers()[provider]["inUse"]


ODD = [
    b"\n",
    b"\r\n",
    b"\x00\n",
    b"\xff\xff\xff\n",
    b"[" * 100_000 + b"\n",
    b'{"a":' * 100_000 + b"\n",
    b"[" + b"{}," * 1000 + b"{}]\n",
    b'\xef\xbb\xbf{"id": ' + b"9" * 400 + b', "method": "health"}\n',
    b'{"id": {"a": [1]}, "method": "health"}\n',
    b'{"id": "\\ud800", "method": "\\udfff"}\n',
    b'{"jsonrpc": "2.0", "id": NaN, "method": "health"}\n',
    b'{"id": 1e999, "method": "health", "params": {"clientId": 7}}\n',
]


@pytest.mark.parametrize("frame", ODD, ids=range(len(ODD)))
def test_an_odd_frame_costs_nobody_anything(served: Daemon, frame: bytes) -> None:
    with Client(served.socket) as client:
        client.send(frame)
        client.send({"id": "after", "method": "health"})
        assert any(client.receive().get("id") == "after" for _ in range(3000))
    with connect(url(served)) as web:
        web.send(frame.decode("utf-8", "replace").rstrip("\n"))
        web.send(frame)
        web.send(json.dumps({"id": "after", "method": "health"}))
        assert any(json.loads(web.recv(timeout=10)).get("id") == "after" for _ in range(3000))


def test_a_frame_over_the_cap_ends_the_connection_alone(served: Daemon) -> None:
    block = b" " * (1 << 20)
    with Client(served.socket) as client:
        try:
            for _ in range((MAX_FRAME >> 20) + 66):  # the stream may hold a second frame's worth before it stops
                client.send(block)
        except (ConnectionError, TimeoutError):
            pass
        assert client.closed()
    with connect(url(served), max_size=None) as web:
        with pytest.raises(ConnectionClosed) as caught:
            web.send(" " * (MAX_FRAME + 1))
            web.recv(timeout=20)
        assert caught.value.rcvd is not None and caught.value.rcvd.code == 1009
    assert healthy(served)


def test_a_frame_of_megabytes_is_taken(served: Daemon) -> None:
    frame = json.dumps({"id": "big", "method": "health", "params": {"fill": "x" * (8 << 20)}})
    with Client(served.socket) as client:
        client.send(frame.encode("utf-8") + b"\n")
        assert client.receive()["id"] == "big"
    with connect(url(served)) as web:
        web.send(frame)
        assert json.loads(web.recv(timeout=20))["id"] == "big"


def test_half_a_frame_and_gone(served: Daemon) -> None:
    with Client(served.socket) as client:
        client.send(b'{"id": "1", "method": "hea')
    with socket.create_connection(("127.0.0.1", served.facts()["port"]), timeout=5) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgr")
    assert healthy(served)


@pytest.mark.parametrize("transport", ["unix", "websocket"])
@pytest.mark.parametrize(
    ("provider", "method", "params"),
    [("ear", "transcribe.file", {"prompt": "hang"}), ("mouth", "synthesize.generate", {"instructions": "hang"})],
)
def test_a_client_that_vanishes_in_mid_call_frees_its_permit(
    served: Daemon, recording: str, transport: str, provider: str, method: str, params: dict[str, str]
) -> None:
    params = {**params, "path": recording, "text": "hello"}
    frame = {"id": "1", "method": method, "params": params}
    rows = len(served.rows())
    if transport == "unix":
        client = Client(served.socket)
        client.send(frame)
        until(lambda: in_use(served, provider) == 1)
        client.close()
    else:
        with connect(url(served)) as web:
            web.send(json.dumps(frame))
            until(lambda: in_use(served, provider) == 1)
            web.socket.shutdown(socket.SHUT_RDWR)  # no closing handshake: the program died
    until(lambda: in_use(served, provider) == 0)
    until(lambda: len(served.rows()) == rows + 1)
    assert served.rows()[-1]["outcome"] == "cancelled"
    assert not os.listdir(served.home.spool)


def test_a_flood_of_connections_that_come_and_go(served: Daemon, recording: str) -> None:
    before = len(os.listdir(f"/proc/{served.pid}/fd")) if sys.platform == "linux" else 0
    for number in range(60):
        client = Client(served.socket)
        client.begin("transcribe.file", path=recording, prompt="hang" if number % 2 else "")
        client.close()
    until(lambda: in_use(served) == 0)
    assert healthy(served)
    if sys.platform == "linux":
        until(lambda: len(os.listdir(f"/proc/{served.pid}/fd")) <= before + 4)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://listed.example.evil.example"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:42137", "Origin": "https://listed.example"}, 421),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_foreign_page_or_name_is_refused_before_the_upgrade(
    served: Daemon, headers: dict[str, str], status: int
) -> None:
    port = served.facts()["port"]
    head = {"Host": f"127.0.0.1:{port}", "Upgrade": "websocket", "Connection": "Upgrade"}
    head |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13", **headers}
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        raw.sendall(f"GET / HTTP/1.1\r\n{lines}\r\n".encode("ascii"))
        answer = raw.recv(4096).decode("latin-1")
    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert "access-control" not in answer.lower() and answer.endswith("\r\n\r\n")


def test_a_foreign_page_gets_no_plain_answer_either(served: Daemon) -> None:
    for header, status in (("Origin: https://evil.example", 403), ("Host: evil.example", 421)):
        with socket.create_connection(("127.0.0.1", served.facts()["port"]), timeout=5) as raw:
            host = "" if header.startswith("Host") else "Host: localhost\r\n"
            raw.sendall(f"GET /healthz HTTP/1.1\r\n{host}{header}\r\nConnection: close\r\n\r\n".encode("ascii"))
            assert raw.recv(4096).startswith(f"HTTP/1.1 {status} ".encode("ascii"))


def test_a_listed_page_may_ask_but_names_no_files(served: Daemon, recording: str) -> None:
    with connect(url(served), origin="https://listed.example") as web:  # type: ignore[arg-type]
        assert ask(web, "health")["result"]["service"] == "Vox"
        assert ask(web, "transcribe.file", path=recording)["errorInfo"]["code"] == "path_not_allowed"
        assert ask(web, "models.install")["errorInfo"]["code"] == "unauthorized"
        assert ask(web, "daemon.stop")["errorInfo"]["code"] == "unauthorized"
        assert ask(web, "synthesize.generate", text="hello")["result"]["audioBytes"]


def test_a_page_listed_later_may_ask_without_a_restart(served: Daemon) -> None:
    with pytest.raises(InvalidStatus):
        connect(url(served), origin="https://later.example")  # type: ignore[arg-type]
    served.home.origins_json.write_text('{"origin": "https://later.example"}', encoding="utf-8")
    served.home.origins_json.chmod(0o600)
    with connect(url(served), origin="https://later.example") as web:  # type: ignore[arg-type]
        assert ask(web, "health")["result"]
    served.home.origins_json.unlink()


def test_the_token_makes_the_owner(served: Daemon) -> None:
    token = served.facts()["token"]
    with connect(url(served)) as web:
        assert ask(web, "providers.call", id="ear", method="echo")["errorInfo"]["code"] == "unauthorized"
    for wrong in ("", "x", token[:-1], token + "x", "é"):
        with connect(
            url(served), additional_headers={"Authorization": f"Bearer {wrong}".encode().decode("latin-1")}
        ) as web:
            assert ask(web, "providers.call", id="ear", method="echo")["errorInfo"]["code"] == "unauthorized"
    with connect(url(served), additional_headers={"Authorization": f"Bearer {token}"}) as web:
        assert ask(web, "providers.call", id="ear", method="echo")["result"] == {"result": {}}
    log = served.log()
    assert token not in log


def test_binary_frames_are_read_as_text(served: Daemon) -> None:
    with connect(url(served)) as web:
        web.send(b'{"id": "1", "method": "health"}')
        assert isinstance(web.recv(timeout=10), str)


def test_other_paths_lead_nowhere(served: Daemon) -> None:
    with pytest.raises(InvalidStatus):
        connect(url(served) + "elsewhere")


def test_many_clients_at_once_each_get_their_own(served: Daemon, recording: str, tmp_path: Path) -> None:
    clients = [Client(served.socket) for _ in range(8)]
    for number, client in enumerate(clients):
        client.begin("transcribe.file", path=recording, prompt=f"say number {number}", clientId=f"app-{number}")
    texts = [client.receive()["result"]["text"] for client in clients]
    assert texts == [f"number {number}" for number in range(8)]
    for client in clients:
        client.close()
