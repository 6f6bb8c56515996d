"""What every test shares: properties are judged by what they find, not by how busy the machine is."""

import signal

from hypothesis import settings

from tests.pulse import own_sound_server, sound_server

__all__ = ["own_sound_server", "sound_server"]  # fixtures for every area

# Whoever starts the suite in the background may have it ignore Ctrl-C, and what it starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("vox", deadline=None)
settings.load_profile("vox")
