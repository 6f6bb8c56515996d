"""What a client sees when a vendor refuses the key, and that the pages of the vendors say so."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.daemons import stopped_at_the_end, vox
from tests.providers.vendors.server import Vendor, refuse
from vox import errors
from vox.client import Client
from vox.paths import Home

ROOT = Path(__file__).parents[2]
ADDRESSES = {
    "openai": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "openai-tts": ("OPENAI_API_KEY", "OPENAI_BASE_URL"),
    "elevenlabs": ("ELEVENLABS_API_KEY", "ELEVENLABS_BASE_URL"),
    "minimax": ("MINIMAX_API_KEY", "MINIMAX_BASE_URL"),
    "gemini": ("GEMINI_API_KEY", "GEMINI_BASE_URL"),
    "groq": ("GROQ_API_KEY", "GROQ_BASE_URL"),
    "nvidia": ("NV_API_KEY", "NVIDIA_BASE_URL"),
}
"""Program → the variables of its key and of its address."""
HEARS, SPEAKS = ("openai", "elevenlabs", "groq"), ("openai-tts", "elevenlabs", "minimax", "gemini", "groq", "nvidia")
KEY = "wrong-key-of-mine"


async def _nobody(*_: object) -> None:
    raise AssertionError("every request is refused before")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A daemon whose vendors all refuse the key."""
    home = Home(tmp_path_factory.mktemp("refused") / "home")
    home.ensure()
    with Vendor(_nobody) as vendor:
        vendor.always(refuse(401, {"error": {"message": "No such key."}}))
        entries = [
            {"id": name, "kind": kind, "builtin": True, "env": {key: KEY, address: vendor.url}}
            for kind, names in (("asr", HEARS), ("tts", SPEAKS))
            for name in names
            for key, address in [ADDRESSES[name]]
        ]
        home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
        home.providers_json.chmod(0o600)
        with stopped_at_the_end(home):
            assert vox(home, "daemon", "start").returncode == 0
            yield home


@pytest.mark.parametrize(("kind", "name"), [*(("asr", name) for name in HEARS), *(("tts", name) for name in SPEAKS)])
def test_a_refused_key_is_not_our_token(home: Home, kind: str, name: str) -> None:
    with Client(home, start=False) as client:
        model = next(one.id for one in client.models(kind) if one.provider == name)
        with pytest.raises(errors.ProviderUnauthorized) as caught:
            if kind == "asr":
                client.transcribe(ROOT / "docs" / "audio" / "jfk.wav", model)
            else:
                client.synthesize("hello", model)
    told = caught.value.message
    assert caught.value.code == "provider_unauthorized" and caught.value.exit_status == 77
    assert ADDRESSES[name][0] in told and KEY not in told and "\n" not in told


@pytest.mark.parametrize("page", ["elevenlabs", "gemini", "groq", "minimax", "nvidia", "openai"])
def test_a_page_names_the_codes_that_a_client_sees(page: str) -> None:
    text = (ROOT / "docs" / "providers" / f"{page}.md").read_text(encoding="utf-8")
    table = text[text.index("\n## Errors") :]
    told = {
        code for row in re.findall(r"^\|.*\| (.*) \|$", table, re.MULTILINE) for code in re.findall("`([a-z_]+)`", row)
    }
    assert "provider_unauthorized" in told and "unauthorized" not in told
    assert [code for code in told if errors.by_code(code) is errors.VoxError] == []
