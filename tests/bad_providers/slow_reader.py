"""Reads its input sixteen bytes at a time, with a pause after each."""

import os
import time

from manners import ALL, answer, requests, respond, write

data = b""
while piece := os.read(0, 16):
    time.sleep(0.0005)
    *lines, data = (data + piece).split(b"\n")
    for line in lines:
        for request in requests(line):
            if "id" in request:
                respond(request, lambda asked: write(answer(asked)), ALL, {})
