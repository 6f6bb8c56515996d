"""The reference server of OpenVIP without a microphone, a model and a keyboard: run by the Python that has dictare.

    python -P reference_server.py

Prints its port, and ends when its standard input does. `dictare serve` starts only where models, devices and a keyboard
are; engine and HTTP server of the package are used as they come, and what hears and speaks is left out.
"""

import sys

from dictare.config import Config
from dictare.core.engine import DictareEngine
from dictare.core.http_server import OpenVIPServer

_START_S = 30.0


def main() -> None:
    """Serve until standard input ends."""
    config = Config()
    config.output.mode = "agents"
    engine = DictareEngine(config, hotkey_enabled=False)
    server = OpenVIPServer(engine, port=0)
    server.start()
    if not server.wait_started(_START_S):
        raise SystemExit("the reference server did not start")
    engine.set_status_change_callback(server.notify_status_change)
    print(server.port, flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
