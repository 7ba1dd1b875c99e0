"""espeak-ng, through its library: speech, and when each phoneme and word of it begins."""
import ctypes
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

import config

# speak_lib.h
AUDIO_OUTPUT_RETRIEVAL, INITIALIZE_PHONEME_EVENTS = 1, 1
RATE_PARAMETER = 1
CHARS_UTF8 = 1
LIST_TERMINATED, WORD, PHONEME = 0, 1, 7


class Id(ctypes.Union):
    _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]


class Event(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
                ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
                ("user_data", ctypes.c_void_p), ("id", Id)]


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


@dataclass
class Speech:
    """What one call of the library gave. Times are in samples."""
    rate: int
    samples: np.ndarray
    phonemes: list = field(default_factory=list)  # (begin, name); a pause is one too: its name begins with _
    words: list = field(default_factory=list)     # (begin, first letter, letters)


class Library:
    def __init__(self):
        try:
            self.library = ctypes.CDLL("libespeak-ng.so.1")
        except OSError:
            raise SystemExit("error: libespeak-ng.so.1 is missing: apt-get install espeak-ng") from None
        self.rate = self.library.espeak_Initialize(AUDIO_OUTPUT_RETRIEVAL, 0, None, INITIALIZE_PHONEME_EVENTS)
        self.callback = Callback(self._receive)  # kept, for the library calls it
        self.library.espeak_SetSynthCallback(self.callback)

    def _receive(self, samples, count, events):
        if samples and count > 0:
            self.pieces.append(ctypes.string_at(samples, 2 * count))
        for event in iter_events(events):
            if event.type == PHONEME:
                self.phonemes.append((event.sample, event.id.string))
            elif event.type == WORD:
                self.words.append((event.sample, event.text_position - 1, event.length))
        return 0

    def speak(self, text, voice):
        self.pieces, self.phonemes, self.words = [], [], []
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"error: espeak-ng has no voice {voice}")
        self.library.espeak_SetParameter(RATE_PARAMETER, config.ESPEAK_SPEED, 0)
        data = text.encode() + b"\0"
        self.library.espeak_Synth(data, len(data), 0, 0, 0, CHARS_UTF8, None, None)
        self.library.espeak_Synchronize()
        samples = np.frombuffer(b"".join(self.pieces), np.int16).astype(np.float32) / 32768
        return Speech(self.rate, samples, self.phonemes, self.words)


def iter_events(events):
    i = 0
    while events[i].type != LIST_TERMINATED:
        yield events[i]
        i += 1


library = lru_cache(Library)


def speak(text, voice):
    return library().speak(text, voice)
