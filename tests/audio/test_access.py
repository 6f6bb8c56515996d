"""May the microphone be used? Asked of a real one."""

from concurrent.futures import ThreadPoolExecutor

from tests.pulse import HEADSET, MICROPHONE
from vox.audio import access, input_stream
from vox.audio.access import request_access


def test_a_microphone_that_records_may_be_used_and_is_free_again(sound_server, monkeypatch):
    sound_server.here(monkeypatch)
    answer = request_access()
    assert (answer.status, answer.detail, answer.remediation) == ("authorized", "default records", None)
    assert request_access(preferred=HEADSET).detail == "vox_headset records"
    assert sound_server.listeners(MICROPHONE) == sound_server.listeners(HEADSET) == 0


def test_silence_on_a_mac_is_no_answer_and_sound_is_one(sound_server, monkeypatch, jfk):
    sound_server.here(monkeypatch)
    answer = request_access(platform="darwin")
    assert answer.status == "not_determined"
    assert "Privacy & Security" in answer.remediation["detail"]
    with sound_server.playing(jfk), sound_server.recording(MICROPHONE) as heard:
        while not heard.samples().any():
            heard.wait(0.02)
        assert request_access(platform="darwin").status == "authorized"


def test_a_machine_without_a_microphone_is_not_one_that_refuses(own_sound_server, monkeypatch):
    own_sound_server.here(monkeypatch)
    own_sound_server.stop()
    answer = request_access()
    assert answer.status == "unknown"
    assert "no microphone" in answer.detail
    assert answer.remediation["detail"] == "vox doctor"
    monkeypatch.setattr(access, "forbidden", lambda: True)
    answer = request_access()
    assert answer.status == "denied"
    assert "audio" in answer.remediation["detail"]


def test_one_that_gives_nothing_is_not_waited_for_for_ever(own_sound_server, monkeypatch):
    own_sound_server.here(monkeypatch)
    monkeypatch.setattr(input_stream, "_FIRST_S", 0.3)
    own_sound_server.hang(MICROPHONE)
    assert request_access().status == "unknown"


def test_those_that_ask_at_once_get_the_same_answer(sound_server, monkeypatch):
    sound_server.here(monkeypatch)
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda _: request_access().status, range(3)))
    assert answers == ["authorized"] * 3
