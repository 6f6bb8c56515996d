"""The composition root: the only place that knows every layer.

Order of a start: lock the home, sweep what a killed daemon left, build the runtime, open the listeners, and only then
write runtime.json, so that whoever reads it finds a daemon that answers. A stop goes the same way back.
"""

import asyncio
import gc
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Scope
from starlette.websockets import WebSocket

from vox import __version__
from vox.audio.spool import sweep
from vox.config import load
from vox.config.origins import Origins
from vox.config.reach import is_loopback
from vox.daemon.access import access_of, admits, names_of
from vox.daemon.aliases import Alias, aliases_of, open_aliases
from vox.daemon.connections import connection_class
from vox.daemon.cors import Cors
from vox.daemon.discovery import make_token, only_daemon, publish, withdraw
from vox.daemon.doctor.examination import run_checks
from vox.daemon.guard import Guard
from vox.daemon.keys import Keys, check_none_is_lost
from vox.daemon.listen import HttpServer, bind_tcp, listen_unix
from vox.daemon.notify import Notifier
from vox.daemon.openvip import make_openvip
from vox.daemon.peers import Address, Peers
from vox.daemon.private import make_private
from vox.daemon.providers import make_supervisor
from vox.daemon.realtime import PAGES, open_realtime
from vox.daemon.reload import Reloader
from vox.daemon.signals import Signals, ignore_signals
from vox.doors.companion.server import Companion
from vox.doors.demo.page import demo_route
from vox.doors.events.http import event_route
from vox.doors.openai.answers import HANDLERS
from vox.doors.openai.errors import refused
from vox.doors.openai.server import OpenAi
from vox.doors.openvip.server import OpenVip
from vox.doors.rpc.groups.daemon import Daemon
from vox.doors.rpc.handler import Access
from vox.doors.rpc.methods import Methods
from vox.doors.rpc.server import serve_stream, serve_websocket
from vox.errors import ConfigError, VoxError
from vox.host.command import builtins, is_builtin
from vox.host.job import make_watcher
from vox.log import configure, get_logger, redactor
from vox.paths import Home
from vox.runtime.events import Events
from vox.runtime.registry import Registry
from vox.runtime.runtime import Runtime
from vox.runtime.telemetry import Recorder

__all__ = ["main", "run"]

STOP_GRACE_S = 4.5  # for the providers to end; a user who pressed Ctrl-C waits no longer than five seconds

_TURNS_TO_TELL = 8  # of the loop: to wake the listeners, then the writers, of which either may be a turn late

_log = get_logger()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the daemon in the foreground until a signal or a client stops it. Returns the exit status."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    if words in (["--version"], ["-V"]):
        print(f"voxd {__version__}")
        return 0
    if words:
        print("usage: voxd\nRuns the Vox daemon in the foreground. Settings: vox config path.", file=sys.stderr)
        return 0 if words in (["--help"], ["-h"]) else 2
    home = Home.from_env()
    try:
        _make_home(home)
        configure(home.daemon_log, console=sys.stderr is not None and sys.stderr.isatty())  # pythonw has none
        with only_daemon(home):
            anyio.run(run, home, backend_options={"use_uvloop": _has_uvloop()})
            ignore_signals()
    except (VoxError, ExceptionGroup) as raised:
        error = _first(raised)
        if not isinstance(error, VoxError):
            raise
        print(f"error: {error.message}", file=sys.stderr)
        return error.exit_status
    return 0


def _make_home(home: Home) -> None:
    try:
        home.ensure()
    except OSError as error:
        raise ConfigError(
            f"The home {home.root} cannot be used: {error.strerror} ({error.filename}). Mend it, or name another with"
            " VOX_HOME."
        ) from error


async def run(home: Home) -> None:
    """Serve until stopped.

    Raises:
        ConfigError: The address, the runtime folder or the token cannot be used. (In an exception group, after the
            start.)
    """
    known = builtins()
    has_builtin = partial(is_builtin, installed=known)
    configuration = load(home, has_builtin)
    for problem in configuration.problems:
        _log.warning("config.problem", problem=str(problem))
    check_none_is_lost(configuration.problems)
    for entry in configuration.entries:
        redactor.learn(entry.env)
    make_private(home.runtime_dir)
    sweep(home.spool)
    watcher = make_watcher()
    async with anyio.create_task_group() as background:
        recorder = Recorder(home.performance_jsonl)
        background.start_soon(recorder.run)
        registry = Registry(
            configuration, lambda entry: make_supervisor(entry, configuration, home, known, background, watcher)
        )
        runtime = Runtime(home, configuration, registry, recorder, background)
        background.start_soon(runtime.history.run)
        origins = Origins(home.root, configuration.settings.allowed_origins)
        reloader = Reloader(home, has_builtin, runtime, origins)
        registry.freshen = reloader.freshen
        signals = Signals(reloader.reload)
        # From before the daemon is announced to the very end: an impatient second signal must change nothing.
        await background.start(signals.watch)
        try:
            await _serve(home, runtime, reloader, origins, signals.stop)
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(STOP_GRACE_S):
                await registry.stop()
            for supervisor in registry.supervisors():
                supervisor.kill()
            watcher.close()
            background.cancel_scope.cancel()


async def _serve(home: Home, runtime: Runtime, reloader: Reloader, origins: Origins, stop: asyncio.Event) -> None:
    settings, started, notifier = runtime.configuration.settings, time.monotonic(), Notifier()
    token = make_token()
    redactor.learn_value(token)
    keys = Keys(token, lambda: runtime.configuration.settings, always=not is_loopback(settings.host))
    keys.check()
    allowed_any = "port" not in settings.model_fields_set
    listener = bind_tcp(settings.host, settings.port, or_any=allowed_any, beyond=settings.auth_token is not None)
    aliases = open_aliases(aliases_of(settings))
    facts = _facts(listener, home)
    methods = Methods(
        runtime,
        Daemon(
            health=lambda: _health(facts, started, aliases),
            doctor=lambda: run_checks(home, runtime),
            stop=stop.set,
            reload=lambda: _reload(reloader),
        ),
    )
    async with AsyncExitStack() as stack, anyio.create_task_group() as front:
        companion = Companion(runtime, methods, home, lambda scope: access_of(scope, keys), front)
        openai, events = OpenAi(runtime, home.spool), event_route(runtime.events, lambda scope: access_of(scope, keys))
        realtime = await stack.enter_async_context(
            open_realtime(runtime, openai.names, lambda scope: access_of(scope, keys))
        )
        doors = [events, *companion.routes(), *openai.routes(), *realtime.routes(), demo_route()]
        openvip = make_openvip(runtime, home, _app(methods, keys, doors), aliases, stop.set, front)
        server = HttpServer(_guarded(openvip, runtime, origins, keys), connection_class(_peers(runtime, listener)))
        front.start_soon(_run_http, server, [listener, *(alias.listener for alias in aliases if alias.listener)])
        await _open_unix(stack, home, methods, front)
        publish(home.runtime_json, {**facts, "token": token})
        notifier.ready(f"Listening on port {facts['port']}")
        front.start_soon(notifier.watch)
        _begin_collecting()
        _log.info("daemon.ready", port=facts["port"], socket=facts["socket"], pid=facts["pid"])
        runtime.events.describe("health", lambda: _health(facts, started, aliases))
        runtime.events.publish("health", "ready", _health(facts, started, aliases))
        front.start_soon(runtime.warm_up)
        try:
            await stop.wait()
        finally:
            notifier.stopping()
            withdraw(home.runtime_json)
            await _tell_stopping(runtime.events)
            await realtime.stop()
            openvip.stop()
            server.stop()
            front.cancel_scope.cancel()
            _log.info("daemon.stopping")


def _guarded(openvip: OpenVip, runtime: Runtime, origins: Origins, keys: Keys) -> Guard:
    """All doors, behind what stands before all of them. Who is turned away is told so in the words of the door."""

    def words(scope: Scope, status: int) -> bytes | None:
        return openvip.refusal(scope, status) or refused(scope["path"], status)

    names = names_of(lambda: runtime.configuration.settings)
    return Guard(Cors(openvip), origins.allows, names, lambda scope: admits(scope, keys), PAGES, words)


async def _tell_stopping(events: Events) -> None:
    """Tell those who listen; the loop's next turns put it on its way."""
    events.publish("health", "stopping", {})
    events.end()
    with anyio.CancelScope(shield=True):
        for _ in range(_TURNS_TO_TELL):
            await checkpoint()


def _begin_collecting() -> None:
    """What has been loaded by now stays: it is taken out of every later search for garbage."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


async def _run_http(server: HttpServer, listeners: list[socket.socket]) -> None:
    with anyio.CancelScope(shield=True):  # it ends by itself a second after `stop`
        await server.serve(sockets=listeners)


async def _open_unix(stack: AsyncExitStack, home: Home, methods: Methods, front: TaskGroup) -> None:
    if not hasattr(asyncio, "start_unix_server"):
        return

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        front.start_soon(serve_stream, reader, writer, methods, Access(owner=True))

    server = await listen_unix(home.socket, serve)

    def close() -> None:
        server.close()
        home.socket.unlink(missing_ok=True)

    stack.callback(close)


def _peers(runtime: Runtime, listener: socket.socket) -> Callable[[Address, Address], bool]:
    """Tells whether a loopback connection may come in. Where the system cannot tell whose it is, everybody's may."""
    peers = Peers()
    can_tell = peers.can_tell(listener.getsockname()[:2])

    def is_ours(peer: Address, local: Address) -> bool:
        return not can_tell or not runtime.configuration.settings.same_user_only or peers.is_ours(peer, local)

    return is_ours


def _app(methods: Methods, keys: Keys, doors: Sequence[BaseRoute]) -> Starlette:
    async def rpc(websocket: WebSocket) -> None:
        await serve_websocket(websocket, methods, access_of(websocket.scope, keys))

    async def alive(_: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    own = [WebSocketRoute("/", rpc), Route("/healthz", alive)]
    return Starlette(routes=[*own, *doors], exception_handlers=HANDLERS)


def _first(error: BaseException) -> BaseException:
    """The first plain exception inside groups: task groups wrap what ends them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _facts(listener: socket.socket, home: Home) -> dict[str, Any]:
    host, port = listener.getsockname()[:2]
    return {
        "version": __version__,
        "serviceName": "Vox",
        "host": host,
        "port": port,
        "pid": os.getpid(),
        "startedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "socket": str(home.socket) if hasattr(asyncio, "start_unix_server") else None,
    }


def _health(facts: dict[str, Any], started: float, aliases: list[Alias]) -> dict[str, Any]:
    host = f"[{facts['host']}]" if ":" in facts["host"] else facts["host"]
    doors = [
        {"name": "rpc", "url": f"ws://{host}:{facts['port']}/"},
        {"name": "companion", "url": f"http://{host}:{facts['port']}/"},
        {"name": "openai", "url": f"http://{host}:{facts['port']}/v1"},
        {"name": "realtime", "url": f"ws://{host}:{facts['port']}/v1/realtime"},
        {"name": "openvip", "url": f"http://{host}:{facts['port']}/openvip"},
        {"name": "demo", "url": f"http://{host}:{facts['port']}/demo"},
    ]
    return {
        "service": facts["serviceName"],
        **{name: facts[name] for name in ("version", "port", "pid", "startedAt", "socket")},
        "uptimeMs": round((time.monotonic() - started) * 1000),
        "doors": doors,
        "aliases": [alias.shape() for alias in aliases],
    }


def _reload(reloader: Reloader) -> dict[str, Any]:
    changes, problems = reloader.reload()
    shown = {name: [{"id": key, "kind": kind} for key, kind in keys] for name, keys in changes._asdict().items()}
    return {**shown, "problems": [asdict(problem) for problem in problems]}


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None
