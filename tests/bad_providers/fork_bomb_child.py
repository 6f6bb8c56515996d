"""Starts four processes that ignore every polite signal, and each of them one more; bounded: they end by themselves
after two minutes."""

import subprocess
import sys

from manners import answer, run, write

STUBBORN = """\
import signal, subprocess, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
if sys.argv[2:]:
    subprocess.Popen([sys.executable, "-c", sys.argv[1], sys.argv[1]])
print("up", flush=True)
time.sleep(120)
"""

children = [
    subprocess.Popen([sys.executable, "-c", STUBBORN, STUBBORN, "parent"], stdout=subprocess.PIPE) for _ in range(4)
]
for child in children:
    assert child.stdout is not None
    child.stdout.readline()

run(lambda request: write(answer(request)))
