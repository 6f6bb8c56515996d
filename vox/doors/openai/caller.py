"""Who asks: programs that use OpenAI's clients say nothing of themselves but a user agent."""

import re

from starlette.requests import Request

from vox.runtime.requests import Caller

__all__ = ["caller_of"]

_PRODUCT = re.compile(r"[\w.+/-]+?(?=[\s/]v?\d|\s|$)")  # "OpenAI/Python 3.52.0" → "OpenAI/Python", "curl/8.5" → "curl"
_LONGEST = 64


def caller_of(request: Request, method: str) -> Caller:
    """The caller, for fairness and telemetry: the header `x-vox-client`, else the program that the user agent names."""
    named = request.headers.get("x-vox-client", "").strip()
    product = _PRODUCT.match(request.headers.get("user-agent", "").strip())
    return Caller((named or (product[0] if product else "openai"))[:_LONGEST], method)
