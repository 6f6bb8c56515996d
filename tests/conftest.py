"""What every test shares: properties are judged by what they find, not by how busy the machine is."""

from hypothesis import settings

settings.register_profile("vox", deadline=None)
settings.load_profile("vox")
