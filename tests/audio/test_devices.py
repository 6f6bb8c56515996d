"""Which devices there are, and under which names they are found again."""

from types import SimpleNamespace

import pytest

from tests.pulse import HEADSET, MICROPHONE, SPEAKER
from vox.audio import devices, portaudio
from vox.audio.devices import check_microphone, choose, input_devices, list_devices, output_devices
from vox.audio.playback import NoDeviceError
from vox.errors import MicrophoneUnavailable


def machine(default: int, *rows: tuple[str, str, int, int], drivers: tuple[str, ...] = ("ALSA",)) -> SimpleNamespace:
    """What sounddevice shows of a machine: name, driver, inputs and outputs of each device."""
    listed = [
        {
            "index": index,
            "name": name,
            "hostapi": drivers.index(driver),
            "max_input_channels": inputs,
            "max_output_channels": outputs,
            "default_samplerate": 44_100.0,
        }
        for index, (name, driver, inputs, outputs) in enumerate(rows)
    ]

    def default_of(driver: str, key: str) -> int:
        found = [row["index"] for row in listed if drivers[row["hostapi"]] == driver and row[key]]
        return default if default in found else (found or [-1])[0]

    apis = [
        {
            "name": driver,
            "default_input_device": default_of(driver, "max_input_channels"),
            "default_output_device": default_of(driver, "max_output_channels"),
        }
        for driver in drivers
    ]
    return SimpleNamespace(query_devices=lambda: listed, query_hostapis=lambda: apis)


def test_the_number_of_a_card_is_no_part_of_a_name():
    before = machine(0, ("USB Mic: Audio (hw:1,0)", "ALSA", 1, 0), ("default", "ALSA", 2, 2))
    after = machine(1, ("default", "ALSA", 2, 2), ("USB Mic: Audio (hw:3,0)", "ALSA", 1, 0))
    names = [{device.id for device in list_devices(library, "input")} for library in (before, after)]
    assert names[0] == names[1] == {"USB Mic: Audio", "default"}
    found = choose(list_devices(after, "input"), "USB Mic: Audio")
    assert (found.index, found.name, found.default) == (1, "USB Mic: Audio (hw:3,0)", True)


def test_two_devices_of_one_name_are_told_apart_and_the_better_driver_has_the_plain_one():
    drivers = ("MME", "Windows DirectSound", "Windows WASAPI")
    rows = [("Microphone", driver, 1, 0) for driver in drivers] + [("Microphone", "MME", 1, 0)]
    found = list_devices(machine(0, *rows, drivers=drivers), "input")
    assert [(device.id, device.index) for device in found] == [
        ("Microphone", 2),
        ("Microphone (MME)", 0),
        ("Microphone (Windows DirectSound)", 1),
        ("Microphone #2", 3),
    ]
    assert [device.default for device in found] == [True, False, False, False]
    assert len({device.id for device in found}) == 4


def test_devices_of_one_direction_are_not_shown_in_the_other():
    library = machine(0, ("mic", "ALSA", 1, 0), ("speaker", "ALSA", 0, 2), ("headset", "ALSA", 1, 1))
    assert [device.id for device in list_devices(library, "input")] == ["mic", "headset"]
    assert [device.id for device in list_devices(library, "output")] == ["speaker", "headset"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (None, "default"),
        ("USB Mic", "USB Mic"),
        ("usb mic", "USB Mic"),
        ("USB Mic (hw:1,0)", "USB Mic"),
        ("webcam", "A webcam"),
        ("mic", None),  # two have it
        ("", None),
        ("tin can", None),
    ],
)
def test_a_device_is_found_by_what_is_sure_to_mean_it(name, found):
    library = machine(
        3,
        ("USB Mic (hw:1,0)", "ALSA", 1, 0),
        ("Mic two", "ALSA", 1, 0),
        ("A webcam", "ALSA", 1, 0),
        ("default", "ALSA", 2, 2),
    )
    chosen = choose(list_devices(library, "input"), name)
    assert (chosen and chosen.id) == found


def test_a_machine_without_devices_has_none():
    assert list_devices(machine(0), "input") == []
    assert choose([], None) is None


def test_the_devices_of_the_sound_server_are_there(sound_server, monkeypatch):
    sound_server.here(monkeypatch)
    found = input_devices()
    assert found[0].default and found[0].id == "default"
    assert {MICROPHONE, HEADSET} <= {device.id for device in found}
    assert SPEAKER in {device.id for device in output_devices()}
    assert check_microphone() == ("ok", f"default and {len(found) - 1} more", None)


def test_what_was_plugged_in_meanwhile_is_seen(sound_server, monkeypatch, tmp_path):
    sound_server.here(monkeypatch)
    before = {device.id for device in input_devices()}
    more = tmp_path / "alsa.conf"
    more.write_text(
        f"<{sound_server.environment['ALSA_CONFIG_PATH']}>\npcm.brought {{ type pulse hint {{ show on }} }}\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(more))
    with portaudio.portaudio():  # somebody records: devices stay as they are
        pass
    assert {device.id for device in input_devices()} - before == {"brought"}


def test_a_missing_library_is_told_with_its_remedy(monkeypatch):
    def missing(renewed: bool):
        raise portaudio.PortAudioMissing("the PortAudio library is not installed (PortAudio library not found)")

    monkeypatch.setattr(portaudio, "_module", missing)
    with pytest.raises(
        MicrophoneUnavailable, match=r"^The PortAudio library is not installed .*libportaudio2|sounddevice"
    ):
        input_devices()
    with pytest.raises(NoDeviceError, match="install it"):
        output_devices()
    status, detail, remediation = check_microphone()
    assert (status, remediation["label"]) == ("warning", "Install PortAudio")
    assert "not installed" in detail
    assert portaudio._users.count == 0


@pytest.mark.parametrize(
    ("platform", "remedy"),
    [("linux", "--device /dev/snd"), ("darwin", "System Settings"), ("win32", "Privacy")],
)
def test_a_machine_without_a_microphone_gets_a_remedy(monkeypatch, tmp_path, platform, remedy):
    monkeypatch.setattr(devices, "_SOUND_FOLDER", tmp_path)
    monkeypatch.setattr(devices.sys, "platform", platform)
    monkeypatch.setattr(devices, "list_devices", lambda *_: [])
    monkeypatch.setattr(portaudio, "_module", lambda renewed: None)
    status, _, remediation = check_microphone()
    assert status == "warning"
    assert remedy in remediation["detail"]
    assert remedy in devices.no_microphone(None, []).message


def test_a_user_who_may_not_open_the_sound_cards_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(devices, "_SOUND_FOLDER", tmp_path)
    monkeypatch.setattr(devices.sys, "platform", "linux")
    assert not devices.forbidden()
    (tmp_path / "pcmC0D0c").touch()
    assert not devices.forbidden()
    monkeypatch.setattr(devices.os, "access", lambda *_: False)  # root may do everything
    assert devices.forbidden()
    assert "usermod -aG audio" in devices.no_microphone(None, []).message
