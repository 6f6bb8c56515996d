"""The runtime's events, as clients see them: pushed on a connection of the client RPC, or read from `GET /events`."""

__all__: list[str] = []
