"""`vox bench`: models side by side, whatever becomes of some of them."""

import json
import re
import shutil
import signal
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import Result

from tests.cli.daemons import STREAMING, make_home, started_vox, stopped_at_the_end, vox, wait_until
from tests.lacking import require
from vox.client import Client
from vox.paths import Home

DOCS = Path(__file__).parents[2] / "docs" / "audio"
SCHEMA = json.loads((Path(__file__).with_name("bench.schema.json")).read_text(encoding="utf-8"))
TIME = r"\d+( ms|\.\d\d s)"
FAST = ("--runs", "1")
NOBODY = "There is no model 'nobody:1'. See what there is: vox models"


@pytest.fixture
def data(tmp_path: Path, tone: Path, silence: Path) -> Path:
    """Two recordings the echo provider hears: "second1 second2 second3", and nothing."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(tone, folder / "tone.wav")
    shutil.copy(silence, folder / "silence.wav")
    (folder / "tone.txt").write_text("Second1, second2 third!", encoding="utf-8")
    (folder / "silence.txt").write_text("nothing", encoding="utf-8")
    return folder


def told(result: Result) -> dict[str, Any]:
    answer = json.loads(result.stdout)
    jsonschema.validate(answer, SCHEMA)
    return answer


def test_recognisers_in_a_table(run: Callable[..., Result], data: Path) -> None:
    done = run("bench", "--models", "echo:v1", "--data", str(data), *FAST)
    head, row = done.stdout.splitlines()
    assert re.split(r"  +", head)[:5] == ["recogniser", "WER", "errors", "words", "RTF"]
    # of six words one is another, one too many, and one is missing: a figure counts as a word
    assert re.fullmatch(rf"echo:v1 +50\.0% +3 +6 +0\.\d{{3}} +{TIME} +\d+ MiB +yes +no", row), row
    assert done.exit_code == 0


def test_figures_as_json(run: Callable[..., Result], data: Path) -> None:
    answer = told(run("bench", "--models", "echo:v1", "--data", str(data), "--runs", "2", "--json"))
    (row,) = answer["recognisers"]
    assert (row["wordErrors"], row["words"], row["wordErrorRate"]) == (6, 12, 0.5)  # both runs count
    assert [(one["name"], len(one["totalMs"])) for one in row["files"]] == [("silence.wav", 2), ("tone.wav", 2)]
    assert row["files"][1]["text"] == "second1 second2 second3" and row["files"][1]["audioDurationMs"] == 3000
    assert row["startMs"] > row["loadMs"] > 0 and row["peakBytes"] > 4 << 20
    assert answer["speakers"] == [] and answer["sentences"] == 0 and answer["data"]["files"] == 2


def test_speakers_are_listened_to(run: Callable[..., Result], tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("y" * 20 + "\n" + "x" * 150, encoding="utf-8")
    asked = ("bench", "--tts", "tone:v1@high", "--text", str(text), "--recogniser", "echo:v1,doomed:v1", *FAST)
    done = run(*asked)
    head, row = done.stdout.splitlines()
    assert "WER by echo:v1" in head and "WER by doomed:v1" in head
    # The first word is too short to be heard as a second; the other is heard as "second one second two".
    assert re.fullmatch(rf"tone:v1 +high +250\.0% +– +\d+\.\d{{3}} +{TIME} +{TIME} +{TIME} +\d+ MiB", row), row
    assert "tone:v1 by doomed:v1: " in done.stderr and done.exit_code == 0
    answer = told(run(*asked, "--json"))
    (speaker,) = answer["speakers"]
    echo, doomed = speaker["roundTrips"]
    assert echo["texts"] == ["", "second1 second2"] and echo["words"] == 2
    assert doomed["error"]["code"] in ("provider_crashed", "provider_unavailable") and doomed["texts"] == []
    assert [one["audioDurationMs"] for one in speaker["sentences"]] == [200, 1500]


def test_what_was_spoken_before_a_failure_is_listened_to(run: Callable[..., Result], tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("x" * 150 + "\nthis will fail\n", encoding="utf-8")
    done = run("bench", "--tts", "tone:v1", "--text", str(text), "--recogniser", "echo:v1", "--json", *FAST)
    (speaker,) = told(done)["speakers"]
    assert speaker["error"]["code"] == "provider_error" and done.exit_code == 70
    assert speaker["roundTrips"][0]["texts"] == ["second1 second2"]


def test_what_fails_is_a_row(run: Callable[..., Result], data: Path) -> None:
    names = "echo:v1,nobody:1,doomed:v1,echo:absent,tone:v1"
    done = run("bench", "--models", names, "--data", str(data), "--json", *FAST)
    rows = {row["modelId"]: row for row in told(done)["recognisers"]}
    assert list(rows) == names.split(",") and done.exit_code == 1
    codes = {name: row["error"] and row["error"]["code"] for name, row in rows.items()}
    assert codes == {
        "echo:v1": None,
        "nobody:1": "model_not_found",
        "doomed:v1": "provider_crashed",
        "echo:absent": "model_not_installed",
        "tone:v1": "invalid_request",
    }
    assert rows["echo:v1"]["words"] == 6 and rows["doomed:v1"]["wordErrorRate"] is None
    shown = run("bench", "--models", names, "--data", str(data), *FAST)
    assert re.search(r"^doomed:v1 +– +– +– +–", shown.stdout, re.M)
    assert f"nobody:1: {NOBODY}" in shown.stderr
    assert "tone:v1: tone:v1 speaks: name it with --tts" in shown.stderr


def test_where_nothing_could_be_measured(run: Callable[..., Result], data: Path) -> None:
    done = run("bench", "--models", "nobody:1", "--tts", "tone:v1@nobody", "--data", str(data))
    assert done.exit_code == 66 and "vox models" in done.stderr and "nobody" in done.stderr


def test_a_recording_that_cannot_be_read_costs_itself_alone(run: Callable[..., Result], data: Path) -> None:
    (data / "broken.wav").write_bytes(b"RIFF and then nothing")
    (data / "broken.txt").write_text("never heard", encoding="utf-8")
    (data / "bare.wav").write_bytes(b"")
    done = run("bench", "--models", "echo:v1", "--data", str(data), *FAST)
    assert done.exit_code == 0 and "50.0%" in done.stdout
    assert "echo:v1: broken.wav: " in done.stderr
    assert "Without a transcript, and left out: bare.wav (1 in all)" in done.stderr
    for name in ("silence", "tone"):
        (data / f"{name}.txt").unlink()
    assert run("bench", "--models", "echo:v1", "--data", str(data), *FAST).exit_code == 65


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--models", "echo:v1", "--data", "nowhere"), 66),
        (("--models", "echo:v1", "--data", "."), 64),
        (("--tts", "tone:v1", "--text", "nowhere.txt"), 66),
        (("--tts", "tone:v1", "--png", "nowhere/chart.png"), 64),
        (("--runs", "0"), 64),
    ],
)
def test_wrong_use(run: Callable[..., Result], words: tuple[str, ...], status: int) -> None:
    assert run("bench", *words).exit_code == status


def test_outside_a_checkout_a_folder_must_be_named(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("vox.__file__", str(tmp_path / "site-packages/vox/__init__.py"))
    done = run("bench", "--models", "echo:v1")
    assert done.exit_code == 64 and "--data DIR" in done.stderr and "transcripts.tsv" in done.stderr


def test_processes_are_new_and_do_not_stay(run: Callable[..., Result], shared: Home, data: Path) -> None:
    def process() -> int | None:
        with Client(shared, start=False) as client:
            return next(one["pid"] for one in client.providers() if one["id"] == "echo")

    run("models", "preload", "echo:v1")
    before = process()
    run("bench", "--models", "echo:v1", "--data", str(data), "--warm", *FAST)
    answer = told(run("bench", "--models", "echo:v1", "--data", str(data), "--warm", "--json", *FAST))
    assert answer["cold"] is False and answer["recognisers"][0]["loadMs"] is None
    assert before is not None and process() == before
    run("bench", "--models", "echo:v1", "--data", str(data), *FAST)
    assert process() != before
    run("providers", "restart", "echo")
    run("bench", "--models", "echo:v1", "--data", str(data), *FAST)
    assert process() is None  # it was not in memory before


def test_a_markdown_table(run: Callable[..., Result], data: Path) -> None:
    lines = run("bench", "--models", "echo:v1", "--data", str(data), "--markdown", *FAST).stdout.splitlines()
    assert lines[0].startswith("| recogniser | WER |") and lines[1] == "|---" + "|--:" * 8 + "|"
    assert lines[2].startswith("| echo:v1 | 50.0% | 3 | 6 |")
    broken = run("bench", "--models", "echo:v1,nobody:1", "--data", str(data), "--markdown", *FAST).stdout.splitlines()
    assert broken[3].startswith("| nobody:1 | – |") and broken[4:] == ["", f"- nobody:1: {NOBODY}"]


def test_a_chart(run: Callable[..., Result], data: Path) -> None:
    models = ("--models", "echo:v1,nobody:1", "--tts", "tone:v1", "--recogniser", "echo:v1")
    done = run("bench", *models, "--data", str(data), "--png", "chart.png", *FAST)
    assert done.exit_code == 1 and "wrote: chart.png" in done.stderr
    picture = Path("chart.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n") and picture.endswith(b"IEND\xaeB\x60\x82")
    width, height = struct.unpack(">II", picture[16:24])
    assert width > 1000 and height > 300


def test_a_chart_needs_its_extra(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vox.bench.chart.find_spec", lambda name: None)
    done = run("bench", "--png", "chart.png")
    assert done.exit_code != 0 and 'pip install "voxhost[bench]"' in done.stderr
    assert not Path("chart.png").exists()


def test_models_of_vendors_are_asked_for_by_name_only(tmp_path: Path, data: Path) -> None:
    with stopped_at_the_end(Home(tmp_path / "home")) as home:
        home.ensure()
        steps = json.dumps([{"answer": {"text": "hello"}}])
        spec = json.dumps({"models": [{"id": "far:1"}], "features": ["cancel", "remote"]})
        near = json.dumps({"models": [{"id": "near:1"}], "features": ["cancel"]})
        entries = [
            {"id": name, "kind": "asr", "command": [sys.executable, str(STREAMING), given], "env": {"STEPS": steps}}
            for name, given in (("far", spec), ("near", near))
        ]
        home.providers_json.write_text(json.dumps({"providers": entries}), encoding="utf-8")
        home.providers_json.chmod(0o600)
        asked = ("bench", "--data", str(data), "--json", *FAST)
        every = vox(home, *asked, "--all")
        assert [row["modelId"] for row in json.loads(every.stdout)["recognisers"]] == ["near:1"]
        assert "may charge for it: far:1 (--remote)" in every.stderr
        named = vox(home, *asked, "--models", "far:1")
        assert (
            named.returncode == 64 and "add --remote" in json.loads(named.stdout)["recognisers"][0]["error"]["message"]
        )
        allowed = vox(home, *asked, "--models", "far:1", "--remote")
        assert allowed.returncode == 0 and "may charge for it" in allowed.stderr
        assert json.loads(allowed.stdout)["recognisers"][0]["files"][0]["totalMs"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT")
def test_interrupted(tmp_path: Path, data: Path) -> None:
    with stopped_at_the_end(make_home(tmp_path / "home")) as home:
        assert vox(home, "daemon", "start").returncode == 0
        asked = ("bench", "--models", "echo:v1,slow:v1,doomed:v1", "--data", str(data), "--json", *FAST)
        with Client(home, start=False) as client, started_vox(home, *asked) as process:
            wait_until(lambda: any(one["id"] == "slow" and one["inUse"] for one in client.providers()))
            process.send_signal(signal.SIGINT)
            shown, _ = process.communicate(timeout=15)
            assert process.returncode == 130
            answer = json.loads(shown)
            jsonschema.validate(answer, SCHEMA)
            assert answer["interrupted"] is True
            whole, part = answer["recognisers"]
            assert whole["error"] is None and whole["words"] == 6
            assert part["error"]["code"] == "cancelled" and part["modelId"] == "slow:v1"
            wait_until(lambda: not any(one["inUse"] for one in client.providers()))


def test_the_embedded_engines(tmp_path: Path) -> None:
    require("moonshine_voice")
    with stopped_at_the_end(Home(tmp_path / "home")) as home:
        text = tmp_path / "text.txt"
        text.write_text("The train to the coast leaves at a quarter past eight.\n", encoding="utf-8")
        models = ("--models", "moonshine:tiny-en", "--tts", "hibari:en", "--text", str(text), "--data", str(DOCS))
        done = vox(home, "bench", *models, "--json", *FAST)
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        jsonschema.validate(answer, SCHEMA)
        (ears,), (mouth,) = answer["recognisers"], answer["speakers"]
        assert ears["wordErrorRate"] < 0.04 and ears["words"] == 92 and ears["timings"] and ears["confidence"]
        assert len(ears["files"]) == 6 and 50 << 20 < ears["peakBytes"] < 2 << 30
        assert mouth["voiceId"] == "af_heart" and mouth["roundTrips"][0]["modelId"] == "moonshine:tiny-en"
        assert mouth["roundTrips"][0]["wordErrors"] <= 1 and mouth["firstAudioMs"] > 0
