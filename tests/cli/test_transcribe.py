"""`vox transcribe`: every form of the text, every bad file, and nothing left behind."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import write_wav
from tests.cli.daemons import environment, measurements, spooled, started_vox, vox, wait_until

TEXT = "second1 second2 second3"


def test_the_text_is_all_that_goes_to_stdout(cli_run, tone):
    done = cli_run("transcribe", str(tone))
    assert (done.returncode, done.stdout, done.stderr) == (0, TEXT + "\n", "")


def test_the_published_command_line_says_file(run, tone):
    assert run("transcribe", "file", str(tone)).stdout == TEXT + "\n"
    Path("file").write_bytes(tone.read_bytes())
    assert run("transcribe", "./file").stdout == run("transcribe", "file", "file").stdout == TEXT + "\n"


def test_words_and_metrics(run, tone):
    done = run("transcribe", "--words", "--metrics", str(tone))
    assert done.stdout.splitlines()[:2] == [TEXT, "    0.000     0.900  second1"]
    trace, model, audio, stages, total = done.stderr.splitlines()
    assert trace.startswith("trace: ") and len(trace) == 23
    assert (model, audio) == ("model: echo:v1", "audio: 3.0s (48KB)")
    assert "inference=1.5ms" in stages and "queue=" in stages and "provider=" in stages
    assert total.startswith("total: 0.") and total.endswith("x realtime)")


def test_json_is_the_whole_transcript(run, tone):
    answer = json.loads(run("transcribe", "--json", "--words", "--language", "de", str(tone)).stdout)
    assert (answer["text"], answer["modelId"], answer["language"]) == (TEXT, "echo:v1", "de")
    assert [word["word"] for word in answer["words"]] == TEXT.split()
    assert answer["metrics"]["inferenceMs"] == 1.5 and answer["metrics"]["queueMs"] >= 0


def test_json_formats_are_those_of_hosted_services(run, tone):
    assert json.loads(run("transcribe", "--format", "json", str(tone)).stdout) == {"text": TEXT}
    verbose = json.loads(run("transcribe", "--format", "verbose_json", str(tone)).stdout)
    assert (verbose["task"], verbose["duration"], verbose["text"]) == ("transcribe", 3.0, TEXT)
    assert verbose["segments"][0]["start"] == 0.0 and len(verbose["words"]) == 3


def test_subtitles(run, tone):
    srt = run("transcribe", "--format", "srt", str(tone)).stdout
    assert srt == f"1\n00:00:00,000 --> 00:00:02,900\n{TEXT}\n\n"
    assert run("transcribe", "--format", "vtt", str(tone)).stdout.startswith("WEBVTT\n\n00:00:00.000 --> ")


def test_out_takes_its_form_from_the_name(run, tone):
    done = run("transcribe", "--out", "talk.srt", str(tone))
    assert (done.stdout, done.stderr) == ("", "wrote: talk.srt\n")
    assert Path("talk.srt").read_text(encoding="utf-8").startswith("1\n00:00:00,000")
    answer = json.loads(run("transcribe", "--json", "--out", "talk.txt", str(tone)).stdout)
    assert Path("talk.txt").read_text(encoding="utf-8") == answer["text"] + "\n"


def test_out_into_a_folder_names_each_file_after_its_source(run, tone):
    Path("texts").mkdir()
    Path("tone.mp3").write_bytes(tone.read_bytes())
    assert run("transcribe", "--out", "texts", str(tone), "tone.mp3").exit_code == 0
    assert sorted(os.listdir("texts")) == ["tone.mp3.txt", "tone.txt"]


@pytest.mark.parametrize(
    ("out", "code", "told"),
    [("nowhere/a.txt", 64, "nowhere is not a folder"), ("here/..", 64, "not a folder"), ("a.txt", 64, "need one")],
)
def test_a_place_that_cannot_be_written_is_told_before_the_work(run, tone, out, code, told):
    files = [str(tone)] * (2 if out == "a.txt" else 1)
    done = run("transcribe", "--out", out, *files)
    assert (done.exit_code, done.stdout) == (code, "") and told in done.stderr


def test_standard_input(cli_run, tone, shared):
    done = cli_run("transcribe", "-", input=tone.read_bytes(), encoding=None)
    assert (done.returncode, done.stdout) == (0, TEXT.encode() + b"\n")
    assert spooled(shared) == []


def test_standard_input_that_is_no_audio_is_named_so(cli_run, shared):
    done = cli_run("transcribe", "-", input="this is text, and not even short of it\n" * 50)
    assert done.returncode == 65 and "standard input" in done.stderr and str(shared.spool) not in done.stderr
    assert spooled(shared) == []


def test_empty_standard_input(cli_run, shared):
    done = cli_run("transcribe", "-")
    assert (done.returncode, done.stdout) == (65, "") and "empty" in done.stderr
    assert spooled(shared) == []


def test_standard_input_over_the_cap_is_not_kept(home):
    home.config_json.write_text('{"maxAudioBytes": 1000}', encoding="utf-8")
    home.config_json.chmod(0o600)
    done = vox(home, "transcribe", "-", input=b"x" * 5000, encoding=None)
    assert done.returncode == 65 and b"1000 bytes allowed" in done.stderr
    assert spooled(home) == []


def test_a_name_that_is_not_utf8(cli_run, tone, shared, tmp_path):
    odd = os.fsencode(tmp_path) + b"/t\xf6ne.wav"
    Path(os.fsdecode(odd)).write_bytes(tone.read_bytes())
    done = cli_run("transcribe", odd)
    assert (done.returncode, done.stdout) == (0, TEXT + "\n")
    assert spooled(shared) == []


def test_no_speech_is_said_and_not_invented(run, silence):
    done = run("transcribe", str(silence))
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", f"{silence}: no speech\n")
    done = run("transcribe", "--json", str(silence))
    assert done.exit_code == 1 and json.loads(done.stdout)["text"] == ""


def test_one_bad_file_does_not_stop_the_rest(run, tone, silence):
    done = run("transcribe", "missing.wav", str(tone), str(silence), str(tone))
    assert done.exit_code == 66
    assert done.stdout == f"{tone}: {TEXT}\n{silence}: \n{tone}: {TEXT}\n"
    assert "missing.wav: No such file" in done.stderr and f"{silence}: no speech" in done.stderr
    assert run("transcribe", str(silence), "missing.wav").exit_code == 1


def test_several_files_as_json(run, tone):
    done = run("transcribe", "--json", str(tone), "missing.wav")
    good, bad = json.loads(done.stdout)["files"]
    assert (good["file"], good["text"]) == (str(tone), TEXT)
    assert (bad["file"], bad["error"]["code"], done.exit_code) == ("missing.wav", "no_input", 66)


def test_several_subtitles_are_told_apart(run, tone):
    done = run("transcribe", "--format", "srt", str(tone), str(tone))
    assert done.stdout.count(f"==> {tone} <==\n1\n") == 2


def bad_files(folder: Path) -> dict[str, tuple[Path, int, str]]:
    """Name → file, exit status, words of the message."""
    made = {name: folder / name for name in ("fifo", "empty.wav", "text.wav", "cut.wav", "none.wav", "short.wav")}
    os.mkfifo(made["fifo"])
    made["empty.wav"].write_bytes(b"")
    made["text.wav"].write_text("no audio at all, just words\n" * 100, encoding="utf-8")
    made["cut.wav"].write_bytes(b"RIFF\x24\x00\x00\x00WAVEfm")
    write_wav(made["none.wav"], b"", 16_000)
    write_wav(made["short.wav"], b"\x00\x40" * 100, 16_000)
    told = {
        "fifo": (66, "is a FIFO"),
        "empty.wav": (65, "is empty"),
        "text.wav": (65, "text.wav"),
        "cut.wav": (65, "cut.wav"),
        "none.wav": (65, "no samples"),
        "short.wav": (65, "too short"),
    }
    others = {"missing": (folder / "missing.wav", 66, "No such file"), "folder": (folder, 66, "is a folder")}
    others["device"] = (Path("/dev/null"), 66, "is a device")
    return {name: (made[name], *told[name]) for name in made} | others


@pytest.mark.parametrize(
    "name", ["missing", "folder", "device", "fifo", "empty.wav", "text.wav", "cut.wav", "none.wav", "short.wav"]
)
def test_bad_files(run, shared, tmp_path, name):
    path, code, told = bad_files(tmp_path)[name]
    done = run("transcribe", str(path))
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.startswith("error: ") and told in done.stderr
    shown = json.loads(run("transcribe", "--json", str(path)).stdout)["error"]
    assert shown["code"] == {65: "unsupported_audio", 66: "no_input"}[code] and shown["retryable"] is False
    assert spooled(shared) == []


AS_NOBODY = """
import os, sys
from vox.cli import transcribe, tree
from vox.client import api, discovery
if os.geteuid() == 0:  # root reads everything
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
tree.cli.main(sys.argv[1:])
"""


def test_a_file_that_may_not_be_read(shared, tmp_path, tone):
    secret = tmp_path / "secret.wav"
    secret.write_bytes(tone.read_bytes())
    secret.chmod(0)
    command = [sys.executable, "-c", AS_NOBODY, "transcribe", str(secret)]
    done = subprocess.run(command, env=environment(shared), capture_output=True, encoding="utf-8", timeout=30)
    assert (done.returncode, done.stdout) == (77, "") and "permission denied" in done.stderr


def test_unknown_models_are_named_with_those_alike(run, tone):
    done = run("transcribe", "--model", "echo:v9", str(tone))
    assert done.exit_code == 66 and "echo:v1" in done.stderr
    assert run("transcribe", "--model", "echo:absent", str(tone)).exit_code == 66


def test_a_provider_that_dies_with_the_call_inside(run, tone):
    done = run("transcribe", "--model", "doomed:v1", "--json", str(tone))
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["code"], error["retryable"]) == (70, "provider_crashed", True)


def slow_outcomes(home):
    return [row["outcome"] for row in measurements(home) if row.get("modelId") == "slow:v1"]


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15)])
def test_a_signal_cancels_the_call(shared, tone, sign, code):
    before = slow_outcomes(shared)
    with started_vox(shared, "transcribe", "--model", "slow:v1", str(tone)) as process:
        wait_until(lambda: "inUse=1" in vox(shared, "providers", "status", "slow").stdout)
        process.send_signal(sign)
        said = process.communicate(timeout=10)
    assert (process.returncode, said[0], said[1].strip()) == (code, "", "")
    wait_until(lambda: len(slow_outcomes(shared)) > len(before))
    assert slow_outcomes(shared)[len(before) :] == ["cancelled"]
    wait_until(lambda: "inUse=0" in vox(shared, "providers", "status", "slow").stdout)


def test_a_signal_removes_the_copy_of_standard_input(shared, tone):
    with (
        tone.open("rb") as source,
        started_vox(shared, "transcribe", "--model", "slow:v1", "-", stdin=source) as process,
    ):
        wait_until(lambda: "inUse=1" in vox(shared, "providers", "status", "slow").stdout)
        assert len(spooled(shared)) == 2  # ours, and what the provider was given
        assert all((shared.spool / name).stat().st_mode & 0o777 == 0o600 for name in spooled(shared))
        process.terminate()
        assert process.wait(timeout=10) == 128 + signal.SIGTERM
    wait_until(lambda: spooled(shared) == [])


def test_nobody_may_be_asked_to_start_a_daemon(home, tone):
    done = vox(home, "transcribe", "--no-start", str(tone))
    assert done.returncode == 69 and "vox daemon start" in done.stderr
    assert not home.runtime_json.exists()


def test_the_first_command_starts_the_daemon(home, tone):
    done = vox(home, "transcribe", str(tone))
    assert (done.returncode, done.stdout, done.stderr) == (0, TEXT + "\n", "")


def test_a_reader_that_leaves_early_is_no_error(shared, tone):
    with started_vox(shared, "transcribe", *[str(tone)] * 40) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(timeout=20), process.stderr.read()) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_an_error(shared, tone):
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = vox(shared, "transcribe", str(tone), capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 70 and "No space left" in done.stderr
    done = vox(shared, "transcribe", str(tone), "--out", "/dev/full")
    assert done.returncode == 70 and "/dev/full: cannot be written: No space left" in done.stderr


def test_on_a_terminal_what_goes_on_is_shown_until_the_text_is_there(shared, tone):
    ours, theirs = pty.openpty()
    env = {**environment(shared), "TERM": "xterm"}
    done = vox(shared, "transcribe", str(tone), capture_output=False, stdout=subprocess.PIPE, stderr=theirs, env=env)
    os.close(theirs)
    shown = os.read(ours, 4096).decode()
    os.close(ours)
    assert done.stdout == TEXT + "\n"
    assert shown == f"Transcribing {tone} …\r\x1b[K"
