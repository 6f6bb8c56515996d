"""A page to talk to the daemon with: one file, no build, nothing from elsewhere."""

__all__: list[str] = []
