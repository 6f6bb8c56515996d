"""The protocol core without I/O: bytes in, events out.

Three users share it: the host (provider processes), the client door, and tests. It knows JSON-RPC 2.0, line framing
and the shapes of the provider methods; it never sees a pipe, a socket, a clock or a log.
"""
