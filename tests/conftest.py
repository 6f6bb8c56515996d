"""What every test shares: properties are judged by what they find, not by how busy the machine is."""

from hypothesis import settings

from tests.pulse import own_sound_server, sound_server

__all__ = ["own_sound_server", "sound_server"]  # fixtures for every area

settings.register_profile("vox", deadline=None)
settings.load_profile("vox")
