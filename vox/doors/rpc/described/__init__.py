"""Every method of the client RPC in a form that programs can read: what it takes, answers and tells meanwhile.

The one source of `rpc.discover` and of `docs/reference/openrpc.json`; the tests hold the methods, their answers and
their page against it.
"""
