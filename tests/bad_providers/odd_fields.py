"""All that is needed is there, and everything beside it is of the wrong type."""

from manners import ALL, Request, answer, run, usual, write

ODD = {
    "modelId": 5,
    "elapsedMs": "soon",
    "metrics": [1],
    "words": {"no": "list"},
    "segments": "none",
    "language": ["en"],
    "confidence": "high",
    "voiceId": {},
    "format": 3,
}
MODEL = {"name": 7, "installed": None, "maxConcurrency": 0, "sampleRate": 5, "languages": "en", "features": {}}


def act(request: Request) -> None:
    result = usual(request)
    if request["method"] == "models":
        result = {"models": [{"id": "bad:1", **MODEL}], "maxConcurrency": "many"}
    elif request["method"] in ("transcribe", "synthesize"):
        result = {**result, **ODD}
    write(answer(request, result))


run(act, only=ALL)
