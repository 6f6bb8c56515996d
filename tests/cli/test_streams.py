"""Speech that is heard or written while it is made, and text that is shown while it is recognised."""

import io
import json
import os
import pty
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from click.testing import CliRunner

from tests.cli.daemons import (
    environment,
    make_streaming_home,
    measurements,
    started_vox,
    stopped_at_the_end,
    wait_until,
)
from tests.runtime.test_streams import audio, partial, spoken, wav
from vox.cli import sinks
from vox.cli.tree import cli
from vox.client import Client
from vox.paths import Home

DONE = {"answer": {"voiceId": "v"}}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the ear waits for between its partial and its answer."""
    return tmp_path_factory.mktemp("gate") / "open"


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory, gate: Path) -> Iterator[Home]:
    heard = [partial("one \x1b[31mtwo", stable=True), {"gate": str(gate)}, {"answer": {"text": "one two three"}}]
    home = make_streaming_home(tmp_path_factory.mktemp("streams") / "home", STEPS=json.dumps(heard))
    with stopped_at_the_end(home), Client(home) as client:
        client.connect()
        yield home


@pytest.fixture
def run(streaming: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Run a command in this process, in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name, value in environment(streaming).items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(cli, list(words), prog_name="vox")


def text(*steps: dict[str, object]) -> str:
    return json.dumps(steps)


def frames(data: bytes) -> bytes:
    with wave.open(io.BytesIO(data), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        return file.readframes(file.getnframes())


@pytest.mark.parametrize(("format", "header"), [("wav", 44), ("pcm", 0)])
def test_stdout_gets_what_is_made_before_the_rest_is(streaming: Home, tmp_path: Path, format: str, header: int) -> None:
    gate = tmp_path / "gate"
    orders = text(audio(0, b"abcd"), {"gate": str(gate)}, audio(1, b"ef"), DONE)
    words = ("speak", orders, "--out", "-", "--format", format)
    with started_vox(streaming, *words, encoding=None) as process:
        begin = os.read(process.stdout.fileno(), header + 4)
        while len(begin) < header + 4:
            begin += os.read(process.stdout.fileno(), header + 4 - len(begin))
        assert begin[header:] == b"abcd"
        gate.touch()  # the rest is not made before
        rest, errors = process.communicate(timeout=15)
    assert (rest, errors, process.returncode) == (b"ef", b"", 0)
    if header:
        assert begin[4:8] == b"\xf7\xff\xff\xff" and begin[40:44] == b"\xd3\xff\xff\xff"  # no length is known
        samples, rate = soundfile.read(io.BytesIO(begin + rest), dtype="int16")
        assert (samples.astype("<i2").tobytes(), rate) == (b"abcdef", 8000)


def test_a_wav_in_one_piece_says_its_length(streaming: Home) -> None:
    orders = text({"answer": spoken(wav(b"abcd", 8000))})
    with started_vox(streaming, "speak", "--model", "plain:1", orders, "--out", "-", encoding=None) as process:
        data, _ = process.communicate(timeout=15)
    assert frames(data) == b"abcd"


def test_a_file_is_written_while_it_is_made_and_is_whole_or_not_there(run) -> None:
    Path("a.wav").write_bytes(b"what was there before")
    done = run("speak", text(audio(0, b"ab"), audio(0, b"cd")), "--out", "a.wav")
    assert done.exit_code == 70 and os.listdir() == ["a.wav"]
    assert Path("a.wav").read_bytes() == b"what was there before"
    done = run("speak", text(audio(0, b"ab"), audio(1, b"cd"), DONE), "--out", "a.wav", "--json")
    assert frames(Path("a.wav").read_bytes()) == b"abcd" and os.listdir() == ["a.wav"]
    answer = json.loads(done.stdout)
    assert (answer["audioBytes"], answer["format"], answer["contentType"]) == (48, "wav", "audio/wav")
    assert (answer["path"], answer["played"], answer["voiceId"]) == ("a.wav", False, "v")


def test_raw_samples_have_no_header(run) -> None:
    assert run("speak", text(audio(0, b"ab"), audio(1, b"cd"), DONE), "--out", "a.pcm").exit_code == 0
    assert Path("a.pcm").read_bytes() == b"abcd"


def test_a_pipe_with_a_name_is_written_to_not_replaced(streaming: Home, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    words = ("speak", text(audio(0, b"ab"), DONE), "--format", "pcm", "--out", str(tmp_path / "pipe"))
    with started_vox(streaming, *words) as process:
        assert (tmp_path / "pipe").read_bytes() == b"ab"
        assert process.wait(15) == 0
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_new_file_of_a_speech_that_fails_is_taken_away(run) -> None:
    done = run("speak", text(audio(0, b"ab"), audio(0, b"ab")), "--no-play")
    assert done.exit_code == 70 and "out of order" in done.stderr and os.listdir() == []


def test_a_reader_that_leaves_ends_the_speech(streaming: Home) -> None:
    endless = {"repeat": 100_000, "seconds": 0.001, "zeros": 8000, **audio("$n")}
    endless["send"]["params"]["audioBase64"] = "$zeros"
    with started_vox(streaming, "speak", text(endless), "--out", "-", encoding=None) as process:
        assert process.stdout.read(100)
        process.stdout.close()
        assert process.wait(15) == 141
        process.stderr.read()
    wait_until(lambda: any(row["outcome"] == "cancelled" for row in measurements(streaming)))


class Loudspeaker:
    """Stands for a sound device."""

    def __init__(self, volume: float) -> None:
        self.volume, self.rate, self.heard, self.ended = volume, 0, bytearray(), ""
        Loudspeaker.last = self

    def put(self, samples: bytes, rate: int) -> None:
        self.heard += samples
        self.rate = rate

    def wait_for_room(self) -> None:
        assert self.heard

    def finish(self) -> None:
        self.ended = "finish"

    def interrupt(self) -> None:
        self.ended = "interrupt"


def test_speech_is_played_piece_by_piece(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vox.audio.speaker.Speaker", Loudspeaker)
    done = run("speak", "--json", "--volume", "0.5", text(audio(0, b"ab"), audio(1, b"cd"), DONE))
    assert (done.exit_code, done.stderr) == (0, "played: v via mouth:1\n")
    assert (bytes(Loudspeaker.last.heard), Loudspeaker.last.rate, Loudspeaker.last.ended) == (b"abcd", 8000, "finish")
    assert Loudspeaker.last.volume == 0.5
    answer = json.loads(done.stdout)
    assert (answer["played"], answer["path"], answer["audioBytes"]) == (True, None, 48)
    assert run("speak", text(audio(0, b"ab"), audio(0, b"ab"))).exit_code == 70
    assert Loudspeaker.last.ended == "interrupt"


def test_a_device_that_fails_is_told_with_a_way_out(run, monkeypatch: pytest.MonkeyPatch) -> None:
    from vox.audio.playback import NoDeviceError

    class Broken(Loudspeaker):
        def finish(self) -> None:
            raise NoDeviceError("the sound device failed (unplugged)")

    monkeypatch.setattr("vox.audio.speaker.Speaker", Broken)
    done = run("speak", text(audio(0, b"ab"), DONE))
    assert done.exit_code == 70 and "unplugged); write to a file with --out" in done.stderr


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    sink = sinks.NamedFile(Path("/dev/full"), "wav")
    with pytest.raises(Exception, match="/dev/full: cannot be written: No space left"):
        sink.write(bytes(100_000), 8000, whole=False)
    sink.abort()


def test_text_is_shown_on_a_terminal_while_it_is_recognised(
    streaming: Home, gate: Path, tmp_path: Path, tone: Path
) -> None:
    ours, theirs = pty.openpty()
    with started_vox(streaming, "transcribe", "--partials", str(tone), stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while b"one two" not in shown:
            shown += os.read(ours, 1000)
        gate.touch()  # it is recognised only now
        assert process.stdout.read() == "one two three\n"
        assert process.wait(15) == 0
    os.close(ours)
    assert b"\x1b[31m" not in shown


def test_nothing_is_shown_elsewhere(run, gate: Path, tone: Path) -> None:
    gate.touch()
    done = run("transcribe", "--partials", str(tone))
    assert (done.stdout, done.stderr) == ("one two three\n", "")
