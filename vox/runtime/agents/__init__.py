"""Agents: programs that are spoken to, one at a time, and speak.

Decisions alone: nothing here knows of sockets, or how a message is written on a wire.
"""
