"""A model on a line: what it is, what it needs, and what to do when it cannot be used."""

import json
from typing import Any

__all__ = ["model_line", "size_of"]

_SHOWN = 4  # languages; there are models with a hundred


def model_line(model: dict[str, Any]) -> str:
    """One model as `name=value` pairs, for eyes and scripts. What is not known is left out."""
    flags = " ".join(f"{name}={str(model[name]).lower()}" for name in ("installed", "preloaded", "available"))
    text = f"{model['id']} {flags} kind={model['kind']} provider={model['provider']}"
    if model.get("default"):
        text += " default=true"
    if model.get("sizeBytes"):
        text += f" size={size_of(model['sizeBytes'])}"
    if model.get("licence"):
        text += f" licence={_word(model['licence'])}"
    if model.get("languages"):
        text += f" languages={_word(_languages(model['languages']))}"
    if model.get("requires"):
        text += f" needs={_word(', '.join(model['requires']))}"
    if model.get("remedy") and not (model["installed"] and model["available"]):
        text += f" do={json.dumps(model['remedy'], ensure_ascii=False)}"
    return text


def size_of(count: int) -> str:
    """Bytes as people say them: `670MB`."""
    if count < 1_000_000:
        return f"{max(1, round(count / 1000))}kB"
    return f"{count / 1_000_000:.0f}MB" if count < 10_000_000_000 else f"{count / 1_000_000_000:.0f}GB"


def _languages(languages: list[str] | str) -> str:
    if isinstance(languages, str):
        return languages
    rest = f",+{len(languages) - _SHOWN}" if len(languages) > _SHOWN else ""
    return ",".join(languages[:_SHOWN]) + rest


def _word(text: str) -> str:
    """As it is when it is one word, else in quotes."""
    return text if text and not set(text) & set(' "\\') else json.dumps(text, ensure_ascii=False)
