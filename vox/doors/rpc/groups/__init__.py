"""The methods of the client RPC, a file for what belongs together."""
