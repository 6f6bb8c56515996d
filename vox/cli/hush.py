"""While this program is heard, agents are not told what the daemon's microphone hears: it would hear this program, and
an agent that answers what it is told would answer itself."""

import threading
import time
from contextlib import suppress

from vox.client.api import Client
from vox.errors import VoxError

__all__ = ["Hush"]

_LEASE_S = 4.0  # for which the daemon is told, and told again; if this program dies, it listens again after that
_END_S = 1.0  # for a daemon that hangs
_LATE_S = 0.3  # a sound device opens, and plays, later than it is told to


class Hush:
    """Tells the daemon of this home, if there is one. A user with headphones has told it not to mind."""

    def __init__(self) -> None:
        self._daemon = Client(start=False, timeout=_END_S, client_id="vox-cli")  # its connection is what it is known by
        self._until = 0.0  # on the monotonic clock
        self._news = threading.Condition()
        self._teller: threading.Thread | None = None

    def more(self, seconds: float) -> None:
        """So much more is heard behind what is heard now. The daemon knows when this returns."""
        with self._news:
            self._until = max(self._until, time.monotonic() + _LATE_S) + seconds
            if self._teller is not None:
                return
            self._deafen(_LEASE_S)
            self._teller = threading.Thread(target=self._tell, daemon=True, name="vox-hush")
            self._teller.start()

    def end(self) -> None:
        """Nothing is heard any more."""
        with self._news:
            self._until = 0.0
            teller = self._teller
            self._news.notify_all()
        if teller is not None:
            teller.join(2 * _END_S)
        self._daemon.close()

    def _tell(self) -> None:
        """Tell it again for as long as something is heard."""
        with self._news:
            while (left := self._until - time.monotonic()) > 0:
                self._news.wait_for(lambda: not self._until, min(_LEASE_S / 2, left))
                if self._until > time.monotonic():
                    self._deafen(_LEASE_S)
            self._deafen(0.0)
            self._teller = None

    def _deafen(self, seconds: float) -> None:
        with suppress(VoxError):  # nobody listens, or it is a daemon that cannot be told
            self._daemon.deafen(seconds)
