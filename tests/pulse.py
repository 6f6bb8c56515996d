"""A sound server of the tests' own, with microphones and a loudspeaker that no sound card is needed for.

What is played into the sink `vox_mic_in` is heard by the microphone `vox_mic`, the default one; `vox_headset_in` and
`vox_headset` are a second pair, to be unplugged. What anything plays goes to `vox_speaker`, the default, and can be
recorded there. PortAudio reaches the server through ALSA's pulse plugin, so it needs `environment` before it starts:
give that to a child process or a daemon, or put it into this process with `here`.
"""

import ctypes.util
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.lacking import without

SPEAKER = "vox_speaker"
MICROPHONE = "vox_mic"
HEADSET = "vox_headset"

_PROGRAMS = ("pulseaudio", "pactl", "paplay", "parec")
_PACKAGES = "libportaudio2 libasound2-plugins pulseaudio pulseaudio-utils"
_START_S = 10.0
_TAIL_S = 0.25  # of sound that must still arrive before a recording ends: more than the server buffers


class Recording:
    """What a source gives, from the moment this is made until `stop`."""

    def __init__(self, process: subprocess.Popen[bytes], rate: int) -> None:
        self.rate = rate
        self._process, self._heard, self._ended = process, bytearray(), False
        self._came = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="recording")
        self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while piece := self._process.stdout.read1(4096):
            with self._came:
                self._heard += piece
                self._came.notify_all()
        with self._came:
            self._ended = True
            self._came.notify_all()

    def samples(self) -> NDArray[np.int16]:
        """Everything heard until now, mono."""
        with self._came:
            return np.frombuffer(bytes(self._heard[: len(self._heard) // 2 * 2]), np.int16)

    def wait(self, seconds: float) -> None:
        """Until so much more was heard."""
        with self._came:
            wanted = len(self._heard) + int(2 * self.rate * seconds)
            self._came.wait_for(lambda: self._ended or len(self._heard) >= wanted, _START_S + seconds)
            assert len(self._heard) >= wanted, "the source gives nothing"

    def stop(self) -> None:
        """End it, when everything that was played until now has been heard."""
        try:
            self.wait(_TAIL_S)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """End it now."""
        self._process.terminate()
        self._process.wait(timeout=_START_S)
        self._thread.join(timeout=_START_S)
        if self._process.stdout is not None:
            self._process.stdout.close()


class SoundServer:
    """A running server. End it with `stop`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = _environment(folder)
        """What a child process or a daemon needs to hear and to be heard here, beside its own."""
        _write_alsa(folder)
        self._log = (folder / "server.log").open("wb")
        self._process = subprocess.Popen(_command(folder), env=self._environ(), stdout=self._log, stderr=self._log)
        try:
            self._wait_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server, and with it every sound."""
        self._process.terminate()
        self._process.wait(timeout=_START_S)
        self._log.close()

    def here(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let this very process use the server until the test's end; PortAudio is to be opened only after it."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def python(self, program: str, *arguments: str, seconds: float = 60.0) -> str:
        """Run a program in a Python of its own, and give what it prints."""
        command = [sys.executable, "-c", program, *arguments]
        run = subprocess.run(command, env=self._environ(), capture_output=True, encoding="utf-8", timeout=seconds)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def play(self, clip: Path, into: str = f"{MICROPHONE}_in") -> None:
        """Play a WAV into a sink; returns when all of it has been heard there."""
        self._run("paplay", f"--device={into}", str(clip), seconds=600)

    @contextmanager
    def playing(self, clip: Path, into: str = f"{MICROPHONE}_in") -> Generator[subprocess.Popen[bytes]]:
        """Play a WAV into a sink meanwhile; what is left of it at the end is not played."""
        with subprocess.Popen(["paplay", f"--device={into}", str(clip)], env=self._environ()) as process:
            try:
                yield process
            finally:
                process.terminate()

    @contextmanager
    def recording(self, source: str = f"{SPEAKER}.monitor", rate: int = 16_000) -> Generator[Recording]:
        """Record a source, from what the loudspeaker plays unless another is named."""
        command = ["parec", f"--device={source}", "--format=s16le", f"--rate={rate}", "--channels=1", "--raw"]
        process = subprocess.Popen([*command, "--latency-msec=20"], env=self._environ(), stdout=subprocess.PIPE)
        recording = Recording(process, rate)
        try:
            recording.wait(0.01)
            yield recording
        except BaseException:
            recording.abandon()
            raise
        recording.stop()

    def listeners(self, source: str) -> int:
        """How many programs record from a source now."""
        numbers = {line.split("\t")[1]: line.split("\t")[0] for line in self._list("sources")}
        return sum(line.split("\t")[1] == numbers.get(source) for line in self._list("source-outputs"))

    def unplug(self, name: str) -> None:
        """Take a microphone or a loudspeaker away, as if its plug were pulled."""
        wanted = {f"source_name={name}", f"sink_name={name}"}
        found = [line.split("\t")[0] for line in self._list("modules") if wanted & set(line.split())]
        assert found, f"there is no {name}"
        for module in found:
            self._run("pactl", "unload-module", module)

    def plug(self, name: str) -> None:
        """Bring an unplugged microphone back."""
        self._run("pactl", "load-module", *_microphone(name))

    @contextmanager
    def echoing(self) -> Generator[None]:
        """A room in which the microphone hears the loudspeaker."""
        words = ("module-loopback", f"source={SPEAKER}.monitor", f"sink={MICROPHONE}_in", "latency_msec=30")
        module = self._run("pactl", "load-module", *words).strip()
        try:
            yield
        finally:
            self._run("pactl", "unload-module", module)

    def hang(self, name: str) -> None:
        """Let a microphone be there and give nothing, as one does whose cable is loose."""
        self._run("pactl", "suspend-source", name, "1")

    def _list(self, what: str) -> list[str]:
        return self._run("pactl", "list", "short", what).splitlines()

    def _run(self, *command: str, seconds: float = _START_S) -> str:
        run = subprocess.run(command, env=self._environ(), capture_output=True, encoding="utf-8", timeout=seconds)
        assert run.returncode == 0, f"{' '.join(command)}: {run.stderr}"
        return run.stdout

    def _environ(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + _START_S
        while subprocess.run(["pactl", "info"], env=self._environ(), capture_output=True).returncode:
            told = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")
            assert self._process.poll() is None, f"the sound server ended: {told}"
            assert time.monotonic() < deadline, f"the sound server does not answer: {told}"
            time.sleep(0.02)


@contextmanager
def started() -> Generator[SoundServer]:
    """A server for the time of the block. Skips the test where the programs are missing, fails where they must be."""
    _require()
    with tempfile.TemporaryDirectory(prefix="vox-sound-") as folder:
        server = SoundServer(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def sound_server() -> Iterator[SoundServer]:
    """A server that the tests share: leave its devices plugged in."""
    with started() as server:
        yield server


@pytest.fixture
def own_sound_server() -> Iterator[SoundServer]:
    """A server for one test, which may unplug what it likes."""
    with started() as server:
        yield server


def _require() -> None:
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if ctypes.util.find_library("portaudio") is None:
        missing.append("PortAudio")
    if not list(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")):
        missing.append("ALSA's pulse plugin")
    if missing:
        without(f"needs {', '.join(missing)}: apt-get install {_PACKAGES}")


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PULSE_SERVER": f"unix:{folder}/socket",
        "PULSE_RUNTIME_PATH": str(folder / "runtime"),
        "PULSE_COOKIE": str(folder / "cookie"),
        "ALSA_CONFIG_PATH": str(folder / "alsa.conf"),
    }


def _write_alsa(folder: Path) -> None:
    devices = {MICROPHONE: MICROPHONE, HEADSET: HEADSET, SPEAKER: SPEAKER}
    lines = ["</usr/share/alsa/alsa.conf>", "pcm.!default { type pulse }", "ctl.!default { type pulse }"]
    lines += [
        f'pcm.{name} {{ type pulse device {device} hint {{ show on description "{name}" }} }}'
        for name, device in devices.items()
    ]
    (folder / "alsa.conf").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _command(folder: Path) -> list[str]:
    # A sink that never rewinds thinks in steps of 50 ms, others in some of two seconds: whoever listens waits for one.
    sink = "module-null-sink norewinds=1 rate=48000 channels=1"
    lines = [
        f"load-module module-native-protocol-unix auth-anonymous=1 socket={folder}/socket",
        f"load-module {sink} sink_name={SPEAKER}",
    ]
    for name in (MICROPHONE, HEADSET):
        lines += [f"load-module {sink} sink_name={name}_in", f"load-module {' '.join(_microphone(name))}"]
    lines += [f"set-default-sink {SPEAKER}", f"set-default-source {MICROPHONE}"]
    script = folder / "server.pa"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    flags = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit=true", "--use-pid-file=no"]
    private = ["--high-priority=no", "--realtime=no", "--disable-shm=yes", "-F", str(script)]
    return ["pulseaudio", *flags, *private]


def _microphone(name: str) -> tuple[str, ...]:
    return "module-remap-source", f"source_name={name}", f"master={name}_in.monitor"
