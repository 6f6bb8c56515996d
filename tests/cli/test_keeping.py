"""`vox models install|import|remove` with a real daemon, the program that ships, and a small real model."""

import json
import shutil
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.daemons import environment, started_vox, stopped_at_the_end, vox
from tests.providers.fake_hub import FakeHub, corrupted, stalled
from tests.providers.tiny_models import build_parakeet, say, write_wav
from vox.paths import Home

REPO = "istupakov/parakeet-tdt-0.6b-v3-onnx"


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_parakeet(tmp_path_factory.mktemp("stick") / "parakeet-tdt-0.6b-v3-onnx")


@pytest.fixture(scope="module")
def content(export: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in export.iterdir()}


@pytest.fixture
def hub(content: dict[str, bytes]) -> Iterator[FakeHub]:
    with FakeHub({REPO: content}) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, hub: FakeHub) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    home.ensure()
    env = {"VOX_MODELS": str(tmp_path / "models"), "HF_ENDPOINT": hub.address}
    entries = [{"id": "parakeet", "builtin": True, "env": env}]
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    home.providers_json.chmod(0o600)
    with stopped_at_the_end(home):
        yield home


def line(home: Home) -> str:
    return next(one for one in vox(home, "models").stdout.splitlines() if one.startswith("parakeet:v3"))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_an_archive_is_imported_recognises_and_is_removed(home: Home, export: Path, tmp_path: Path) -> None:
    assert "installed=false" in line(home) and 'do="vox models install parakeet:v3"' in line(home)
    assert "licence=CC-BY-4.0 languages=bg,cs,da,de,+21" in line(home)
    missing = vox(home, "transcribe", "x.wav", "--model", "whisper:tiny")
    assert missing.returncode != 0
    archive = Path(shutil.make_archive(str(tmp_path / "parakeet-tdt-0.6b-v3-onnx"), "zip", export.parent))
    done = vox(home, "models", "import", str(archive))
    assert (done.returncode, done.stdout) == (0, "Imported parakeet:v3\n"), done.stderr
    assert "unpacking" in done.stderr and "importing" in done.stderr
    assert not [path for path in (tmp_path / "models").iterdir() if path.name.startswith(".import")]
    sound = write_wav(tmp_path / "a.wav", say("▁open", "▁the", "▁door"))
    assert vox(home, "transcribe", str(sound), "--model", "parakeet:v3").stdout == "open the door\n"
    asked = vox(home, "models", "remove", "parakeet:v3")
    assert asked.returncode == 64 and "--yes" in asked.stderr and "installed=true" in line(home)
    done = vox(home, "models", "remove", "parakeet:v3", "--yes")  # which is in memory now
    assert (done.returncode, done.stdout) == (0, "Removed parakeet:v3\n"), done.stderr
    assert "installed=false preloaded=false" in line(home)
    assert not (tmp_path / "models" / "parakeet" / "v3").exists()


def test_a_linked_folder_stays_where_it_is(home: Home, export: Path, tmp_path: Path) -> None:
    done = vox(home, "models", "import", str(export), "--as", "parakeet:v2", "--link", "--json")
    assert json.loads(done.stdout)["model"]["id"] == "parakeet:v2"
    assert vox(home, "models", "remove", "parakeet:v2", "--yes").returncode == 0
    assert len(files(export)) == 4


def test_what_cannot_be_imported(home: Home, export: Path, tmp_path: Path) -> None:
    def refused(*words: str) -> tuple[int, str]:
        done = vox(home, "models", "import", *words)
        assert done.stdout == ""
        return done.returncode, done.stderr

    shutil.copytree(export, tmp_path / "stuff")
    status, told = refused(str(tmp_path / "stuff"))
    assert status == 64 and "could be of parakeet:v3 or parakeet:v2: say which, with --as parakeet:v3" in told
    status, told = refused(str(tmp_path / "nothing"))
    assert status == 66 and "There is no" in told
    (tmp_path / "text").write_text("no archive", encoding="utf-8")
    status, told = refused(str(tmp_path / "text"))
    assert status == 64 and "neither a folder nor a zip or tar archive" in told
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../../evil", "x")
    status, told = refused(str(tmp_path / "evil.zip"))
    assert status == 64 and "outside of the folder" in told and not (tmp_path / "evil").exists()
    assert refused(str(export), "--as", "nobody:1")[0] == 66
    (tmp_path / "empty").mkdir()
    status, told = refused(str(tmp_path / "empty"))
    assert status == 64 and "holds files of no model that is known" in told


def test_an_install_goes_on_after_ctrl_c_and_checks_what_comes(home: Home, hub: FakeHub, tmp_path: Path) -> None:
    import threading

    until = threading.Event()
    hub.faults = [stalled(2000, until)]
    vox(home, "daemon", "start")
    with started_vox(home, "models", "install", "parakeet:v3") as process:
        assert process.stderr is not None
        assert "downloading" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    until.set()
    folder = tmp_path / "models" / "parakeet" / "v3"
    assert [name for name in files(folder) if name.endswith(".part")]
    hub.faults = [corrupted]  # the rest of the first file, which its checksum finds out
    hub.requests.clear()
    done = vox(home, "models", "pull", "parakeet:v3")
    assert (done.returncode, done.stdout) == (0, "Installed parakeet:v3\n"), done.stderr
    assert hub.ranges()[0].startswith("bytes=")  # not from the beginning
    assert "installed=true" in line(home) and "size=" in line(home)
    assert not [name for name in files(folder) if name.endswith(".part")]


def test_without_a_network_the_error_says_so_and_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.ensure()
    env = {"VOX_MODELS": str(tmp_path / "models"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    entries = [{"id": "parakeet", "builtin": True, "env": env}]
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    home.providers_json.chmod(0o600)
    with stopped_at_the_end(home):
        done = vox(home, "models", "install", "parakeet:v3", env=environment(home))
    assert done.returncode == 70 and "127.0.0.1:9 cannot be reached" in done.stderr
    assert "vox models import" in done.stderr


def test_a_voice_that_no_list_has_is_imported(tmp_path: Path) -> None:
    home, stick = Home(tmp_path / "home"), tmp_path / "stick"
    home.ensure()
    entries = [{"id": "piper", "kind": "tts", "builtin": True, "env": {"VOX_MODELS": str(tmp_path / "models")}}]
    home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
    home.providers_json.chmod(0o600)
    stick.mkdir()
    (stick / "ka_GE-natia-medium.onnx").write_bytes(b"no model, as far as an import looks")
    settings = {"audio": {"sample_rate": 16000}, "phoneme_id_map": {}}
    (stick / "ka_GE-natia-medium.onnx.json").write_text(json.dumps(settings), encoding="utf-8")
    with stopped_at_the_end(home):
        done = vox(home, "models", "import", str(stick))
        assert (done.returncode, done.stdout) == (0, "Imported piper:ka_GE-natia-medium\n"), done.stderr
        assert "piper:ka_GE-natia-medium installed=true" in vox(home, "models").stdout
        done = vox(home, "models", "remove", "piper:ka_GE-natia-medium", "--yes")
        assert (done.returncode, done.stdout) == (0, "Removed piper:ka_GE-natia-medium\n"), done.stderr
        done = vox(home, "models", "import", str(stick), "--as", "piper:ka_GE-natia-medium")
        assert (done.returncode, done.stdout) == (0, "Imported piper:ka_GE-natia-medium\n"), done.stderr
        done = vox(home, "models", "import", str(stick), "--as", "piper:xx_XX-nobody-low")
        assert done.returncode == 64 and "wanted, in one folder: xx_XX-nobody-low.onnx" in done.stderr
        assert vox(home, "models", "remove", "piper:ka_GE-natia-medium", "--yes").returncode == 0
    assert not (tmp_path / "models" / "piper").exists()


def test_what_came_with_a_package_is_not_removed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.ensure()
    with stopped_at_the_end(home):
        done = vox(home, "models", "remove", "hibari:en", "--yes")
        everything = vox(home, "models", "list", "--all").stdout
    assert done.returncode == 64 and "not Vox's to remove" in done.stderr
    assert "whisper:large-v3 " in everything
