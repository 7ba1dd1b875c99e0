"""Words that a recogniser hears in speech: pocketsphinx, with the English model of its wheel.

It knows only the words of ten sentences at a time (closed vocabulary), with the model's pronunciations and word
probabilities. Of the words of the demo voice's teacher it has 6 to 9 % wrong like this, and 20 % with its whole
dictionary, at five times the time.
"""

import multiprocessing
import pathlib
import re
import sys
import tempfile
from functools import lru_cache

import numpy as np
import pocketsphinx
import soxr

RATE = 16_000  # of the acoustic model, Hz
TOGETHER = 10  # sentences
RESAMPLES = 2000  # of the bootstrap


def normalised(text):
    return re.findall("[a-z']+", text.lower())


@lru_cache
def pronunciations():
    """{word: its lines of the model's dictionary}"""
    found = {}
    with open(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict"), encoding="utf-8") as file:
        for line in file:
            found.setdefault(line.split()[0].split("(")[0], []).append(line)  # a second one is "read(2)"
    return found


def vocabulary(sentences):
    """The lines of a dictionary with all words of the sentences."""
    words = sorted({word for sentence in sentences for word in normalised(sentence)})
    unknown = [word for word in words if word not in pronunciations()]
    if unknown:
        sys.exit(f"quality.py: error: not in the recogniser's dictionary: {', '.join(unknown)}")
    return "".join(line for word in words for line in pronunciations()[word])


def _recognise_group(dictionary, sounds):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "words.dict"
        path.write_text(dictionary, encoding="utf-8")
        # "batch": an utterance is normalised by its own means, so that the order does not matter.
        decoder = pocketsphinx.Decoder(samprate=RATE, dict=str(path), cmn="batch", loglevel="FATAL")
    heard = []
    for wave, rate in sounds:
        wave = soxr.resample(wave, rate, RATE)
        samples = (wave * 32767).clip(-32767, 32767).astype("<i2")
        decoder.start_utt()
        decoder.process_raw(samples.tobytes(), full_utt=True)
        decoder.end_utt()
        heard.append(normalised(decoder.hyp().hypstr) if decoder.hyp() else [])
    return heard


def recognise(sounds, sentences, threads):
    """The words of each (wave, rate). Sound n says sentence n; the last sentences may have none."""
    groups = [(vocabulary(sentences[n:n + TOGETHER]), sounds[n:n + TOGETHER])
              for n in range(0, len(sounds), TOGETHER)]
    with multiprocessing.Pool(threads) as pool:
        return [words for group in pool.starmap(_recognise_group, groups, chunksize=1) for words in group]


def edits(expected, heard):
    """Words to insert, remove or replace (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(expected, 1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other))
    return row[-1]


def error_rates(made, baseline, counts):
    """The word error rate, its difference to the baseline's, and half the 95 % interval of that difference.

    made, baseline, counts: for each sentence, its edits, the baseline's, and its words. The interval is a bootstrap
    over pairs, for both say the same sentences.
    """
    difference, counts = np.subtract(made, baseline), np.asarray(counts)
    drawn = np.random.default_rng(0).integers(len(counts), size=(RESAMPLES, len(counts)))
    low, high = np.percentile(difference[drawn].sum(1) / counts[drawn].sum(1), [2.5, 97.5])
    return {"wer": float(np.sum(made) / counts.sum()), "wer_difference": float(difference.sum() / counts.sum()),
            "wer_interval": float(high - low) / 2}
