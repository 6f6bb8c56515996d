"""A provider that wants a key, as those of vendors do: it tells whether it has one, and never which."""

import os

from vox.provider import Provider, serve

provider = Provider("vendor", kind="tts")


@provider.models
def models() -> list[dict[str, object]]:
    there = bool(os.environ.get("VENDOR_KEY"))
    remedy = {} if there else {"remedy": "Set VENDOR_KEY."}
    return [{"id": "vendor:1", "installed": there, "available": there, **remedy}]


@provider.voices
def voices(_: str | None) -> list[dict[str, object]]:
    return [{"id": "one"}]


serve(provider)
