"""A terminal program that is spoken to: it runs under a pseudo-terminal, and what is said is typed into it.

Decisions about bytes (`keys`, `typist`, `watcher`, `status_line`) know of no file descriptor; `screen` and `program`
have those of the two sides, and `session` moves the bytes between them.
"""

__all__: list[str] = []
