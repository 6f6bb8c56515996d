"""The decisions: which provider, whose turn, how long, what it cost.

No sockets and no processes of its own: it works on the host below it and is called by the doors above it, with plain
values in and plain values out.
"""
