"""OpenAI's Realtime interface: spoken conversations on a WebSocket, GA inside and beta at its edge."""

__all__: list[str] = []
