"""The Vox client RPC: JSON frames over WebSocket at `/`, and newline-delimited over a unix socket."""
