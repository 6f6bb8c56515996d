import pytest

from vox.audio.formats import FORMATS, content_type, format_of
from vox.errors import InvalidRequest


def test_every_format_has_a_content_type():
    assert set(FORMATS) == {"wav", "flac", "ogg", "mp3", "opus", "pcm"}
    assert all(content_type(format).startswith("audio/") for format in FORMATS)


@pytest.mark.parametrize("format", ["aac", "", "WAV", "../wav"])
def test_an_unknown_format_names_the_known_ones(format):
    with pytest.raises(InvalidRequest, match="wav, flac, ogg, mp3, opus, pcm"):
        content_type(format)


@pytest.mark.parametrize(
    ("claim", "format"),
    [
        ("audio/wav", "wav"),
        ("Audio/X-WAV; charset=binary", "wav"),
        ("audio/mpeg", "mp3"),
        ("audio/ogg; codecs=opus", "ogg"),
        ("audio/opus", "ogg"),
        ("audio/pcm", None),
        ("text/html", None),
        ("", None),
    ],
)
def test_what_a_provider_calls_it(claim, format):
    assert format_of(claim) == format


def test_what_is_written_can_be_read_back_but_for_raw_samples():
    assert {format: format_of(content_type(format)) for format in FORMATS} == {
        "wav": "wav",
        "flac": "flac",
        "ogg": "ogg",
        "mp3": "mp3",
        "opus": "ogg",
        "pcm": None,
    }
