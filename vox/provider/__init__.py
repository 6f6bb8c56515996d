"""The kit for provider authors, on the standard library alone."""
