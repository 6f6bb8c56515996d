"""What the user configured: `providers.json` and `config.json`, read into frozen models.

A problem in one entry costs that entry, never the rest; every problem names file, line, place and what to write
instead.
"""

from vox.config.file import Problem
from vox.config.load import Configuration, load
from vox.config.preferences import Preferences
from vox.config.providers import ProviderEntry, Timeouts, schema
from vox.config.settings import Settings

__all__ = ["Configuration", "Preferences", "Problem", "ProviderEntry", "Settings", "Timeouts", "load", "schema"]
