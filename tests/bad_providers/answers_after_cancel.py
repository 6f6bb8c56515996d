"""Says that it can cancel, and answers each cancelled call all the same, as if nothing had been said."""

from manners import Request, answer, run, write

waiting: dict[int, Request] = {}


def act(request: Request) -> None:
    if request["method"] != "cancel":
        waiting[request["id"]] = request
        return
    write(answer(waiting.pop(request["params"]["id"])))


run(act, only=("transcribe", "synthesize", "cancel"), features=["cancel"])
