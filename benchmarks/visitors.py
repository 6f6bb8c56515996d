"""OpenVIP's clients that cost something without getting anything: those that come and go, that never read, that only
want to know how things stand."""

import json
import re
import selectors
import socket
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from benchmarks.subscribers import LIMIT_S, Sender, message, messages_of, subscribe

__all__ = ["come_and_go", "listen_to_status", "never_read"]

_BODY = 48_000  # of a message: as much as clients take whose lines may have 64 KiB
_LEAST_BUFFER = 4096
_PIECE = 65536


def come_and_go(port: int, visits: int) -> None:
    """Connect that many agents, each under a name of its own, one after another; returns when all have been let go."""
    begin = time.monotonic_ns()
    for number in range(visits):
        agent, _ = subscribe(port, messages_of(f"visitor-{begin}-{number}"))
        agent.close()
    until = time.monotonic() + LIMIT_S
    while left := _status(port)["connected_agents"]:
        if time.monotonic() > until:
            raise RuntimeError(f"{len(left)} agents are still there")
        time.sleep(0.02)


@contextmanager
def never_read(port: int, sender: Sender, megabytes: int) -> Generator[None]:
    """An agent that has been sent so much, and has read nothing."""
    agent, _ = subscribe(port, messages_of("sleeper"), receive=_LEAST_BUFFER)
    body = message("x" * _BODY)
    for _ in range(megabytes * 1_000_000 // len(body)):
        sender.send(sender.request("sleeper", body))
        sender.finish()
    try:
        yield
    finally:
        agent.close()


def listen_to_status(port: int, listeners: int) -> list[float]:
    """The milliseconds after which each of so many status streams has told that an agent came."""
    streams = [subscribe(port, "/openvip/status/stream") for _ in range(listeners)]
    selector = selectors.DefaultSelector()
    for stream, _ in streams:
        stream.setblocking(False)
        selector.register(stream, selectors.EVENT_READ, bytearray())
    _drain(selector)
    name = f"newcomer-{time.monotonic_ns()}"
    news = re.compile(rb'"connected_agents": ?\[[^\]]*"' + name.encode())
    begin = time.perf_counter()
    agent, _ = subscribe(port, messages_of(name))
    came = _when(selector, news, begin)
    for each in (agent, *(stream for stream, _ in streams)):
        each.close()
    selector.close()
    return [took * 1000 for took in came]


def _drain(selector: selectors.BaseSelector) -> None:
    """Until nothing has come for a while: what the streams tell first."""
    while ready := selector.select(0.5):
        for key, _ in ready:
            _socket(key).recv(_PIECE)


def _when(selector: selectors.BaseSelector, news: re.Pattern[bytes], begin: float) -> list[float]:
    came: list[float] = []
    while selector.get_map():
        if time.perf_counter() - begin > LIMIT_S:
            raise RuntimeError(f"{len(selector.get_map())} status streams did not tell it")
        for key, _ in selector.select(1.0):
            key.data.extend(_socket(key).recv(_PIECE))
            if news.search(key.data):
                came.append(time.perf_counter() - begin)
                selector.unregister(key.fileobj)
    return came


def _socket(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


def _status(port: int) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/openvip/status", timeout=LIMIT_S) as answer:
        return json.load(answer)
