"""A task of the Windows Task Scheduler, at logon. Sources: the Task Scheduler schema, schtasks."""

import os
import re
import subprocess
from xml.sax.saxutils import escape

from vox.client.launch import startup_log
from vox.daemon.service.manager import Seen, Step, run, tail
from vox.daemon.service.program import Program
from vox.errors import ServiceUnavailable
from vox.paths import Home

__all__ = ["TASK", "Windows"]

TASK = "Voxhost"

_INSTEAD = "It is part of Windows. Run the daemon yourself: vox daemon start"
_DISABLED = re.compile(r"<Settings>.*<Enabled>\s*false\s*</Enabled>.*</Settings>", re.DOTALL)

_TEMPLATE = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Vox, the local voice runtime. Written by: vox service install</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>3</Count>
    </RestartOnFailure>
    <Enabled>true</Enabled>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{command}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


class Windows:
    """The task `Voxhost` of the user."""

    name = "scheduled task"
    encoding = "utf-16"
    traces = ()
    hint = (
        "It starts when you log in. Windows must let desktop programs use the microphone: Settings, Privacy, Microphone"
    )

    def __init__(self, program: Program, home: Home, user: str | None = None) -> None:
        self._program, self._errors = program, startup_log(home)
        self._user = user or "\\".join(filter(None, (os.environ.get("USERDOMAIN"), os.environ.get("USERNAME"))))
        self.path = home.root / "vox-task.xml"

    def text(self) -> str:
        """The task. A task has no environment of its own: Python sets it before it runs the daemon."""
        program, *words = self._program.argv
        places = {name: value for name, value in self._program.environment.items() if name != "PATH"}
        if places:
            code = (
                f"import os, runpy; os.environ.update({places!r}); runpy.run_module('vox.daemon', run_name='__main__')"
            )
            words = ["-P", "-c", code]
        return _TEMPLATE.format(
            user=escape(self._user), command=escape(program), arguments=escape(subprocess.list2cmdline(words))
        )

    def reach(self) -> None:
        """Ask for the help, which needs nothing."""
        done = run(["schtasks", "/?"], _INSTEAD)
        if done.status:
            raise ServiceUnavailable(f"The Task Scheduler does not answer: {done.output}. {_INSTEAD}")

    def install_steps(self) -> list[Step]:
        """A task of that name is replaced."""
        return [
            Step(("schtasks", "/Create", "/TN", TASK, "/XML", str(self.path), "/F")),
            Step(("schtasks", "/Run", "/TN", TASK)),
        ]

    def uninstall_steps(self) -> list[Step]:
        """Ending a task ends its process."""
        return [
            Step(("schtasks", "/End", "/TN", TASK), may_fail=True),
            Step(("schtasks", "/Delete", "/TN", TASK, "/F"), may_fail=True),
        ]

    def forget_steps(self) -> list[Step]:
        """Nothing is left once the task is deleted."""
        return []

    def look(self) -> Seen:
        """Whether the task is registered. Whether it runs is told in the language of the system: runtime.json knows."""
        done = run(["schtasks", "/Query", "/TN", TASK, "/XML"], _INSTEAD)
        if done.status or "vox.daemon" not in done.output:
            return Seen(enabled=False, running=False, detail=None if done.status else "the task is another program's")
        return Seen(enabled=not _DISABLED.search(done.output), running=None)

    def log(self, lines: int) -> str:
        """What daemons have printed that clients had started; a task's own output is not kept."""
        return tail(self._errors, lines)
