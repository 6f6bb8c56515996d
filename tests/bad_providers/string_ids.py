"""Ids come back as strings."""

from manners import ALL, encode, run, usual, write

run(lambda request: write(encode({"id": str(request["id"]), "result": usual(request)})), only=ALL)
