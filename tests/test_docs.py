"""The documentation is true: its code runs, its commands exist, its examples are valid, its generated pages current.

A comment before a code block says what to do with it:

    <!-- test: run -->                   console: run each `$` line, compare what follows (`…` stands for anything)
    <!-- test: prints the next block -->  sh: run what follows the installation (`&&`), compare likewise
    <!-- test: file PATH -->             save the block there
    <!-- test: python in PATH -->        run a Python block in that folder (every Python block is run somewhere)
    <!-- test: providers.json -->        the block is that file, and valid
    <!-- test: config.json -->           likewise
    <!-- test: shape READER -->          a result that this function of `vox.protocol.provider` takes
    <!-- test: recipe NAME -->           a program for others to run: tests/e2e/sdk/test_recipes.py does
"""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from itertools import takewhile, zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, cast
from unittest.mock import MagicMock

import click
import jsonschema
import pytest

from vox import config, errors
from vox.client import Client
from vox.doors.rpc.groups.daemon import Daemon
from vox.doors.rpc.handler import Access
from vox.doors.rpc.methods import Methods
from vox.host.command import builtins
from vox.paths import Home
from vox.protocol import provider as shapes

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "audio" not in path.relative_to(DOCS).parts)
READMES = [ROOT / "README.md", ROOT / "providers/README.md"]

COMMAND_S = 60  # for one command of a page; the first use of an engine takes a few seconds


class Block(NamedTuple):
    """A fenced code block and the orders before it."""

    page: Path
    line: int
    language: str
    text: str
    orders: tuple[str, ...]

    def order(self, name: str) -> str | None:
        """What follows `name` in its order; None when there is no such order."""
        return next((order[len(name) :].strip() for order in self.orders if order.split()[0] == name), None)


def blocks_of(page: Path) -> Iterator[Block]:
    orders: list[str] = []
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
    for number, line in lines:
        if order := re.fullmatch(r"<!-- test: (.+) -->", line.strip()):
            orders.append(order[1])
        elif fence := re.fullmatch(r"( *)```(\w*).*", line):
            indent, language = fence.groups()
            inside = takewhile(lambda text, end=f"{indent}```": text != end, (text for _, text in lines))
            text = "\n".join(line.removeprefix(indent) for line in inside)
            if included := re.fullmatch(r'--8<-- "(.+)"', text):
                text = (ROOT / included[1]).read_text(encoding="utf-8")
            yield Block(page, number, language, text, tuple(orders))
            orders = []


BLOCKS = [block for page in [*PAGES, *READMES] for block in blocks_of(page)]


def named(block: Block) -> str:
    return f"{block.page.relative_to(ROOT)}:{block.line}"


# ---- the site


def test_the_site_builds_without_warnings_and_asks_no_other_host(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", site],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert built.returncode == 0, built.stderr
    assert "WARNING" not in built.stderr
    pages = list(site.rglob("*.html"))
    assert len(pages) >= len(PAGES)
    for page in pages:
        text = page.read_text(encoding="utf-8")
        fetched = re.findall(r'<(?:script|img|iframe|source)[^>]*\ssrc="?(https?:[^"\s>]*)', text)
        fetched += re.findall(r'<link[^>]*rel="?(?:stylesheet|preconnect|preload)[^>]*href="?(https?:[^"\s>]*)', text)
        assert not fetched, page


@pytest.mark.parametrize("page", READMES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_the_readmes_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert links
    for link in links:
        assert link.startswith("https://") or (page.parent / link).exists(), link


# ---- generated pages


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    loader = SourceFileLoader("generate_docs", str(ROOT / "scripts/generate-docs"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    return module


def test_generated_pages_are_current(generator: ModuleType) -> None:
    assert generator.main(["--check"]) == 0


def test_a_stale_page_is_noticed_and_mended(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator, "DOCS", tmp_path)
    (tmp_path / "reference").mkdir()
    assert generator.main(["--check"]) == 1
    assert "errors.md is out of date" in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.md"))
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    (tmp_path / "reference/errors.md").write_text("old", encoding="utf-8")
    assert generator.main(["--check"]) == 1


def test_every_error_code_is_documented() -> None:
    text = (DOCS / "reference/errors.md").read_text(encoding="utf-8")
    for kind in [errors.VoxError, *errors.VoxError.__subclasses__()]:
        row = next(line for line in text.splitlines() if line.startswith(f"| `{kind.code}` |"))
        figures = [cell.strip() for cell in row.split("|")[-5:-1]]
        told = [str(kind.rpc_code), str(kind.http_status), str(kind.exit_status), "yes" if kind.retryable else "no"]
        assert figures == told


def test_every_command_and_option_is_documented() -> None:
    from vox.cli.tree import cli

    text = (DOCS / "reference/cli.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^#+ `(vox[^`]*)`\n(.*?)(?=^#|\Z)", text, re.M | re.S))
    commands = dict(commands_under(cli, "vox"))
    assert set(sections) == set(commands)
    for path, command in commands.items():
        for parameter in command.params:
            if isinstance(parameter, click.Option) and not parameter.hidden and "--help" not in parameter.opts:
                assert parameter.help, f"{path} {parameter.name} has no help"
                assert f"`{parameter.opts[0]}`" in sections[path], path


def commands_under(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from commands_under(inner, f"{path} {name}")


# ---- configuration


def test_the_example_configuration_is_valid_and_names_the_schema(tmp_path: Path) -> None:
    example = json.loads((ROOT / "providers.example.json").read_text(encoding="utf-8"))
    assert next(iter(example)) == "$schema"
    schema = json.loads((ROOT / example["$schema"]).read_text(encoding="utf-8"))
    assert schema == config.schema()
    jsonschema.Draft202012Validator(schema).validate(example)
    assert problems_of(example, tmp_path, MY_VOICE_KEY="a key") == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "json"], ids=named)
def test_json_of_the_pages_is_valid(block: Block, tmp_path: Path) -> None:
    if block.order("shape") is None and re.search(r"\{…\}|^…", block.text):
        return
    value = json.loads(block.text)
    if block.order("providers.json") is not None:
        jsonschema.Draft202012Validator(config.schema()).validate(value)
        (tmp_path / "key").write_text("a key", encoding="utf-8")
        text = json.loads(re.sub(r"\$\{file:[^}]*\}", f"${{file:{tmp_path}/key}}", block.text))
        assert problems_of(text, tmp_path) == []
    if block.order("config.json") is not None:
        config.Settings.model_validate(value)
    if reader := block.order("shape"):
        arguments = (value, None) if reader == "read_synthesis" else (value,)
        shape = getattr(shapes, reader)(*arguments)
        unknown = set(value) - {field.alias for field in type(shape).model_fields.values()} - {"audioBase64"}
        assert not unknown


def problems_of(providers: Any, folder: Path, **environment: str) -> list[str]:
    home = Home(folder / "home")
    home.ensure()
    home.providers_json.write_text(json.dumps(providers), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("VOX_"):
                patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        return [str(problem) for problem in config.load(home).problems]


def test_every_key_and_variable_is_documented() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "vox").rglob("*.py")]
    read = {name for source in sources for name in re.findall(r'"(VOX_[A-Z_]+)"', source)}
    assert read
    assert [name for name in read if name not in text] == []


# ---- providers


def test_every_bundled_provider_is_documented_with_its_models_and_variables() -> None:
    overview = (DOCS / "providers/overview.md").read_text(encoding="utf-8")
    for name, module in builtins().items():
        text = told_of(name, overview)
        answer = subprocess.run(
            [sys.executable, "-P", "-m", module],
            input='{"jsonrpc":"2.0","id":1,"method":"models"}\n',
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_S,
        )
        models = [model["id"] for model in json.loads(answer.stdout)["result"]["models"]]
        assert [model for model in models if f"`{model}`" not in text] == []
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "providers/vox_providers").glob("*.py")]
    read = {variable for source in sources for variable in re.findall(r'"((?:VOX|HF)_[A-Z_]+)"', source)}
    pages = [*(DOCS / "providers").glob("*.md"), DOCS / "configuration.md"]
    told = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [variable for variable in read if variable not in told] == []


def told_of(provider: str, overview: str) -> str:
    """What the overview and the page it leads to, if there is one, tell of a provider."""
    page = re.search(rf"\[`{re.escape(provider)}`\]\(([\w-]+\.md)\)", overview)
    if page is None:
        assert f"## `{provider}`" in overview
        return overview
    return overview + (DOCS / "providers" / page[1]).read_text(encoding="utf-8")


# ---- references


def test_every_method_of_the_client_rpc_is_documented() -> None:
    text = (DOCS / "reference/client-rpc.md").read_text(encoding="utf-8")
    with pytest.raises(errors.InvalidRequest) as refused:
        nothing: Any = MagicMock()
        methods = Methods(nothing, Daemon(nothing, nothing, nothing, nothing))
        asyncio.run(methods.call("no such method", {}, Access(), lambda event, data: None))
    headings = "\n".join(line for line in text.splitlines() if line.startswith("### "))
    for method in refused.value.details["known"]:
        assert f"`{method}`" in headings


def test_answers_hold_what_the_pages_tell_and_files_have_their_modes(place: dict[str, str]) -> None:
    home = Path(place["VOX_HOME"])
    home.mkdir(mode=0o700)
    entries = [{"id": "tone", "kind": kind, "builtin": True} for kind in ("asr", "tts")]
    (home / "providers.json").write_text(json.dumps({"providers": entries}), encoding="utf-8")
    subprocess.run(["vox", "daemon", "start"], env=place, check=True, capture_output=True, timeout=COMMAND_S)
    asked: dict[str, dict[str, Any]] = {
        "health": {},
        "doctor.run": {},
        "models.list": {"kind": "all"},
        "models.preload": {"modelId": "tone:asr"},
        "transcribe.file": {"path": str(DOCS / "audio/librivox-0930.wav"), "words": True},
        "synthesize.voices": {},
        "synthesize.generate": {"text": "one"},
        "models.catalog": {},
        "history.list": {},
        "telemetry.summary": {},
        "warmup.status": {},
        "runtime.subscribe": {},
        "providers.status": {},
        "providers.call": {"id": "tone", "kind": "asr", "method": "models"},
    }
    with Client(home, start=False) as client:
        answers = {method: client.call(method, params) for method, params in asked.items()}
    text = (DOCS / "reference/client-rpc.md").read_text(encoding="utf-8")
    for method, answer in answers.items():
        untold = {key for key in keys_of(answer) if not re.search(rf"\b{key}\b", text)}
        assert not untold, method
    check_files(home)


def keys_of(value: Any) -> Iterator[str]:
    """Every key, at any depth, but for metrics and a provider's own result, which have pages of their own."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            yield key
            if key not in ("metrics", "result"):
                yield from keys_of(inner)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from keys_of(item)


def check_files(home: Path) -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    found = [path for path in home.rglob("*") if path.name != "providers.json"]
    assert home / "runtime.json" in found
    for path in found:
        told = "ID.log" if path.parent.name == "providers" else path.name
        assert path.is_dir() or told in text, path
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def commands_named() -> Iterator[tuple[str, str]]:
    """Every `vox …` that stands as code on a page, with its place."""
    for page in [*PAGES, *READMES]:
        if page.name in ("changelog.md", "cli.md"):
            continue
        text = page.read_text(encoding="utf-8")
        for line in re.findall(r"`(vox [^`\n]+)`|^(?:\$ )?(?:.*(?:&&|\|) )?(vox .+)$", text, re.M):
            yield str(page.relative_to(ROOT)), line[0] or line[1]


def test_commands_on_the_pages_exist() -> None:
    from vox.cli.tree import cli
    from vox.cli.verbs import Verbs

    known = dict(commands_under(cli, "vox"))
    found = 0
    for page, text in commands_named():
        words = re.split(r"\s+", text.split("|")[0].split("#")[0].split(" -- ")[0].strip())
        path = "vox"
        while len(words) > 1 and f"{path} {words[1]}" in known:
            path += f" {words.pop(1)}"
        command = known[path]
        if isinstance(command, Verbs):  # its first verb is meant
            command = known[f"{path} {command.list_commands(click.Context(command))[0]}"]
        assert path != "vox" or words[1].startswith("-"), f"{page}: {text}"
        options = {name for parameter in command.params for name in [*parameter.opts, *parameter.secondary_opts]}
        for word in words[1:]:
            if re.match(r"--?[a-z]", word):
                assert word.split("=")[0] in options | {"--help"}, f"{page}: {text}: {word}"
        found += 1
    assert found > 10


# ---- code


PAGES_WITH_CODE = sorted(
    {block.page for block in BLOCKS if block.language == "python" or block.order("run") is not None}
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a reader: a home of its own, a clone as working folder, and no daemon left behind."""
    home, clone = tmp_path / "home", tmp_path / "clone"
    home.mkdir()
    clone.mkdir()
    for name in ("docs", "providers", "providers.example.json"):
        (clone / name).symlink_to(ROOT / name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VOX_", "XDG_"))}
    environment |= {
        "HOME": str(home),
        "VOX_HOME": str(home / ".vox"),
        "VOX_PORT": "0",
        "VOX_ALIAS_PORTS": "0",
        "PWD": str(clone),
    }
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    yield environment
    subprocess.run(["vox", "daemon", "stop"], env=environment, capture_output=True, timeout=COMMAND_S)
    assert not (home / ".vox/runtime.json").exists()


@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: str(page.relative_to(ROOT)))
def test_code_of_a_page_does_what_the_page_says(page: Path, place: dict[str, str]) -> None:
    blocks = list(blocks_of(page))
    for block, following in zip_longest(blocks, blocks[1:]):
        if (path := block.order("file")) is not None:
            file = Path(path.replace("~", place["HOME"], 1))
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text + "\n", encoding="utf-8")
        if block.order("microphone") is not None:
            continue  # somebody has to speak: tests/e2e/test_live.py runs it
        if block.order("loudspeaker") is not None:
            continue  # somebody has to listen: tests/e2e/test_aloud.py runs it
        if block.order("recipe") is not None:
            continue  # it needs a language model, or a program of others: tests/e2e/sdk/test_recipes.py runs it
        if block.language == "python":
            run_python(block, place)
        elif block.order("run") is not None:
            run_console(block, place)
        elif block.order("prints") is not None:
            run_console(block._replace(text=f"$ {block.text.partition(' && ')[2]}\n{following.text}"), place)
    check_measurements(Path(place["VOX_HOME"]))


def run_python(block: Block, place: dict[str, str]) -> None:
    folder = (block.order("python") or "").removeprefix("in ").replace("~", place["HOME"], 1) or place["PWD"]
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", block.text],
        cwd=folder,
        env=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=COMMAND_S,
    )
    assert ran.returncode == 0, f"{named(block)}: {ran.stderr}"


def run_console(block: Block, place: dict[str, str]) -> None:
    for command, expected in sessions_of(block.text):
        ran = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=place["PWD"],
            env=place,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=COMMAND_S,
        )
        wanted = without_pauses(expected).replace("…\n", "…").replace("\n…", "…")  # a line of its own may be no line
        pattern = ".*".join(re.escape(piece) for piece in wanted.split("…"))
        shown = without_pauses(ran.stdout.strip())
        assert re.fullmatch(pattern, shown, re.S), f"{named(block)}: {command}\n{shown}\n{ran.stderr}"


def without_pauses(text: str) -> str:
    """The text without commas: processors round differently, and a comma of a recogniser can hang on that."""
    return text.replace(",", "")


def sessions_of(text: str) -> Iterator[tuple[str, str]]:
    """Commands and what they print; a command ends with its line, or goes on after a backslash."""
    for part in re.split(r"^\$ ", text, flags=re.M)[1:]:
        head = re.match(r"(?:.*\\\n)*.*", part)
        assert head is not None
        yield head[0], part[head.end() :].strip()


def check_measurements(home: Path) -> None:
    """What a page's commands left in performance.jsonl is explained on the telemetry page."""
    file = home / "performance.jsonl"
    if not file.exists():
        return
    text = (DOCS / "reference/telemetry.md").read_text(encoding="utf-8")
    for line in file.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        assert [key for key in row if f"`{key}`" not in text and key != "metrics"] == []
