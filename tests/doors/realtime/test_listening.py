"""The input of a session: every millisecond accounted for, turns cut out, silence let go."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doors.realtime.sessions import clip, silence
from vox.audio.g711 import to_alaw, to_ulaw
from vox.doors.realtime.listening import LONGEST_MS, Ear, Heard, Sound, Started, Stopped
from vox.doors.realtime.turn_config import TurnDetection

PLAIN = TurnDetection()


class Loud:
    """Takes what is loud for speech, so that the right answers are known."""

    frame = 256

    def probability(self, samples: Any) -> float:
        return 1.0 if np.abs(samples.astype(np.int32)).mean() > 3000 else 0.0


def loud(ms: int, rate: int = 24_000) -> bytes:
    """A tone of 500 Hz: every sample is another than its neighbours."""
    time = np.arange(ms * rate // 1000) / rate
    return (20_000 * np.sin(2 * np.pi * 500 * time)).astype("<i2").tobytes()


def quiet(ms: int, rate: int = 24_000) -> bytes:
    return bytes(2 * (ms * rate // 1000))


def hear(ear: Ear, content: bytes, step: int = 4800) -> list[Heard]:
    return [heard for at in range(0, len(content), step) for heard in ear.hear(content[at : at + step])]


def test_a_turn_is_cut_out_with_its_padding_and_its_silence() -> None:
    ear = Ear(turns=PLAIN, detector=Loud())
    started, stopped = hear(ear, quiet(1000) + loud(1000) + quiet(1000))
    assert isinstance(started, Started) and isinstance(stopped, Stopped)
    assert started.start_ms == pytest.approx(700, abs=16)
    assert stopped.sound.start_ms == started.start_ms
    assert stopped.sound.end_ms == pytest.approx(2500, abs=32)
    assert stopped.sound.ms == stopped.sound.end_ms - stopped.sound.start_ms
    assert stopped.silence_ms == pytest.approx(500, abs=16)
    assert stopped.tail_ms == stopped.silence_ms - 300
    expected = (quiet(1000) + loud(1000) + quiet(1000))[48 * stopped.sound.start_ms : 48 * stopped.sound.end_ms]
    assert stopped.sound.pcm == expected
    assert ear.ms == 3000 and not ear.speaking


@pytest.mark.parametrize("step", [14, 480, 481, 4800, 1 << 20])
def test_the_size_of_the_pieces_changes_nothing(step: int) -> None:
    content = quiet(700) + loud(300) + quiet(900) + loud(400) + quiet(600)
    ear, other = Ear(turns=PLAIN, detector=Loud()), Ear(turns=PLAIN, detector=Loud())
    assert hear(ear, content, step) == hear(other, content, 960)
    assert ear.ms == other.ms == 2900


def test_a_second_turn_does_not_begin_inside_the_first() -> None:
    rules = TurnDetection(prefix_padding_ms=2000, silence_duration_ms=200)
    _, first, second, _ = hear(Ear(turns=rules, detector=Loud()), loud(500) + quiet(300) + loud(500) + quiet(300))
    assert isinstance(first, Stopped) and isinstance(second, Started)
    assert second.start_ms == first.sound.end_ms


@pytest.mark.parametrize(("type", "code"), [("audio/pcmu", to_ulaw), ("audio/pcma", to_alaw)])
def test_telephone_codes_are_heard_alike(type: Any, code: Any) -> None:
    ear = Ear(type, PLAIN, Loud())
    content = code(np.frombuffer(quiet(1000, 8000) + loud(1000, 8000) + quiet(1000, 8000), "<i2"))
    started, stopped = hear(ear, content, 160)
    assert isinstance(started, Started) and isinstance(stopped, Stopped)
    assert started.start_ms == pytest.approx(700, abs=16)
    assert stopped.sound.rate == 8000 and ear.ms == 3000
    assert len(stopped.sound.pcm24()) == pytest.approx(48 * stopped.sound.ms, abs=48)
    assert len(stopped.sound.wav()) - 44 == pytest.approx(32 * stopped.sound.ms, abs=32)


def test_without_detection_everything_waits_for_the_commit() -> None:
    ear = Ear(detector=Loud())
    content = quiet(1000) + loud(1000)
    assert hear(ear, content) == [] and not ear.speaking
    sound = ear.commit()
    assert (sound.pcm, sound.start_ms, sound.end_ms) == (content, 0, 2000)
    assert ear.kept_ms == 0
    hear(ear, loud(500))
    assert ear.commit().start_ms == 2000


def test_half_a_sample_waits_for_its_other_half() -> None:
    ear, content = Ear(detector=Loud()), loud(10)
    for at in range(0, len(content), 7):
        assert ear.hear(content[at : at + 7]) == []
    assert ear.ms == 10 and ear.commit().pcm == content
    assert ear.hear(b"\x01") == [] and ear.ms == 10
    ear.clear()
    ear.hear(content)
    assert ear.commit().pcm == content


def test_a_commit_in_the_middle_of_a_turn_takes_what_was_said() -> None:
    ear = Ear(turns=PLAIN, detector=Loud())
    (started,) = hear(ear, quiet(1000) + loud(1000))
    assert ear.speaking
    sound = ear.commit()
    assert not ear.speaking and sound.end_ms == 2000
    assert isinstance(started, Started) and sound.start_ms <= started.start_ms
    again, stopped = hear(ear, loud(500) + quiet(600))
    assert isinstance(again, Started) and again.start_ms == 2000 and isinstance(stopped, Stopped)


def test_clearing_forgets_a_turn_and_keeps_count() -> None:
    ear = Ear(turns=PLAIN, detector=Loud())
    hear(ear, quiet(500) + loud(1000))
    ear.clear()
    assert (ear.speaking, ear.kept_ms, ear.ms) == (False, 0, 1500)
    assert hear(ear, quiet(1000)) == []


def test_the_padding_before_a_turn_is_all_that_is_kept_of_silence() -> None:
    ear = Ear(turns=PLAIN, detector=Loud())
    hear(ear, quiet(60_000))
    assert ear.ms == 60_000 and 300 <= ear.kept_ms <= 350


def test_ten_minutes_of_silence_and_noise_make_no_turn_and_need_no_memory() -> None:
    ear = Ear(turns=PLAIN)
    noise = (np.random.default_rng(1).normal(0, 300, 24_000)).astype("<i2").tobytes()
    hear(ear, silence(10) + 10 * noise, 48_000)
    tracemalloc.start()
    for _ in range(145):
        assert hear(ear, silence(2), 96_000) == []
    for _ in range(145):
        assert hear(ear, 2 * noise, 96_000) == []
    grown, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert ear.ms == 600_000 and ear.kept_ms < 1000
    assert grown < 100_000 and peak < 2 << 20


def test_speech_without_a_pause_ends_after_ten_minutes() -> None:
    ear = Ear(turns=PLAIN, detector=Loud())
    heard = [one for _ in range(610) for one in hear(ear, loud(1000), 48_000)]
    assert [type(one) for one in heard] == [Started, Stopped, Started]
    stopped = heard[1]
    assert isinstance(stopped, Stopped) and stopped.sound.ms == pytest.approx(LONGEST_MS, abs=300)


def test_manual_sound_is_taken_up_to_ten_minutes() -> None:
    ear = Ear(detector=Loud())
    for _ in range(599):
        hear(ear, quiet(1000), 48_000)
    assert ear.has_room(quiet(1000)) and not ear.has_room(quiet(1002))
    assert Ear("audio/pcmu", detector=Loud()).has_room(bytes(8 * LONGEST_MS))
    assert Ear(turns=PLAIN, detector=Loud()).has_room(bytes(48 * LONGEST_MS + 96))


def test_content_is_cut_to_seconds() -> None:
    ear = Ear(detector=Loud())
    content = loud(2500)
    pieces = list(ear.pieces(content))
    assert [len(piece) for piece in pieces] == [48_000, 48_000, 24_000] and b"".join(pieces) == content
    assert list(ear.pieces(b"")) == []
    assert [len(piece) for piece in Ear("audio/pcma", detector=Loud()).pieces(bytes(8001))] == [8000, 1]


def test_rules_can_change_in_the_middle() -> None:
    ear = Ear(turns=PLAIN, detector=Loud())
    hear(ear, quiet(200) + loud(500))
    ear.configure("audio/pcm", TurnDetection(silence_duration_ms=100))
    (stopped,) = hear(ear, quiet(200))
    assert isinstance(stopped, Stopped) and stopped.silence_ms == pytest.approx(100, abs=16)
    hear(ear, loud(500))
    ear.configure("audio/pcm", None)
    assert not ear.speaking and hear(ear, quiet(1000)) == []
    assert ear.commit().ms > 1400
    ear.configure("audio/pcm", PLAIN)
    started, _ = hear(ear, quiet(500) + loud(300) + quiet(600))
    assert isinstance(started, Started) and started.start_ms == pytest.approx(2600, abs=32)


def test_a_change_of_the_format_keeps_count() -> None:
    ear = Ear(turns=PLAIN, detector=Loud())
    hear(ear, quiet(1001))
    ear.configure("audio/pcmu", PLAIN)
    assert (ear.ms, ear.kept_ms) == (1001, 0)
    hear(ear, to_ulaw(np.frombuffer(quiet(500, 8000), "<i2")))
    started, _ = hear(ear, to_ulaw(np.frombuffer(loud(500, 8000) + quiet(600, 8000), "<i2")))
    assert isinstance(started, Started) and started.start_ms == pytest.approx(1201, abs=32)


def test_sound_is_given_to_recognisers_without_the_end_of_its_silence() -> None:
    sound = Sound(loud(1000) + quiet(500), 24_000, 0, 1500)
    assert len(sound.wav()) == 44 + 32 * 1500
    assert len(sound.wav(200)) == 44 + 32 * 1300
    assert len(sound.wav(2000)) == 44
    assert sound.pcm24() == sound.pcm


@pytest.mark.parametrize(("name", "turns"), [("jfk.wav", 4), ("librivox-0870.wav", None)])
def test_real_speech_is_found(name: str, turns: int | None) -> None:
    ear = Ear(turns=PLAIN)
    told = hear(ear, silence(1) + clip(name) + silence(1))
    stopped = [one for one in told if isinstance(one, Stopped)]
    assert stopped and len(told) == 2 * len(stopped)
    assert turns is None or len(stopped) == turns
    heard_ms = sum(one.sound.ms - one.silence_ms for one in stopped)
    assert heard_ms > 0.7 * (ear.ms - 2000)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 600)), max_size=6), st.integers(500, 5000))
def test_turns_lie_one_after_the_other_in_what_was_appended(runs: list[tuple[bool, int]], step: int) -> None:
    content = b"".join((loud if is_loud else quiet)(ms) for is_loud, ms in runs)
    ear = Ear(turns=TurnDetection(silence_duration_ms=200), detector=Loud())
    edge = 0
    for heard in hear(ear, content, 2 * step):
        if isinstance(heard, Started):
            assert edge <= heard.start_ms <= ear.ms
            edge = heard.start_ms
        else:
            assert heard.sound.start_ms == edge < heard.sound.end_ms <= ear.ms
            assert heard.sound.pcm == content[2 * 24 * edge : 2 * 24 * edge + len(heard.sound.pcm)]
            edge = heard.sound.end_ms
    assert ear.ms == len(content) // 48
