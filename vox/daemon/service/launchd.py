"""An agent of launchd, in the session of the desktop. Sources: launchd.plist(5), launchctl(1)."""

import os
import plistlib
import re
from pathlib import Path

from vox.client.launch import startup_log
from vox.daemon.service.manager import Seen, Step, run, tail
from vox.daemon.service.program import Program
from vox.errors import ServiceUnavailable
from vox.paths import Home

__all__ = ["LABEL", "Launchd"]

LABEL = "local.voxhost.daemon"

_INSTEAD = "It is part of macOS. Run the daemon yourself: vox daemon start"
_BOOTOUT_S = 20.0  # `bootout` returns before the old daemon has ended, which it does within five seconds
_STATE = re.compile(r"^\s*state = (\S+)", re.MULTILINE)
_PID = re.compile(r"^\s*pid = (\d+)", re.MULTILINE)


class Launchd:
    """The agent of the user who is logged in at the desktop."""

    name = "launchd agent"
    encoding = "utf-8"
    traces = ()

    def __init__(self, program: Program, home: Home, user: int | None = None) -> None:
        self._program, self._errors = program, startup_log(home)
        self._domain = f"gui/{os.getuid() if user is None else user}"
        self._target = f"{self._domain}/{LABEL}"
        self.path = Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        self.hint = (
            f"macOS asks once whether {program.argv[0]} may use the microphone: allow it, or live sessions hear nothing"
        )

    def text(self) -> str:
        """The property list."""
        facts = {
            "Label": LABEL,
            "ProgramArguments": list(self._program.argv),
            "EnvironmentVariables": self._program.environment,
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 10,
            "ExitTimeOut": 15,
            "ProcessType": "Interactive",  # else recognition is slowed down while somebody waits for it
            "Umask": 0o077,
            "StandardErrorPath": str(self._errors),
        }
        return plistlib.dumps(facts, sort_keys=False).decode("utf-8")

    def reach(self) -> None:
        """Ask for the session's domain."""
        done = run(["launchctl", "print", self._domain], _INSTEAD)
        if done.status:
            raise ServiceUnavailable(
                f"launchd has no desktop session of this user ({self._domain}): {done.output}. Log in at the desktop,"
                " and try again there. Without a service: vox daemon start",
                status=done.status,
            )

    def install_steps(self) -> list[Step]:
        """An agent that is loaded already keeps its old description: it is unloaded first."""
        return [
            Step(("launchctl", "bootout", self._target), may_fail=True),
            Step(("launchctl", "enable", self._target)),
            Step(("launchctl", "bootstrap", self._domain, str(self.path)), again_s=_BOOTOUT_S),
        ]

    def uninstall_steps(self) -> list[Step]:
        """Unloading an agent stops it."""
        return [Step(("launchctl", "bootout", self._target), may_fail=True)]

    def forget_steps(self) -> list[Step]:
        """Nothing is left once the file is gone."""
        return []

    def look(self) -> Seen:
        """What `launchctl print` says of the agent."""
        self.reach()
        done = run(["launchctl", "print", self._target], _INSTEAD)
        if done.status:
            return Seen(enabled=False, running=False)
        state, pid = _STATE.search(done.output), _PID.search(done.output)
        running = state is not None and state.group(1) == "running"
        return Seen(True, running, int(pid.group(1)) if pid else None)

    def log(self, lines: int) -> str:
        """What the daemon has printed."""
        return tail(self._errors, lines)
