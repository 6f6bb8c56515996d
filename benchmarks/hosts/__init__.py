"""One provider child and several hosts that talk to it: the bare pipe, Vox, and the MCP Python SDK."""
