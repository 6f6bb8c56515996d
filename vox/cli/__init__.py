"""The command line: parses, calls the client, prints."""
