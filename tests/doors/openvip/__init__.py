"""OpenVIP."""
