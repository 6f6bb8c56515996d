import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.audio.sniff import family, looks_like


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\0\0\0\x20ftypM4A ", "mp4"),
        (b"\0\0\0\x08wide\0\0\0\0mdat", "mp4"),
        (b"\x1a\x45\xdf\xa3\x01\0\0\0", "matroska"),
        (b"\xff\xf1\x50\x80", "aac"),
        (b"\xff\xf9\x50\x80", "aac"),
        (b"ID3\x04\0\0\0\0\0\x05tags!\xff\xf1\x50\x80", "aac"),
        (b"ID3\x04\0\0\0\0\0\x05tags!\xff\xfb\x90\0", "other"),
        (b"\xff\xfb\x90\0", "other"),
        (b"RIFF\0\0\0\0WAVE", "other"),
        (b"Get free stuff", "other"),
        (b"", "other"),
    ],
)
def test_the_family_follows_from_the_first_bytes(head, expected):
    file = io.BytesIO(head)
    assert family(file) == expected
    assert file.tell() == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Dear diary,\nno sound here.\n", "text"),
        ("Grüße, это не звук 🙂 ".encode() * 60, "text"),
        (b"<!doctype html><p>404", "web page"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04....", "ZIP"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI video"),
        (b"#EXTM3U\nhttp://127.0.0.1/a.mp3", "playlist"),
        (b"RIFF\0\0\0\0WAVEfmt ", "WAV file that is damaged"),
        (b"OggS\0\x02", "Ogg file"),
        (bytes(range(128, 256)), "no audio format"),
        (b"\0\0\0\0", "no audio format"),
    ],
)
def test_what_it_looks_like_is_said(content, words):
    assert words in looks_like(io.BytesIO(content))


@given(st.binary(max_size=600))
def test_any_bytes_are_classified(content):
    file = io.BytesIO(content)
    assert family(file) in ("mp4", "matroska", "aac", "other")
    assert looks_like(file)
