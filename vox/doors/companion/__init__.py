"""The companion bridge: plain HTTP for web pages."""
