"""Says that it is busy, whatever is asked of it."""

from manners import encode, run, write

ERROR = {"code": -32001, "message": "not now", "data": {"retryAfterMs": 20}}

run(lambda request: write(encode({"jsonrpc": "2.0", "id": request["id"], "error": ERROR})))
