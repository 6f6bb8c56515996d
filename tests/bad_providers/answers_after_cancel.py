"""Says that it can cancel, and answers each cancelled call all the same, as if nothing had been said."""

from manners import Request, answer, run, write

LATE = {"modelId": "bad:1", "text": "late"}  # a good one looks at the file, which may have gone with the call

waiting: dict[int, Request] = {}


def act(request: Request) -> None:
    if request["method"] != "cancel":
        waiting[request["id"]] = request
        return
    write(answer(waiting.pop(request["params"]["id"]), LATE))


run(act, only=("transcribe", "synthesize", "cancel"), features=["cancel"])
