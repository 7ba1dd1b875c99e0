"""espeak-ng's phonemes of a text, through its library."""
import ctypes
from functools import lru_cache

# speak_lib.h
AUDIO_OUTPUT_SYNCHRONOUS = 2
CHARS_UTF8 = 1
PHONEMES_IPA = 0x02
TIE = 0x80 | ord("^") << 8  # between the letters of one sound: a^ɪ, t^ʃ


class Library:
    def __init__(self, voice):
        try:
            self.library = ctypes.CDLL("libespeak-ng.so.1")
        except OSError:
            raise SystemExit("error: libespeak-ng.so.1 is missing: apt-get install espeak-ng") from None
        self.library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self.library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, None, 0)
        if self.library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise SystemExit(f"error: espeak-ng has no voice {voice}")

    def phonemes(self, text):
        """IPA with stress marks, the words parted by spaces. The text is one clause: punctuation is lost."""
        rest = ctypes.c_char_p(text.encode())
        found = []
        while rest.value:
            clause = self.library.espeak_TextToPhonemes(ctypes.byref(rest), CHARS_UTF8, PHONEMES_IPA | TIE)
            found.append(clause.decode().strip())
        return " ".join(part for part in found if part)


library = lru_cache(Library)


def phonemes(text, voice="en-us"):
    return library(voice).phonemes(text)
