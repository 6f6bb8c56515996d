"""The kit for provider authors: decorate functions, call `serve`, and the program is a Vox provider.

    from vox.provider import Call, Provider, serve

    provider = Provider("shout", kind="asr")

    @provider.models
    def models() -> list[dict[str, object]]:
        return [{"id": "shout:v1"}]

    @provider.transcribe
    def transcribe(call: Call) -> dict[str, object]:
        return {"text": "HELLO"}

    serve(provider)

Standard library only, and little of it: a provider starts in about the time of the bare interpreter. Annotations are
kept as text in these modules, because `typing` alone would cost a third of that.
"""

from vox.provider.call import Call
from vox.provider.failure import ProviderError
from vox.provider.provider import Provider
from vox.provider.serve import serve

__all__ = ["Call", "Provider", "ProviderError", "serve"]
