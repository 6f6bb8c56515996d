"""Every answer comes twice, the second time with another result."""

from manners import ALL, answer, run, write

run(lambda request: write(answer(request) + answer(request, {"text": "another"})), only=ALL)
