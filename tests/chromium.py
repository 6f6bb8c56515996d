"""A headless Chromium of the tests' own, driven over its DevTools protocol
(https://chromedevtools.github.io/devtools-protocol/): pages are opened, and JavaScript is run in them.

Its microphone is a file. Nothing of the user's browser is touched: the profile is a new folder, deleted at the end.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.lacking import without

__all__ = ["Page", "browser"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_START_S = 30.0
_QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--metrics-recording-only",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=0",
]


class Page:
    """One page."""

    def __init__(self, socket: ClientConnection, session: str) -> None:
        self._socket, self._session, self._number = socket, session, 0

    def run(self, script: str, seconds: float = 30) -> Any:
        """The value of an expression, awaited when it is a promise."""
        given = {"expression": script, "awaitPromise": True, "returnByValue": True}
        result = self.call("Runtime.evaluate", seconds, **given)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def call(self, method: str, seconds: float = 30, **params: Any) -> dict[str, Any]:
        """One command of the protocol."""
        self._number += 1
        frame = {"id": self._number, "method": method, "params": params}
        return _ask(self._socket, frame | ({"sessionId": self._session} if self._session else {}), seconds)


class Browser:
    """Opens pages."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def open(self, url: str) -> Page:
        """A new page, loaded."""
        root = Page(self._socket, "")
        target = root.call("Target.createTarget", url="about:blank")["targetId"]
        session = root.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self._socket, session)
        page.call("Page.enable")
        page.call("Page.navigate", url=url)
        deadline = time.monotonic() + _START_S
        while page.run("location.href + ' ' + document.readyState") != f"{url} complete":
            assert time.monotonic() < deadline, f"{url} does not load"
            time.sleep(0.02)
        return page


@contextmanager
def browser(microphone: Path, aloud: bool = False) -> Generator[Browser]:
    """Chromium whose microphone plays a WAV file, from its start, once.

    Args:
        aloud: What pages play can be heard, at the sound server that the environment names.

    Skips the test where there is no Chromium; with VOX_TEST_EVERYTHING=1 it fails there.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        without("Chromium is missing: apt-get install chromium")
    folder = Path(tempfile.mkdtemp(prefix="vox-chromium-"))
    capture = f"--use-file-for-fake-audio-capture={microphone}%noloop"
    with open(folder / "stderr.log", "wb") as log:
        muted = [] if aloud else ["--mute-audio"]
        words = [program, *_QUIET, *muted, capture, f"--user-data-dir={folder / 'profile'}", "about:blank"]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(folder))
    try:
        with connect(_address(process, folder), max_size=1 << 26, open_timeout=_START_S) as socket:
            yield Browser(socket)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "DBUS_", "VOX_"))}
    return {**kept, "HOME": str(folder)}


def _address(process: "subprocess.Popen[bytes]", folder: Path) -> str:
    """Where it can be driven: it writes port and path into its profile when it is ready."""
    file, deadline = folder / "profile" / "DevToolsActivePort", time.monotonic() + _START_S
    while True:
        lines = file.read_text(encoding="ascii").split() if file.exists() else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        told = (folder / "stderr.log").read_text(encoding="utf-8", errors="replace")[-2000:]
        assert process.poll() is None and time.monotonic() < deadline, f"Chromium does not start: {told}"
        time.sleep(0.02)


def _ask(socket: ClientConnection, frame: dict[str, Any], seconds: float) -> dict[str, Any]:
    socket.send(json.dumps(frame))
    deadline = time.monotonic() + seconds
    while True:  # events come in between
        answer = json.loads(socket.recv(timeout=max(0.0, deadline - time.monotonic())))
        if answer.get("id") == frame["id"] and answer.get("sessionId", "") == frame.get("sessionId", ""):
            assert "error" not in answer, answer["error"]
            return answer["result"]
