"""A provider of both kinds that streams what its caller says: its first argument is its `models` answer, and the
`prompt` (or `instructions`, or text) of a call is a list of steps as JSON, or the environment's STEPS is:

    {"send": {…}}      a line, in which "$" stands for the request's id
    {"raw": "…"}       a line that is no JSON
    {"answer": {…}}    the result; a call without one is never answered, but for a `cancel`
    {"file": NAME, "bytes": n}   a file in `outDir`, which "$outDir" stands for in an answer
    {"gate": PATH}     wait until that file exists
    {"told": PATH}     leave a file there
    {"die": true}      end by SIGKILL
    {"repeat": n, "seconds": s, "zeros": z, "send": {…}}   the line n times, "$n" being its number and "$zeros" z bytes

A `cancel` leaves a file where the environment's TOLD says, and ends the call's steps.
"""

import base64
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

SPEC = json.loads(sys.argv[1])
lock = threading.Lock()
cancelled: set[int] = set()


def send(message: dict[str, Any]) -> None:
    with lock:
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        sys.stdout.flush()


def filled(value: Any, meanings: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: filled(item, meanings) for name, item in value.items()}
    if isinstance(value, str):
        found = meanings.get(value, value)
        return found.replace("$outDir", str(meanings.get("$outDir"))) if isinstance(found, str) else found
    return value


def follow(number: int, step: dict[str, Any], params: dict[str, Any]) -> None:
    zeros = base64.b64encode(bytes(step.get("zeros", 0))).decode("ascii")
    meanings: dict[str, Any] = {"$": number, "$outDir": params.get("outDir"), "$zeros": zeros}
    if "raw" in step:
        with lock:
            sys.stdout.write(step["raw"] + "\n")
            sys.stdout.flush()
    if "gate" in step:
        while not Path(step["gate"]).exists() and number not in cancelled:
            time.sleep(0.005)
    if "told" in step:
        Path(step["told"]).touch()
    if "die" in step:
        os.kill(os.getpid(), signal.SIGKILL)
    if "file" in step:
        (Path(params["outDir"]) / step["file"]).write_bytes(base64.b64decode(step["bytes"]))
    if "link" in step:
        (Path(params["outDir"]) / step["link"]).symlink_to(step["to"])
    for index in range(step.get("repeat", 1)):
        if "send" in step and number not in cancelled:
            time.sleep(step.get("seconds", 0))
            send(filled(step["send"], {**meanings, "$n": index}))
    if "answer" in step:
        send({"id": number, "result": filled({"modelId": params["modelId"], **step["answer"]}, meanings)})


def work(number: int, params: dict[str, Any]) -> None:
    orders = params.get("prompt") or params.get("instructions") or params.get("input", "")
    steps = json.loads(orders if orders.startswith("[") else os.environ.get("STEPS", "[]"))
    for step in steps:
        if number not in cancelled:
            follow(number, step, params)
    while not any("answer" in step for step in steps) and number not in cancelled:
        time.sleep(0.005)
    if number in cancelled:
        if "TOLD" in os.environ:
            Path(os.environ["TOLD"]).touch()
        send({"id": number, "error": {"code": -32800, "message": "cancelled"}})


for line in sys.stdin:
    request = json.loads(line)
    given = request.get("params") or {}
    if request["method"] == "models":
        send({"id": request["id"], "result": SPEC})
    elif request["method"] == "cancel":
        cancelled.add(given["id"])
    elif request["method"] in ("transcribe", "synthesize"):
        threading.Thread(target=work, args=(request["id"], given), daemon=True).start()
    else:
        send({"id": request["id"], "error": {"code": -32601, "message": "no such method"}})
