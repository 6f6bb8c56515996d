"""Agents: programs that are spoken to through the daemon's microphone, and that speak through its loudspeaker.

The daemon's side of it is its OpenVIP door. What goes over the wire is in `http` and `reading`, without any I/O, so
that blocking programs and event loops share it.
"""

__all__: list[str] = []
