"""A daemon's OpenVIP interface, as tests of other programs look at it: who is there, and whether it listens."""

import json
import urllib.request
import uuid
from datetime import UTC, datetime
from typing import Any

from tests.cli.daemons import wait_until
from vox.client import Client

_LIMIT_S = 20


class OpenVip:
    """Of the daemon of a client."""

    def __init__(self, vox: Client) -> None:
        told = json.loads((vox.home.root / "runtime.json").read_text(encoding="utf-8"))
        self.port: int = told["port"]
        self.url = f"http://127.0.0.1:{self.port}/openvip"

    def status(self) -> dict[str, Any]:
        """How everything stands."""
        with urllib.request.urlopen(f"{self.url}/status", timeout=_LIMIT_S) as answer:
            return json.load(answer)

    def wait_for(self, agent: str) -> None:
        """Until an agent is connected."""
        wait_until(lambda: agent in self.status()["connected_agents"])

    def wait_until_listening(self) -> None:
        """Until the microphone is open, and nobody speaks."""
        wait_until(lambda: self.status()["platform"]["state"] == "listening")

    def wait_until_alone(self) -> None:
        """Until every agent has gone."""
        wait_until(lambda: not self.status()["connected_agents"])

    def tell(self, agent: str, text: str, *ops: str) -> None:
        """Send an agent a text as if it were said, and what is to be done with it."""
        said = {"openvip": "1.0", "type": "transcription", "id": str(uuid.uuid4()), "text": text}
        said |= {"timestamp": datetime.now(UTC).isoformat(), "language": "en"}
        body = json.dumps(said | ({"x_input": {"ops": ops}} if ops else {})).encode()
        request = urllib.request.Request(
            f"{self.url}/agents/{agent}/messages", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_LIMIT_S) as answer:
            assert json.load(answer)["status"] == "ok"
