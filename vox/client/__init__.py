"""The SDK for applications: finds the daemon, starts it if need be, and calls it."""
