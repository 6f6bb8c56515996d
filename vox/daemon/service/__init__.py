"""The daemon as a service of the system: started at login, watched, and started again when it fails."""

import sys

from vox.daemon.service.actions import State, install, start, uninstall
from vox.daemon.service.manager import Manager, Step
from vox.daemon.service.program import program_of
from vox.errors import ServiceUnavailable
from vox.paths import Home

__all__ = ["Manager", "State", "Step", "install", "manager_for", "start", "uninstall"]


def manager_for(home: Home, platform: str = sys.platform) -> Manager:
    """The service manager of this system, for the daemon of that home.

    Raises:
        ServiceUnavailable: Vox knows none for this system.
    """
    if platform.startswith("linux"):
        from vox.daemon.service.systemd import Systemd

        return Systemd(program_of(home))
    if platform == "darwin":
        from vox.daemon.service.launchd import Launchd

        return Launchd(program_of(home), home)
    if platform == "win32":
        from vox.daemon.service.windows import Windows

        return Windows(program_of(home, windowless=True), home)
    raise ServiceUnavailable(
        f"Vox knows no service manager on {platform}. Have `voxd` started at login, or use: vox daemon start"
    )
