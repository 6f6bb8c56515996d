"""`vox providers add|remove`: what is written where, who may read it, and what the daemon makes of it."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.daemons import environment, vox
from tests.cli.terminal.outer import terminal
from vox.config import load
from vox.paths import Home

VENDOR = f"{sys.executable} {Path(__file__).with_name('vendor_provider.py')}"
KEY = "sk-very-secret-4711"


def written(home: Home) -> list[dict[str, object]]:
    return json.loads(home.providers_json.read_text(encoding="utf-8"))["providers"]


@pytest.fixture
def bare(home: Home) -> Home:
    """A home without providers.json."""
    home.providers_json.unlink()
    return home


def test_a_program_is_added_used_and_removed(home: Home) -> None:
    vox(home, "daemon", "start")
    done = vox(home, "providers", "add", "vendor", "--kind", "tts", "--command", VENDOR, "--key-env", "VENDOR_KEY")
    assert (done.returncode, done.stdout) == (0, "added: vendor kind=tts\n")
    assert "refers to the variable VENDOR_KEY, which is not set" in done.stderr  # the daemon has none
    assert written(home)[-1]["env"] == {"VENDOR_KEY": "${env:VENDOR_KEY}"}
    vox(home, "providers", "remove", "vendor")
    done = vox(home, "providers", "add", "vendor", "--kind", "tts", "--command", VENDOR)
    assert done.stdout == "added: vendor kind=tts\nvendor:1 cannot be used yet: Set VENDOR_KEY.\n"
    assert 'do="Set VENDOR_KEY."' in vox(home, "models").stdout
    refused = vox(home, "speak", "hello", "--model", "vendor:1", "--no-play")
    assert refused.returncode == 66 and "Model vendor:1 is not installed. Set VENDOR_KEY.\n" in refused.stderr
    done = vox(home, "providers", "remove", "vendor", "--json")
    assert json.loads(done.stdout) == {"id": "vendor", "kinds": ["tts"], "keyDeleted": False, "applied": True}
    assert "vendor" not in vox(home, "providers", "list").stdout


def test_a_builtin_of_both_kinds_has_an_entry_of_each(bare: Home) -> None:
    done = vox(bare, "providers", "add", "tone", "--no-start")
    assert (done.returncode, done.stdout) == (0, "added: tone kind=asr\nadded: tone kind=tts\n"), done.stderr
    kept = {(entry["id"], entry["kind"]) for entry in written(bare)}
    assert {("tone", "asr"), ("tone", "tts"), ("moonshine", "asr"), ("hibari", "tts")} <= kept  # what was in force
    assert load(bare).problems == ()
    again = vox(bare, "providers", "add", "tone", "--kind", "asr", "--no-start")
    assert again.returncode == 64 and "vox providers enable tone --kind asr" in again.stderr


ADD = ("providers", "add", "elevenlabs", "--kind", "tts", "--no-start")


def having_vendors(home: Home) -> dict[str, str]:
    """The environment of a command that sees a built-in of that name, whatever is installed here."""
    about = home.root / "packages" / "vendors-1.dist-info"
    about.mkdir(parents=True, exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: vendors\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[vox.providers]\nelevenlabs = vendors\n", encoding="utf-8")
    return {**environment(home), "PYTHONPATH": str(about.parent)}


def keyed(home: Home, *words: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return vox(home, *ADD, *words, env=having_vendors(home), **options)


def test_a_key_from_standard_input_lies_in_a_private_file_and_nowhere_else(bare: Home) -> None:
    done = keyed(bare, "--key-stdin", input=f"{KEY}\n")
    assert done.returncode == 0 and KEY not in done.stdout + done.stderr
    assert written(bare)[-1]["env"] == {"ELEVENLABS_API_KEY": "${file:secrets/elevenlabs}"}
    secret = bare.secret("elevenlabs")
    assert secret.read_text(encoding="utf-8") == KEY + "\n"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600 and stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    assert KEY not in bare.providers_json.read_text(encoding="utf-8")
    refused = keyed(bare, "--key-stdin", input="another\n")
    assert refused.returncode == 64 and secret.read_text(encoding="utf-8") == KEY + "\n"
    removed = vox(bare, "providers", "remove", "elevenlabs")
    assert removed.stdout == "removed: elevenlabs kind=tts and its key\n" and not secret.exists()


def test_a_key_is_asked_for_without_echo(bare: Home) -> None:
    with terminal(bare, *ADD, TERM="dumb", PYTHONPATH=having_vendors(bare)["PYTHONPATH"]) as opened:
        shown = opened.until("not shown")
        opened.type(f"{KEY}\n")
        assert opened.wait() == 0
    shown += opened.shown
    assert b"added: elevenlabs" in shown and KEY.encode() not in shown
    assert bare.secret("elevenlabs").read_text(encoding="utf-8").strip() == KEY


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "needs a key, and nobody is there to be asked"),
        (("--key-env", "sk-1234-5678"), "the name of a variable, not the key itself"),
        (("--key-env", "A", "--no-key"), "Choose one of"),
        (("--key-stdin",), "That is no key"),
    ],
)
def test_what_cannot_be_done_writes_nothing(bare: Home, words: tuple[str, ...], told: str) -> None:
    done = keyed(bare, *words)
    assert done.returncode == 64 and told in done.stderr
    assert "sk-1234-5678" not in done.stderr
    assert not bare.providers_json.exists() and not bare.secret("elevenlabs").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("mosnhine",), "Did you mean moonshine?"),
        (("hibari", "--kind", "asr"), "There is no built-in asr provider 'hibari'"),
        (("x", "--command", " "), "--command is empty"),
        (("command",), "by hand"),
    ],
)
def test_names_that_are_none(bare: Home, words: tuple[str, ...], told: str) -> None:
    done = vox(bare, "providers", "add", *words, "--no-start")
    assert done.returncode == 64 and told in done.stderr and not bare.providers_json.exists()
    missing = vox(bare, "providers", "remove", "moonshine")
    assert missing.returncode == 64 and "vox providers disable moonshine" in missing.stderr
