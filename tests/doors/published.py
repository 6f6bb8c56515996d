"""What the published TypeScript client expects of a frame; it drops or misreads what is otherwise."""

from typing import Any

__all__ = ["broken_rules"]

_TRUTHY = {
    "health": ("service", "version", "port", "pid", "startedAt"),
    "transcribe.file": ("modelId", "metrics"),
    "transcribe.stopSession": ("stopped", "sessionId"),
    "transcribe.cancelSession": ("cancelled", "sessionId"),
    "synthesize.generate": ("modelId", "voiceId", "format", "contentType", "audioBase64", "audioBytes", "metrics"),
    "synthesize.cancel": ("cancelled", "sessionId"),
}
_BOOLEANS = ("installed", "preloaded", "available", "default", "ready", "deleted", "enabled", "stopped", "cancelled")
_LISTS = ("models", "voices", "words", "checks", "records", "plugins")


def broken_rules(method: str, frame: dict[str, Any], *, streamed: bool = False) -> list[str]:
    """The rules that a frame of the classic dialect breaks. A streamed answer lacks what was sent before it."""
    if "error" in frame:
        return [] if isinstance(frame["error"], str) and frame["error"] else ["error is no text"]
    if "event" in frame:
        return [] if isinstance(frame["event"], str) and isinstance(frame.get("data"), dict) else ["event without data"]
    result = frame.get("result")
    if not isinstance(result, dict):
        return ["a result is an object"]
    needed = [] if streamed else [name for name in _TRUTHY.get(method, ()) if not result.get(name)]
    return [f"{name} is missing or empty" for name in needed] + _odd(result, method)


def _odd(value: Any, method: str, place: str = "") -> list[str]:
    """Values of another sort than the client's types say."""
    if isinstance(value, list):
        return [told for item in value for told in _odd(item, method, f"{place}[]")]
    if not isinstance(value, dict) or method.startswith(("rpc.", "providers.", "telemetry.")):
        return []
    odd: list[str] = []
    for name, inner in value.items():
        counted = method == "history.clear" and name == "deleted"
        unknown = inner is None and method in ("models.catalog", "models.refreshCatalog")
        if name in _BOOLEANS and not isinstance(inner, bool) and not counted and not unknown:
            odd.append(f"{place}.{name} is {inner!r}")
        if name in _LISTS and not isinstance(inner, list) and not (name == "words" and isinstance(inner, bool)):
            odd.append(f"{place}.{name} is no list")
        if name.endswith(("Ms", "Bytes")) and inner is not None and not isinstance(inner, int | float):
            odd.append(f"{place}.{name} is no number")
        odd += _odd(inner, method, f"{place}.{name}")
    return odd
