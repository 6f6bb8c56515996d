"""Vendors of speech on this machine: servers that answer as their documentation says, and misbehave on demand."""
