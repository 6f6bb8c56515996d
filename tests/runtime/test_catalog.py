"""The catalogue: what ships, what is fetched and from where, and everything that must not be taken for one."""

import json
import shutil
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from vox.config.builtins import BUILTINS
from vox.errors import CatalogUnavailable, Unsupported
from vox.host.command import builtins
from vox.runtime import catalog as module
from vox.runtime.catalog import Catalog, CatalogList

pytestmark = pytest.mark.anyio
NEWER = {"version": 2, "updatedAt": "2030-01-01", "models": [{"id": "new:1", "kind": "asr", "someday": True}]}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models-catalog.json"


@pytest.fixture
def source(tmp_path: Path) -> Callable[[Any], str]:
    """source(content) → the address of a file that holds it."""

    def write(content: Any) -> str:
        file = tmp_path / "a list.json"
        file.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return file.as_uri()

    return write


def ids(catalog: CatalogList) -> list[str]:
    return [model.id for model in catalog.models]


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def test_what_ships_is_whole_and_names_each_model_once(path: Path) -> None:
    catalog = Catalog(path).read()
    assert len({(model.id, model.kind) for model in catalog.models}) == len(catalog.models) > 5
    for model in catalog.models:
        assert model.family and model.name and model.vendor and model.runtime and model.provider, model.id
        assert model.languages and model.notes and model.platforms and model.architectures, model.id
        assert model.source and model.capabilities["onDevice"] is (model.source["type"] != "remote"), model.id
        assert model.capabilities["onDevice"] or any("_API_KEY" in need for need in model.requires), model.id
    assert [model.kind for model in catalog.models if model.default] == ["asr", "tts"]
    assert all(model.licence for model in catalog.models if model.provider in ("moonshine", "parakeet", "whisper"))


def offered_by(program: str) -> list[dict[str, Any]]:
    """The models a program tells."""
    asked = '{"jsonrpc":"2.0","id":1,"method":"models"}\n'
    command = [sys.executable, "-P", "-m", program]
    answer = subprocess.run(command, input=asked, capture_output=True, encoding="utf-8", timeout=60)
    models: list[dict[str, Any]] = json.loads(answer.stdout)["result"]["models"]
    return models


async def test_what_ships_is_what_the_built_in_programs_offer(path: Path) -> None:
    programs = {name: program for name, program in builtins().items() if program.startswith("vox_providers.")}
    del programs["tone"], programs["command"]  # no engine: for trying the host, and what the user's entry says
    offered = {
        (model["id"], model["kind"], name) for name, program in programs.items() for model in offered_by(program)
    }
    listed = {(model.id, model.kind, model.provider) for model in Catalog(path).read().models}
    found = {model for model in offered - listed if model[2] == "piper"}  # the voices of packages that are installed
    assert {model for model in listed if model[2] in programs} == offered - found
    assert {model[2] for model in listed} <= {*BUILTINS["asr"], *BUILTINS["tts"]}


async def test_a_fetched_list_is_kept_and_used_from_then_on(path: Path, source: Callable[[Any], str]) -> None:
    assert ids(await Catalog(path).refresh(source(NEWER))) == ["new:1"]
    assert ids(Catalog(path).read()) == ["new:1"]
    assert mode(path) == 0o600 and names(path.parent) == ["models-catalog.json"]


async def test_a_newer_vox_brings_a_newer_list(path: Path, source: Callable[[Any], str]) -> None:
    await Catalog(path).refresh(source({**NEWER, "version": 1, "updatedAt": "2020-01-01"}))
    assert "new:1" not in ids(Catalog(path).read())


async def test_a_kept_list_that_is_damaged_is_passed_over(path: Path) -> None:
    put(path, b'{"version": 99, "updatedAt": "x", "mod')
    assert "parakeet:v3" in ids(Catalog(path).read())


async def test_a_disk_that_keeps_nothing_costs_no_answer(path: Path, source: Callable[[Any], str]) -> None:
    put(path.parent, b"in the way")
    assert ids(await Catalog(path).refresh(source(NEWER))) == ["new:1"]
    assert "new:1" not in ids(Catalog(path).read())


async def test_without_an_address_there_is_a_way_told(path: Path) -> None:
    with pytest.raises(Unsupported, match="VOX_MODEL_CATALOG_URL"):
        await Catalog(path).refresh(None)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"not json", b"[]", b"{}", b"\xff\xfe", {**NEWER, "version": 0}, {**NEWER, "version": "two"},
        {**NEWER, "models": [{"id": "", "kind": "asr"}]}, {**NEWER, "models": [{"id": "a", "kind": "vad"}]},
        {**NEWER, "models": [{"id": "a" * 1000, "kind": "asr"}]}, {**NEWER, "models": "many"},
    ],
)  # fmt: skip
async def test_what_is_no_catalogue_is_refused_and_changes_nothing(
    path: Path, source: Callable[[Any], str], content: Any
) -> None:
    with pytest.raises(CatalogUnavailable, match="no catalogue of models"):
        await Catalog(path).refresh(source(content))
    assert not path.parent.exists()


async def test_too_much_is_not_read_to_its_end(path: Path, source: Callable[[Any], str]) -> None:
    with pytest.raises(CatalogUnavailable, match="more than 1048576 bytes"):
        await Catalog(path).refresh(source(b" " * (module.MAX_BYTES + 1)))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/list", "ftp://127.0.0.1/list", "data:,x"])
async def test_other_ways_are_not_taken(path: Path, url: str) -> None:
    with pytest.raises(CatalogUnavailable, match="only https and file"):
        await Catalog(path).refresh(url)


async def test_a_missing_file_is_told(path: Path) -> None:
    with pytest.raises(CatalogUnavailable, match="No such file"):
        await Catalog(path).refresh("file:///nowhere/list.json")


# ---- https


class Site(BaseHTTPRequestHandler):
    """Answers by path: the list, redirects, or never."""

    released = threading.Event()

    def do_GET(self) -> None:
        port, page = self.server.server_address[1], self.path.partition("?")[0]
        if page in ("/away", "/plain"):
            scheme = "https" if page == "/away" else "http"
            self.send_response(302)
            self.send_header("Location", f"{scheme}://127.0.0.1:{port}/list")
            self.end_headers()
        elif page == "/silent":
            self.released.wait(20)
        elif page == "/list":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(NEWER).encode())
        else:
            self.send_error(404)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a certificate that this process trusts."""
    if shutil.which("openssl") is None:
        pytest.skip("makes a certificate with the program openssl")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(certificate))
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            patch.delenv(name, raising=False)
        yield f"https://127.0.0.1:{server.server_address[1]}"
    Site.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("page", ["list", "away"])
async def test_a_list_from_the_web(path: Path, site: str, page: str) -> None:
    assert ids(await Catalog(path).refresh(f"{site}/{page}")) == ["new:1"]


@pytest.mark.parametrize(("page", "told"), [("missing", "404"), ("plain", "not https")])
async def test_what_the_web_may_answer_instead(path: Path, site: str, page: str, told: str) -> None:
    with pytest.raises(CatalogUnavailable, match=told) as refused:
        await Catalog(path).refresh(f"{site}/{page}?key=secret")
    assert "secret" not in refused.value.message


async def test_a_certificate_nobody_trusts(path: Path, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(CatalogUnavailable, match="certificate"):
        await Catalog(path).refresh(f"{site}/list")


async def test_silence_has_an_end(path: Path, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FETCH_S", 0.3)
    with pytest.raises(CatalogUnavailable, match=r"did not answer within 0\.3 s|timed out"):
        await Catalog(path).refresh(f"{site}/silent")
