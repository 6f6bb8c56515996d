"""Archives that somebody has made to hurt, and those that are just archives."""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from vox.errors import InvalidRequest
from vox.runtime import unpacking
from vox.runtime.unpacking import is_archive, unpack

FILES = {"model/config.json": b"{}", "model/onnx/encoder.onnx": b"weights" * 1000, "model/vocab.txt": b"a 0\n"}


def silent(_: int, __: int) -> None:
    """Nobody watches."""


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def inside(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_files_come_out_as_they_went_in(tmp_path: Path, ending: str) -> None:
    made = tmp_path / f"a.{ending}"
    zipped(made, FILES) if ending == "zip" else tarred(made, FILES, f"w:{ending.partition('.')[2]}")
    told: list[tuple[int, int]] = []
    unpack(made, tmp_path / "out", lambda done, total: told.append((done, total)))
    assert is_archive(made) and inside(tmp_path / "out") == FILES
    assert told[-1] == (sum(map(len, FILES.values())),) * 2


@pytest.mark.parametrize("make", [zipped, tarred])
@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "C:evil", "a\\evil", "a/" * 40 + "evil"])
def test_a_name_that_leads_out_of_the_folder_is_refused(
    tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path], name: str
) -> None:
    with pytest.raises(InvalidRequest, match="has a member"):
        unpack(make(tmp_path / "a", {"ok": b"1", name: b"evil"}), tmp_path / "deep" / "out", silent)
    assert inside(tmp_path / "deep" / "out") == {}
    assert {path.name for path in tmp_path.iterdir()} == {"a", "deep"}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_tar_with_links_or_devices_is_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(InvalidRequest, match="a link or a device"):
        unpack(tmp_path / "a.tar", tmp_path / "out", silent)


def test_a_zip_with_a_link_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(InvalidRequest, match="a link or a device"):
        unpack(tmp_path / "a.zip", tmp_path / "out", silent)


def test_what_would_fill_the_disk_is_refused_before_a_byte_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unpacking, "SPARE", 1 << 60)
    for made in (zipped(tmp_path / "a.zip", FILES), tarred(tmp_path / "a.tgz", FILES)):
        with pytest.raises(InvalidRequest, match="MiB are free in"):
            unpack(made, tmp_path / made.suffix / "out", silent)
        assert inside(tmp_path / made.suffix / "out") == {}


def test_a_member_that_is_larger_than_it_says_is_cut_off(tmp_path: Path) -> None:
    made = zipped(tmp_path / "bomb.zip", {"bomb": bytes(1 << 22)})
    data = bytearray(made.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.index(mark) + offset
        data[at : at + 4] = (100).to_bytes(4, "little")
    made.write_bytes(data)
    with pytest.raises(InvalidRequest):
        unpack(made, tmp_path / "out", silent)
    assert sum(map(len, inside(tmp_path / "out").values())) <= 100


def test_too_many_members_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 3)
    with pytest.raises(InvalidRequest, match="more than 3 members"):
        unpack(tarred(tmp_path / "a", dict.fromkeys("abcd", b"")), tmp_path / "out", silent)


@pytest.mark.parametrize("ending", ["zip", "tgz", "txz"])
def test_a_damaged_archive_is_named(tmp_path: Path, ending: str) -> None:
    files = {"a": os.urandom(50_000), "b": b"x" * 1000}
    mode = {"tgz": "w:gz", "txz": "w:xz"}
    made = tmp_path / f"a.{ending}"
    zipped(made, files) if ending == "zip" else tarred(made, files, mode[ending])
    data = bytearray(made.read_bytes())
    data[20_000:20_050] = bytes(50)
    made.write_bytes(data)
    with pytest.raises(InvalidRequest, match=rf"a\.{ending} (cannot be unpacked|is neither)"):
        unpack(made, tmp_path / "out", silent)


def test_a_watcher_ends_the_work(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def stop(_: int, __: int) -> None:
        raise Enough

    with pytest.raises(Enough):
        unpack(zipped(tmp_path / "a.zip", FILES), tmp_path / "out", stop)


def test_other_files_are_no_archives(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"RIFF" + bytes(5000))
    assert not is_archive(tmp_path / "a")
    with pytest.raises(InvalidRequest, match="neither a folder nor a zip or tar"):
        unpack(tmp_path / "a", tmp_path / "out", silent)
