"""Reads its input sixteen bytes at a time, with a pause after each."""

import json
import os
import time

from manners import answer, write

data = b""
while piece := os.read(0, 16):
    time.sleep(0.0005)
    *lines, data = (data + piece).split(b"\n")
    for line in lines:
        write(answer(json.loads(line)))
