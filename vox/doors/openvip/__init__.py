"""The OpenVIP door: agents read what is said to them as events, and have texts spoken, over plain HTTP.

Implements OpenVIP 1.0. What is decided about agents is in `vox.runtime.agents`; here is only how it is put on the wire.
"""

__all__: list[str] = []
