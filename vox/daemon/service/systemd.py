"""A unit of systemd's user manager. Sources: systemd.service(5), systemd.exec(5), systemd.syntax(7), systemctl(1)."""

import os
from pathlib import Path

from vox.daemon.service.manager import Done, Seen, Step, run
from vox.daemon.service.program import Program
from vox.errors import ServiceUnavailable

__all__ = ["UNIT", "Systemd"]

UNIT = "vox.service"

_PROPERTIES = ("FragmentPath", "UnitFileState", "ActiveState", "SubState", "MainPID", "Result")
_INSTEAD = "It comes with systemd. Without it, run the daemon yourself: vox daemon start"

# Mixed: the daemon alone is asked to end, and it ends its providers in order. A wrong configuration (78) does not mend
# itself. A core file would hold speech. ProtectSystem and the like are left out: they need user namespaces, which some
# distributions forbid, and a provider writes where its user lets it.
_TEMPLATE = """\
# Written by `vox service install`; `vox service uninstall` removes it. Your own changes: systemctl --user edit vox
[Unit]
Description=Vox, the local voice runtime
StartLimitIntervalSec=300
StartLimitBurst=5

[Service]
Type=notify
ExecStart={command}
ExecReload=kill -HUP $MAINPID
{environment}Restart=on-failure
RestartSec=2
RestartPreventExitStatus=78
TimeoutStartSec=60
TimeoutStopSec=15
WatchdogSec=60
KillMode=mixed
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK

[Install]
WantedBy=default.target
"""


class Systemd:
    """The unit `vox.service` of the user."""

    name = "systemd user unit"
    encoding = "utf-8"
    hint = "It runs while you are logged in. To have it run without a login: sudo loginctl enable-linger $USER"

    def __init__(self, program: Program) -> None:
        self._program = program
        folder = _config_home() / "systemd" / "user"
        self.path = folder / UNIT
        self.traces = (folder / "default.target.wants" / UNIT,)

    def text(self) -> str:
        """The unit."""
        variables = self._program.environment.items()
        return _TEMPLATE.format(
            command=" ".join(_word(word) for word in self._program.argv),
            environment="".join(f"Environment={_word(f'{name}={value}')}\n" for name, value in variables),
        )

    def reach(self) -> None:
        """Ask the manager for its version; without a session it cannot be asked for anything."""
        done = _systemctl("show", "--property=Version")
        if done.status:
            raise ServiceUnavailable(
                f"systemd's manager of this user does not answer: {done.output}. There is none in a container, nor for"
                " a user who came by su or sudo. Log in as the user itself, by ssh for one, or have the manager run"
                " always: sudo loginctl enable-linger $USER. Without a service: vox daemon start",
                status=done.status,
            )

    def install_steps(self) -> list[Step]:
        """`restart` waits until the daemon is ready, or has failed."""
        words = (["daemon-reload"], ["enable", UNIT], ["reset-failed", UNIT], ["restart", UNIT])
        return [Step(("systemctl", "--user", *word), may_fail=word[0] == "reset-failed") for word in words]

    def uninstall_steps(self) -> list[Step]:
        """Stop it now, and have it start no more."""
        return [Step(("systemctl", "--user", "disable", "--now", UNIT))]

    def forget_steps(self) -> list[Step]:
        """Its failures, if there were any, are forgotten too."""
        return [
            Step(("systemctl", "--user", "daemon-reload")),
            Step(("systemctl", "--user", "reset-failed", UNIT), may_fail=True),
        ]

    def look(self) -> Seen:
        """What `systemctl show` says."""
        self.reach()
        shown = _systemctl("show", UNIT, f"--property={','.join(_PROPERTIES)}")
        facts = {name: value for name, _, value in (line.partition("=") for line in shown.output.splitlines())}
        active = facts.get("ActiveState", "")
        pid = facts.get("MainPID", "")
        detail = f"{active} ({facts.get('SubState')})" if active not in ("", "inactive", "active") else None
        if active == "failed" and facts.get("Result"):
            detail = f"failed ({facts['Result']})"
        ours = facts.get("FragmentPath") == str(self.path)  # a package may bring a unit of that name
        return Seen(
            enabled=ours and facts.get("UnitFileState") == "enabled",
            running=ours and active in ("active", "reloading"),
            pid=int(pid) if pid.isdecimal() and pid != "0" else None,
            detail=detail,
        )

    def log(self, lines: int) -> str:
        """The journal of the unit."""
        argv = ["journalctl", "--user-unit", UNIT, "--lines", str(lines), "--no-pager", "--quiet"]
        done = run(argv, "The journal comes with systemd. The daemon's own log: vox logs")
        if done.status:
            raise ServiceUnavailable(f"The journal cannot be read: {done.output}. The daemon's own log: vox logs")
        return done.output


def _systemctl(*words: str) -> Done:
    return run(["systemctl", "--user", *words], _INSTEAD)


def _config_home() -> Path:
    named = os.environ.get("XDG_CONFIG_HOME", "")
    return Path(named) if os.path.isabs(named) else Path.home() / ".config"


def _word(text: str) -> str:
    """One word of a unit file, quoted: `%` and `\\` mean something there, and `$` means it in ExecStart's arguments,
    of which none has one."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{escaped}"'
