"""`vox speak`: what is heard or kept, and from where the text comes."""

import io
import json
import os
import wave
from pathlib import Path

import pytest

from vox.audio.playback import NoDeviceError, open_device


def frames(audio: bytes) -> int:
    """The echo provider makes 160 for each character."""
    with wave.open(io.BytesIO(audio), "rb") as file:
        assert (file.getframerate(), file.getnchannels()) == (16_000, 1)
        return file.getnframes()


def test_out_writes_the_file_and_says_so(run):
    done = run("speak", "Good morning.", "--out", "morning.wav")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "wrote: morning.wav\n")
    assert frames(Path("morning.wav").read_bytes()) == 13 * 160


def test_words_are_joined_and_sent_with_voice_and_speed(run):
    done = run("speak", "--json", "--voice", "high", "--speed", "2", "--out", "a.wav", "ten", "chars")
    assert frames(Path("a.wav").read_bytes()) == 9 * 160 / 2
    answer = json.loads(done.stdout)
    assert (answer["voiceId"], answer["modelId"], answer["path"], answer["played"]) == (
        "high",
        "tone:v1",
        "a.wav",
        False,
    )
    assert answer["audioBytes"] == os.path.getsize("a.wav") and "audioBase64" not in answer


@pytest.mark.parametrize(("name", "magic"), [("a.flac", b"fLaC"), ("a.ogg", b"OggS"), ("a.wav", b"RIFF")])
def test_the_format_follows_the_name(run, name, magic):
    assert run("speak", "hello", "--out", name).exit_code == 0
    assert Path(name).read_bytes().startswith(magic)


def test_the_format_may_be_said(run):
    assert run("speak", "hello", "--format", "flac", "--out", "a.bin").exit_code == 0
    assert Path("a.bin").read_bytes().startswith(b"fLaC")
    assert run("speak", "hello", "--format", "flac").stderr == "wrote: speech.flac\n"


def test_without_a_name_nothing_is_overwritten(run):
    for name in ("speech.wav", "speech-2.wav"):
        assert run("speak", "--no-play", "hello").stderr == f"wrote: {name}\n"
        assert frames(Path(name).read_bytes()) == 5 * 160


def test_in_a_folder_that_cannot_be_written_it_goes_elsewhere(cli_run):
    done = cli_run("speak", "--no-play", "hello", cwd="/proc")
    assert done.returncode == 0 and done.stderr.startswith("wrote: /") and "/proc" not in done.stderr
    written = Path(done.stderr.removeprefix("wrote: ").strip())
    assert frames(written.read_bytes()) == 5 * 160
    written.unlink()
    written.parent.rmdir()


def test_without_a_device_it_is_kept(run):
    try:
        open_device(16_000, 1).close()
    except NoDeviceError as missing:
        reason = str(missing)
    else:
        pytest.skip("this machine has a sound device")
    done = run("speak", "hello")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == f"not played: {reason}\nwrote: speech.wav\n"


def test_bytes_go_to_stdout_when_asked_for(cli_run):
    done = cli_run("speak", "hello", "--out", "-", encoding=None)
    assert (done.returncode, frames(done.stdout), done.stderr) == (0, 5 * 160, b"")


@pytest.mark.parametrize("words", [("-",), ()])
def test_text_comes_from_standard_input(run, words):
    assert run("speak", *words, "--out", "a.wav", input="from a pipe").exit_code == 0
    assert frames(Path("a.wav").read_bytes()) == 11 * 160


@pytest.mark.parametrize(
    ("text", "spoken"),
    [("x" * 10_000, 10_000), ("🎉 party 🎉", 9), ("a\udcffb", 3), ("nul\0inside", 9)],
    ids=["long", "emoji", "lone surrogate", "NUL"],
)
def test_odd_texts_are_spoken(run, text, spoken):
    assert run("speak", "--out", "a.wav", "--", text).exit_code == 0
    assert frames(Path("a.wav").read_bytes()) == spoken * 160


def test_a_hundred_thousand_characters(cli_run, tmp_path):
    done = cli_run("speak", "-", "--out", str(tmp_path / "a.wav"), input="word " * 20_000)
    assert done.returncode == 0, done.stderr
    assert frames((tmp_path / "a.wav").read_bytes()) == 100_000 * 160


def test_bytes_that_are_no_text_are_replaced(cli_run, tmp_path):
    done = cli_run("speak", "-", "--out", str(tmp_path / "a.wav"), input=b"ab\xff\xfecd", encoding=None)
    assert done.returncode == 0 and frames((tmp_path / "a.wav").read_bytes()) == 6 * 160


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_nothing_to_say_is_an_error(run, text):
    done = run("speak", "--out", "a.wav", "-", input=text)
    assert (done.exit_code, done.stdout) == (64, "") and "no text" in done.stderr
    assert not Path("a.wav").exists()


def test_too_much_to_say_is_an_error(cli_run):
    done = cli_run("speak", "-", "--no-play", input="x" * 4_000_001)
    assert done.returncode == 64 and "split it" in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--voice", "hgih", "hi"), 66, "high"),
        (("--model", "tone:v2", "hi"), 66, "tone:v1"),
        (("--speed", "9", "hi"), 64, "speed"),
        (("--format", "midi", "hi"), 64, "format"),
        (("please fail",), 70, "this engine cannot say that"),
        (("--out", "nowhere/a.wav", "hi"), 64, "nowhere is not a folder"),
        (("--out", ".", "hi"), 64, "is a folder"),
    ],
)
def test_refusals(run, words, code, told):
    done = run("speak", "--no-play", *words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in done.stderr and "\x1b" not in done.stderr
    assert os.listdir() == []


def test_errors_as_json_name_what_is_alike(run):
    error = json.loads(run("speak", "--json", "--voice", "hgih", "hi").stdout)["error"]
    assert (error["code"], error["nearest"]) == ("voice_not_found", ["high"])


def test_lines_are_texts_of_their_own(run):
    done = run("speak", "--lines", "--out", "a.wav", "-", input="one\n\n  three  \n")
    assert (done.exit_code, done.stderr) == (0, "wrote: a.wav\n")
    assert frames(Path("a.wav").read_bytes()) == (3 + 5) * 160
    assert run("speak", "--lines", "--out", "b.wav", "one", " ", "three").exit_code == 0
    assert Path("b.wav").read_bytes() == Path("a.wav").read_bytes()


def test_each_line_has_an_answer_as_json(run):
    done = run("speak", "--lines", "--json", "--no-play", "one", "three")
    assert [json.loads(line)["durationMs"] for line in done.stdout.splitlines()] == [30, 50]


def test_no_lines_are_no_error(run):
    done = run("speak", "--lines", "--out", "a.wav", input="\n \n")
    assert (done.exit_code, done.stdout, done.stderr, os.listdir()) == (0, "", "", [])


def test_lines_cannot_be_put_together_in_every_format(run):
    done = run("speak", "--lines", "--out", "a.mp3", "one", "two")
    assert done.exit_code == 64 and "mp3" in done.stderr and not Path("a.mp3").exists()


def test_an_empty_pipe_is_nothing_to_say(cli_run):
    for words in ((), ("--lines",), ("--sentences",)):
        done = cli_run("speak", *words, input="\n")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_sentences_are_texts_of_their_own(cli_run, tmp_path):
    words = ("speak", "--sentences", "--json", "--no-play", "-")
    done = cli_run(*words, cwd=tmp_path, input="One of these is here. It is followed. Three")
    spoken = [json.loads(line)["durationMs"] for line in done.stdout.splitlines()]
    assert (done.returncode, spoken[0], len(spoken)) == (0, 10 * len("One of these is here."), 2)
    assert "give one of" in cli_run("speak", "--sentences", "--lines", input="x").stderr
