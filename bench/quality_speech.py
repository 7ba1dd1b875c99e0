"""Speaks the sentences in every way, and judges what is heard: the first half of quality.py.

Runs in the environment that `quality.py --setup` makes.
"""

import numpy as np

import log_mel
from recognise import edits, error_rates, normalised, recognise
from sides import ROOT, say
from speaking import RATE, Speaker, speech_tokens

SENTENCES = ROOT / "bench" / "quality_sentences.txt"
YARDSTICK = "recordings (the teacher)"
JOINED_SECONDS, MOST_JOINED = 10, 4  # a voice is best made of 10 s; so many are made for each of the voices
AUDIBLE = 0.01  # of full scale


def joined(waves):
    """Sounds of some JOINED_SECONDS."""
    part = []
    for wave in waves:
        part.append(wave)
        if sum(map(len, part)) >= JOINED_SECONDS * RATE:
            yield np.concatenate(part)
            part = []


def heard_length(wave):
    """From the first audible sample to the last, in seconds."""
    heard = np.flatnonzero(np.abs(wave) > AUDIBLE)
    return float(heard[-1] + 1 - heard[0]) / RATE if len(heard) else 0.0


def cosine(a, b):
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


class Judge:
    """What can be said of the sentences' sounds without other sounds."""

    def __init__(self, speaker, all_sentences):
        self.speaker, self.all_sentences = speaker, all_sentences
        self.expected = [normalised(text) for text in speaker.sentences]
        self.voices = {voice: speaker.embedding_of_voice(voice) for voice in dict.fromkeys(speaker.voices)}

    def similarity(self, waves):
        """The mean cosine of x-vectors: of what was spoken, and of the voice that was asked for."""
        cosines = []
        for voice, asked in self.voices.items():
            own = [wave for wave, other in zip(waves, self.speaker.voices) if other == voice]
            parts = list(joined(own))[:MOST_JOINED] or [np.concatenate(own)]
            cosines += [cosine(self.speaker.embedding_of_sound(part), asked) for part in parts]
        return float(np.mean(cosines))

    def figures(self, waves):
        heard = recognise([(wave, RATE) for wave in waves], self.all_sentences, self.speaker.arguments.threads)
        return {"edits": [edits(*pair) for pair in zip(self.expected, heard)],
                "heard": [" ".join(words) for words in heard],
                "speaker": self.similarity(waves), "seconds": sum(map(heard_length, waves))}

    def compare(self, row, baseline):
        """What a row is to the baseline's, which says the same."""
        counts = [len(words) for words in self.expected]
        row.update(error_rates(row["edits"], baseline["edits"], counts))
        row["length"] = row["seconds"] / baseline["seconds"]


def mel_distance(speaker, folder, baseline):
    """The mean over the sentences, or None where any tokens differ."""
    distances = []
    for n, (wave, expected) in enumerate(zip(speaker.waves(folder), speaker.waves(baseline))):
        if speech_tokens(folder, n) != speech_tokens(baseline, n):
            return None
        distances.append(log_mel.distance(wave, expected))
    return float(np.mean(distances))


def speak_in_every_way(speaker, ways, folder):
    """A row for each way, with the folder of its sounds. All are spoken before any is judged: errors come soon."""
    rows = []
    for number, way in enumerate(ways):
        say(f"speaking: {way.name}")
        sounds, equal = folder / f"way{number}", folder / f"way{number}_equal_tokens"
        ended, engine = speaker.batch(sounds, way.options)
        row = {"way": way.name, "options": way.options, "ended": ended, "log_mel": None, "folder": sounds,
               "t3": engine["t3_precision"], "s3gen": engine["s3gen_precision"]}
        if rows:
            say(f"speaking: {way.name}, T3 in fp32")
            speaker.batch(equal, way.with_equal_tokens())
            row["log_mel"] = mel_distance(speaker, equal, rows[0]["folder"])
        rows.append(row)
    return rows


def compare_speech(arguments, ways, folder):
    """A row for each way, the baseline first, and for the recordings, where there are any."""
    all_sentences = SENTENCES.read_text(encoding="utf-8").splitlines()
    sentences = all_sentences[:arguments.sentences]
    speaker = Speaker(arguments, sentences, folder)
    rows = speak_in_every_way(speaker, ways, folder)
    judge = Judge(speaker, all_sentences)
    for row in rows:
        say(f"listening: {row['way']}")
        row.update(judge.figures(speaker.waves(row.pop("folder"))))
    if speaker.has_recordings():
        say(f"listening: {YARDSTICK}")
        rows.append({"way": YARDSTICK, "ended": None, "log_mel": None, "t3": None, "s3gen": None,
                     **judge.figures(list(speaker.recordings()))})
    for row in rows:
        judge.compare(row, rows[0])
    return {"sentences": len(sentences), "words": sum(map(len, judge.expected)), "rows": rows}
