"""espeak-ng as the shared library that the package espeakng_loader brings, called through ctypes.

The library has one global state: one call at a time, kept by a lock. Source: `speak_lib.h` of espeak-ng 1.52.
"""

import ctypes
from threading import Lock
from typing import Any

from vox.provider import Call, ProviderError
from vox_providers import _speech
from vox_providers._espeak_voices import Listed, Voice

__all__ = ["EspeakLibrary"]

_SYNCHRONOUS, _DO_NOT_EXIT = 2, 0x8000  # no audio device: samples go to the callback; errors are returned
_POSITION_IN_CHARACTERS, _UTF8 = 1, 1
_RATE_PARAMETER = 1
_GO_ON, _STOP = 0, 1  # what the callback answers


class _VoiceStruct(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class EspeakLibrary:
    """The loaded library. One per process: its state is global.

    Raises:
        ProviderError: The library does not load.
    """

    def __init__(self) -> None:
        import espeakng_loader

        self._lock = Lock()
        self._receive: Any = None
        try:
            self._library = _declared(ctypes.CDLL(espeakng_loader.get_library_path()))
            data = espeakng_loader.get_data_path()
        except (OSError, RuntimeError) as error:
            raise ProviderError(f"The espeak-ng library does not load: {error}") from error
        self._rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DO_NOT_EXIT)
        if self._rate <= 0:
            raise ProviderError(f"espeak-ng does not start with the data in {data} (error {self._rate}).")

    def listed(self) -> list[Listed]:
        """The library's list of voices."""
        with self._lock:
            voices = self._library.espeak_ListVoices(None)
            found: list[Listed] = []
            while voices[len(found)]:
                voice = voices[len(found)].contents
                found.append(Listed(_text(voice.name), _text(voice.identifier), _languages(voice.languages)))
            return found

    def speak(self, text: str, voice: Voice, words_per_minute: int, call: Call) -> tuple[bytes, int]:
        """16-bit mono PCM and its rate.

        Raises:
            ProviderError: The library refused, the speech is too long, or the call was cancelled.
        """
        sound = bytearray()

        def receive(samples: int | None, count: int, _events: int | None) -> int:
            if samples and count > 0:
                sound.extend(ctypes.string_at(samples, 2 * count))
            return _STOP if call.cancelled or _speech.is_too_long(len(sound)) else _GO_ON

        with self._lock:
            self._say(text.encode() + b"\0", voice, words_per_minute, _Callback(receive))
        call.raise_if_cancelled()
        _speech.check_length(len(sound), self._rate)
        return bytes(sound), self._rate

    def _say(self, text: bytes, voice: Voice, words_per_minute: int, receive: Any) -> None:
        self._receive = receive  # the library keeps the pointer, so something must keep the function
        self._library.espeak_SetSynthCallback(receive)
        self._check(self._library.espeak_SetVoiceByName(voice.listed.file.encode()), f"the voice {voice.id}")
        self._check(self._library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0), "the speed")
        status = self._library.espeak_Synth(text, len(text), 0, _POSITION_IN_CHARACTERS, 0, _UTF8, None, None)
        self._check(status, "the text")

    def _check(self, status: int, what: str) -> None:
        if status:
            raise ProviderError(f"The espeak-ng library did not take {what} (error {status}).")


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    """The functions in use, with their C types: on 64 bits ctypes would cut pointers otherwise."""
    c_int, c_uint, pointer = ctypes.c_int, ctypes.c_uint, ctypes.c_void_p
    library.espeak_Initialize.argtypes = (c_int, c_int, ctypes.c_char_p, c_int)
    library.espeak_ListVoices.argtypes = (pointer,)
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceStruct))
    library.espeak_SetSynthCallback.argtypes = (_Callback,)
    library.espeak_SetSynthCallback.restype = None
    library.espeak_SetVoiceByName.argtypes = (ctypes.c_char_p,)
    library.espeak_SetParameter.argtypes = (c_int, c_int, c_int)
    library.espeak_Synth.argtypes = (
        ctypes.c_char_p, ctypes.c_size_t, c_uint, c_int, c_uint, c_uint, pointer, pointer,
    )  # fmt: skip
    return library


def _languages(address: int) -> tuple[tuple[str, int], ...]:
    """A list in memory: a byte with the priority, a tag that ends with a zero byte, and so on up to a priority of 0."""
    found: list[tuple[str, int]] = []
    while priority := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        found.append((_text(tag), priority))
        address += len(tag) + 2
    return tuple(found)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip()
