"""Providers on the nodes of a Ray cluster.

The daemon starts a relay, a program of ours that looks like the provider: it reads requests, writes answers, and ends
as the provider ends. Behind it, a Ray actor runs the provider itself on whichever node has room. So the daemon's
supervisor, limits, errors and telemetry see no difference, and Ray's client library, which ends the process it lives
in when its cluster goes away, never enters the daemon.
"""
