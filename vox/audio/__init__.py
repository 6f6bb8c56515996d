"""Audio as numbers: reading, mixing, resampling, writing, and subtitles.

This layer knows nothing of providers, models, clients or sockets. Its light modules (`encode`, `formats`, `limits`,
`normalize`, `sniff`, `source`, `spool`, `subtitles`, `wav`) import neither numpy nor a sound library, so a daemon or a
command that only passes audio along starts without them; the heavy ones load on the first call that needs them.
"""

__all__: list[str] = []
