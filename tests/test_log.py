"""Logs: one line an event, no secrets, no growth without end, and a full disk that costs only the lines."""

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from vox.log import Redactor, RotatingFile, configure, get_logger, redactor


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "logs" / "voxd.log"
    configure(path, console=False)
    yield path
    structlog.reset_defaults()


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_an_event_is_one_line_with_time_level_name_and_fields(log: Path) -> None:
    get_logger().info("daemon.ready", port=42137, note="two words")
    get_logger().warning("odd", text="a\nb\x1b[31m")
    first, second = lines(log)
    assert first.endswith("Z] INFO: daemon.ready port=42137 note='two words'") and first.startswith("[2")
    assert "WARNING: odd" in second and "\x1b" not in second and "\\n" in second
    assert stat.S_IMODE(log.stat().st_mode) == 0o600 or sys.platform == "win32"


def test_a_failure_is_one_line_too(log: Path) -> None:
    try:
        raise ValueError("broken")
    except ValueError:
        get_logger().exception("rpc.failed", method="health")
    (line,) = lines(log)
    assert "ERROR: rpc.failed method=health" in line and "ValueError: broken" in line


def test_debug_is_silent(log: Path) -> None:
    get_logger().debug("hidden")
    get_logger().info("shown")
    assert len(lines(log)) == 1


def test_secrets_do_not_reach_the_file(log: Path) -> None:
    redactor.learn({"MY_API_KEY": "hunter2hunter2", "PLAIN": "ordinary"})
    redactor.learn_value("the-daemons-token")
    get_logger().info("said", text="hunter2hunter2 the-daemons-token ordinary", api_key="abc", authorization="xyz")
    (line,) = lines(log)
    assert "hunter2" not in line and "daemons-token" not in line and "abc" not in line and "xyz" not in line
    assert "ordinary" in line


def test_the_daemons_log_moves_aside_at_its_size(log: Path) -> None:
    get_logger().info("first")
    with log.open("ab") as file:
        file.write(b"x" * (8 << 20) + b"\n")
    get_logger().info("last")
    get_logger().info("after")
    assert [path.name for path in sorted(log.parent.iterdir())] == ["voxd.log", "voxd.log.1"]
    assert len(lines(log)) == 1 and "INFO: after" in lines(log)[0]
    assert "INFO: last" in lines(log.with_name("voxd.log.1"))[-1]


def test_the_console_gets_the_same_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(None, console=True)
    try:
        get_logger().info("hello", to="you")
    finally:
        structlog.reset_defaults()
    captured = capsys.readouterr()
    assert captured.err.endswith("INFO: hello to=you\n") and not captured.out


def test_a_disk_that_takes_nothing_costs_the_lines_only(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way", encoding="utf-8")
    configure(tmp_path / "logs" / "voxd.log", console=False)
    try:
        get_logger().info("lost")
        (tmp_path / "logs").unlink()
        get_logger().info("kept")
    finally:
        structlog.reset_defaults()
    assert [line.rpartition(" ")[2] for line in lines(tmp_path / "logs" / "voxd.log")] == ["kept"]


@pytest.mark.parametrize(
    "secret",
    [
        *("Bearer abc.def", "sk-1234567890", "nvapi-1234567890", "gsk_1234567890", "AIzaSyA1234567890123456789012"),
        "ek_123456789012345678901234567890",
    ],
)
def test_what_looks_like_a_key_goes(secret: str) -> None:
    assert Redactor().text(f"key {secret} end") == "key [redacted] end"


@pytest.mark.parametrize("text", ["task-force", "ask-me-anything", "risk", "bearer", "sk-", "a skeleton"])
def test_ordinary_words_stay(text: str) -> None:
    assert Redactor().text(text) == text


def test_short_values_and_harmless_names_are_not_secrets() -> None:
    secrets = Redactor()
    secrets.learn({"API_KEY": "abc", "COLOUR": "vermilion", "OPENAI_API_KEY": "long-enough"})
    secrets.learn_value("x")
    assert secrets.text("abc vermilion x long-enough") == "abc vermilion x [redacted]"


def test_a_secret_within_a_secret_leaves_no_rest() -> None:
    for first, second in (("secret", "secret-longer"), ("secret-longer", "secret")):
        secrets = Redactor()
        secrets.learn_value(first)
        secrets.learn_value(second)
        assert secrets.text("a secret-longer z") == "a [redacted] z"


@given(st.text(min_size=6, max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_learned_secret_never_survives(secret: str, before: str, after: str) -> None:
    secrets = Redactor()
    secrets.learn_value(secret)
    shown = secrets.text(before + secret + after)
    assert secret not in shown or secret in "[redacted]"


def test_a_rotating_file_is_private_and_follows_its_name(tmp_path: Path) -> None:
    file = RotatingFile(tmp_path / "deep" / "x.log", max_bytes=10, keep=1)
    file.append(b"first line\n")
    file.append(b"second\n")
    assert (tmp_path / "deep" / "x.log").read_bytes() == b"second\n"
    assert (tmp_path / "deep" / "x.log.1").read_bytes() == b"first line\n"
    (tmp_path / "deep" / "x.log").unlink()
    file.append(b"third\n")
    assert (tmp_path / "deep" / "x.log").read_bytes() == b"third\n"


def test_half_a_line_of_a_killed_process_is_ended_once(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"half")
    file = RotatingFile(path)
    file.append(b"one")
    file.append(b" two\n")
    assert path.read_bytes() == b"half\none two\n"
