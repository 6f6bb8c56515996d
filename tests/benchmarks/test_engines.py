"""The table of the engines is what `vox bench` prints; the larger set is made of what Debian's packages hold."""

import gzip
import wave
from pathlib import Path

import pytest

from benchmarks import engines
from benchmarks.page import fill
from benchmarks.prompts import make_set
from benchmarks.weights import lay_out
from tests.lacking import require
from vox.bench.recordings import read_recordings

CLIP = Path(__file__).parents[2] / "docs" / "audio" / "librivox-0930.wav"


def test_the_embedded_engines_side_by_side() -> None:
    require("moonshine_voice", "hibari")
    report = engines.measure(quick=True)
    lines = report.markdown().splitlines()
    assert lines[0].startswith("`vox bench --data docs/audio --runs 1`, run by ")
    assert sum(line.startswith("| moonshine:tiny-en |") for line in lines) == 1
    assert sum(line.startswith("| hibari:en | af_heart |") for line in lines) == 1
    page = fill(
        "<!-- machine: begin -->\n<!-- machine: end -->\n<!-- engines: begin -->\n<!-- engines: end -->", [report]
    )
    assert report.table in page and report.document()["table"] == report.table


def test_weights_are_laid_out_as_far_as_they_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.weights.find_spec", lambda name: None)
    lay_out(tmp_path)
    assert list(tmp_path.rglob("*")) == []


def test_prompts_become_a_folder_of_recordings(tmp_path: Path) -> None:
    require("av")
    import av

    sounds = tmp_path / "sounds"
    (sounds / "dir").mkdir(parents=True)
    with av.open(str(CLIP)) as source, av.open(str(sounds / "dir" / "long.g722"), "w", format="g722") as target:
        stream = target.add_stream("g722", rate=16_000)
        stream.layout = "mono"
        for frame in source.decode(audio=0):
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    texts = tmp_path / "texts.gz"
    said = "He might even have been made amiable  himself."
    texts.write_bytes(
        gzip.compress(f"; Sounds\ndir/long: {said}\nshort: Yes.\ngone: {said}\nbeep: [{said}]\n".encode())
    )
    assert make_set(tmp_path / "set", sounds, texts) == 1
    (found,), bare = read_recordings(tmp_path / "set")
    assert (found.name, found.transcript, bare) == ("dir-long.wav", said.replace("  ", " "), [])
    with wave.open(str(found.path)) as made, wave.open(str(CLIP)) as original:
        assert made.getframerate() == 16_000
        assert abs(made.getnframes() - original.getnframes()) < 2_000


def test_without_the_packages(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        make_set(tmp_path / "set", tmp_path, tmp_path / "texts.gz")
