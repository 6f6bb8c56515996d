import io
import sys

import av
import numpy as np
import pytest
import soundfile

from vox.audio.decode import decode
from vox.audio.limits import Limits
from vox.errors import AudioTooLarge, UnsupportedAudio

KINDS = [
    ("ipod", "aac", 44_100),  # .m4a
    ("mp4", "aac", 16_000),
    ("adts", "aac", 16_000),  # .aac
    ("webm", "libopus", 48_000),  # what browsers record
    ("matroska", "aac", 48_000),
    ("matroska", "pcm_s16le", 16_000),
    ("mov", "pcm_s24le", 16_000),
    ("mov", "pcm_f32le", 16_000),
    ("mov", "pcm_u8", 16_000),
]


def packed(
    samples: np.ndarray, rate: int, kind: str, codec: str, codec_rate: int, layout: str = "mono", **options: str
) -> bytes:
    """A file as FFmpeg writes it, from float32 [channels, n]."""
    out = io.BytesIO()
    with av.open(out, "w", format=kind, options=options) as container:
        stream = container.add_stream(codec, rate=codec_rate)
        stream.layout = layout
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return out.getvalue()


@pytest.fixture
def speech(jfk) -> np.ndarray:
    return soundfile.read(jfk, dtype="float32")[0]


@pytest.mark.parametrize(("kind", "codec", "rate"), KINDS)
@pytest.mark.parametrize("from_disk", [True, False])
def test_each_container_gives_the_speech_back(speech, tmp_path, kind, codec, rate, from_disk):
    audio = packed(speech[None], 16_000, kind, codec, rate)
    path = tmp_path / "misleading.wav"
    path.write_bytes(audio)
    pcm = decode(path if from_disk else audio, rate=16_000)
    assert pcm.duration_s == pytest.approx(11, abs=0.15)
    assert likeness(pcm.samples, speech) > 0.97


def test_a_title_that_is_no_unicode_costs_nothing(speech):
    out = io.BytesIO()
    with av.open(out, "w", format="matroska") as container:
        container.metadata["title"] = "A title of its time"
        stream = container.add_stream("pcm_s16le", rate=16_000)
        frame = av.AudioFrame.from_ndarray((speech[None] * 32_767).astype("int16"), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    audio = out.getvalue()
    assert b"A title of its time" in audio
    pcm = decode(audio.replace(b"A title of its time", b"Caf\xe9s d'\xe9t\xe9 et moi"[:19].ljust(19)), rate=16_000)
    assert pcm.duration_s == pytest.approx(11, abs=0.15)


def likeness(heard: np.ndarray, spoken: np.ndarray) -> float:
    """Highest normalised correlation over all shifts: codecs delay by some milliseconds."""
    size = 2 ** int(np.ceil(np.log2(len(heard) + len(spoken))))
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(spoken, size))
    return np.fft.irfft(product, size).max() / (np.linalg.norm(heard) * np.linalg.norm(spoken))


def test_two_channels_are_mixed(speech):
    pair = np.stack([speech, speech * 0])
    pcm = decode(packed(pair, 16_000, "mov", "pcm_s16le", 16_000, "stereo"))
    assert np.abs(pcm.samples[: len(speech)] - speech / 2).max() < 2 / 32_768


def test_what_was_cut_off_gives_what_is_there(speech):
    audio = packed(speech[None], 16_000, "webm", "libopus", 48_000)
    assert 3 < decode(audio[: len(audio) // 2]).duration_s < 8
    audio = packed(speech[None], 16_000, "adts", "aac", 16_000)
    assert 3 < decode(audio[: len(audio) // 2]).duration_s < 8


def test_an_mp4_in_fragments_may_be_cut_off(speech):
    audio = packed(
        speech[None], 16_000, "mp4", "aac", 16_000, movflags="empty_moov+default_base_moof", frag_duration="1000000"
    )
    assert 3 < decode(audio[: len(audio) // 2]).duration_s < 8


def test_a_recording_that_switches_its_rate(speech):
    first, second = (packed(speech[None], 16_000, "adts", "aac", rate) for rate in (16_000, 44_100))
    pcm = decode(first + second)
    assert pcm.rate == 16_000
    assert pcm.duration_s == pytest.approx(22, abs=0.3)
    assert likeness(pcm.samples[176_000:], speech) > 0.97


def test_damage_in_the_middle_is_stepped_over(speech):
    audio = bytearray(packed(speech[None], 16_000, "adts", "aac", 16_000))
    audio[40_000:40_400] = bytes(400)
    assert 10 < decode(bytes(audio)).duration_s < 11.5


def test_an_mp4_without_its_index_is_named_as_damaged(speech):
    audio = packed(speech[None], 16_000, "mp4", "aac", 16_000)  # the index is at the end
    with pytest.raises(UnsupportedAudio, match="damaged MP4/M4A"):
        decode(audio[: len(audio) // 2])


def test_a_film_without_sound_is_named():
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), dtype=np.uint8), format="rgb24")
        for packet in [*stream.encode(picture), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(UnsupportedAudio, match="no sound track"):
        decode(out.getvalue())


@pytest.mark.parametrize("head", [b"\0\0\0\x20ftypM4A ", b"\x1a\x45\xdf\xa3\x01\0\0\0", b"\xff\xf1\x50\x80"])
def test_garbage_behind_a_good_start_is_refused(head):
    with pytest.raises(UnsupportedAudio):
        decode(head + np.random.default_rng(1).bytes(5_000))


def test_the_duration_cap_holds(speech):
    with pytest.raises(AudioTooLarge, match="longer than the 5 s"):
        decode(packed(speech[None], 16_000, "webm", "libopus", 48_000), Limits(max_duration_s=5))


def test_a_list_of_other_files_is_not_followed(tmp_path, jfk):
    for content in (f"ffconcat version 1.0\nfile {jfk}\n", f"#EXTM3U\n#EXTINF:11,\n{jfk}\n"):
        path = tmp_path / "list.m4a"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(UnsupportedAudio):
            decode(path)


@pytest.mark.parametrize(("kind", "codec", "rate", "name"), [(*KINDS[0], "MP4/M4A"), (*KINDS[3], "Matroska/WebM")])
def test_without_the_extra_the_message_names_it(speech, monkeypatch, kind, codec, rate, name):
    audio = packed(speech[None], 16_000, kind, codec, rate)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UnsupportedAudio, match=name) as caught:
        decode(audio)
    assert '"voxhost[av]"' in caught.value.message
    assert caught.value.details == {"extra": "av"}
