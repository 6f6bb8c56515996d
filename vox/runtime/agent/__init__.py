"""The decisions of a spoken conversation: what is said, when, and what of it was heard.

It knows neither sockets nor the names of a wire: doors turn their events into its calls and what it gives into events.
"""

__all__: list[str] = []
