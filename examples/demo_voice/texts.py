"""What is spoken: sentences of Debian's fortunes, and random words for the spelling of what they lack."""
import random
import re
from pathlib import Path

import config

FORTUNES = Path("/usr/share/games/fortunes")
WORDS = Path("/usr/share/dict/words")
PLAIN = re.compile(r"[A-Za-z][A-Za-z ,.'!?-]*")
SHORTEST, SHORT, LONGEST = 12, 70, 260  # characters of a sentence: at least, of a short one at most, at most
LINKS = (", and ", ", but ", ", because ", " when ", ", which means that ", " while ", ", so ")  # of two to a long one


def sentences(folder):
    """Sentences of SHORTEST to LONGEST plain characters, each once, in a fixed order."""
    found = {}
    for file in sorted(folder.iterdir()):
        if not file.is_file() or file.suffix in (".dat", ".u8") or "art" in file.name:
            continue
        for quote in file.read_text(errors="ignore").split("\n%\n"):
            spoken = " ".join(re.sub(r"--.*", "", quote, flags=re.S).split())
            for sentence in re.split(r"(?<=[.!?])\s+", spoken):
                if SHORTEST <= len(sentence) <= LONGEST and PLAIN.fullmatch(sentence):
                    found.setdefault(sentence.lower(), sentence)
    return list(found.values())


def word_list(path):
    return [w for w in path.read_text(errors="ignore").split() if re.fullmatch("[a-z]{2,12}", w)]


def options(parser):
    parser.add_argument("--fortunes", type=Path, default=FORTUNES, help="folder of fortunes (default: %(default)s)")
    parser.add_argument("--words", type=Path, default=WORDS, help="word list (default: %(default)s)")


class Texts:
    """Held-out sentences, and any number of texts to train on that contain none of them."""

    def __init__(self, amounts, fortunes=FORTUNES, words=WORDS):
        for path, package in ((fortunes, "fortunes"), (words, "wamerican")):
            if not path.exists():
                raise SystemExit(f"error: {path} is missing: apt-get install {package}, or give its place")
        self.rng = random.Random(config.SEED)
        found = sentences(fortunes)
        short = [sentence for sentence in found if len(sentence) <= SHORT]
        self.rng.shuffle(short)
        self.held_out, self.real = short[:amounts.held_out], short[amounts.held_out:]
        self.long = [sentence for sentence in found if len(sentence) > SHORT]
        self.any_length = self.real + self.long
        self.common = [w for s in self.real for w in re.findall("[a-z]+", s.lower())]
        self.words = word_list(words)

    def corpus(self, count):
        """`count` pairs of a text and a voice. Real sentences come once in each voice, and again in paragraphs and as
        parts of longer ones."""
        pairs = [(text, voice) for text in self.any_length for voice in config.VOICES]
        self.rng.shuffle(pairs)
        pairs = pairs[:count * 2 // 3]
        while len(pairs) < count:
            pairs.append((self._other(), self.rng.choice(list(config.VOICES))))
        self.rng.shuffle(pairs)
        return pairs

    def _other(self):
        kind = self.rng.random()
        if kind < 0.12:  # a word or two: short requests must end, too
            return self._random_words(1, 2)
        if kind < 0.50:
            return self._random_words(3, 9)
        if kind < 0.70:
            return self._linked()
        longest = 160 if kind < 0.92 else 400  # what the program speaks in one piece
        return self._paragraph(longest)

    def _random_words(self, least, most):
        """60 % of the words as often as in real text, the rest evenly from the word list."""
        count = self.rng.randint(least, most)
        words = [self.rng.choice(self.common if self.rng.random() < 0.6 else self.words) for _ in range(count)]
        for i in range(count):
            if self.rng.random() < 0.06:
                words[i] = words[i].upper()
            if i < count - 1 and self.rng.random() < 0.1:
                words[i] += ","
        text = " ".join(words)
        return text[0].upper() + text[1:] + self.rng.choice("...?!")

    def _linked(self):
        """Sentences as one that is long."""
        target, text = self.rng.randint(120, LONGEST), self.rng.choice(self.long)
        while len(text) < target - SHORT:
            text = text.rstrip(".!?") + self.rng.choice(LINKS) + self._continuing(self.rng.choice(self.any_length))
        return text[:LONGEST]

    @staticmethod
    def _continuing(sentence):
        """Without the capital that begins it, but for "I" and what is written in capitals."""
        first = sentence.split()[0]
        return sentence if first == "I" or first[1:] != first[1:].lower() else sentence[0].lower() + sentence[1:]

    def _paragraph(self, longest):
        target, parts = self.rng.randint(70, longest), []
        while sum(map(len, parts)) + len(parts) < target - 40:
            parts.append(self.rng.choice(self.real))
        return " ".join(parts)[:longest] if parts else self.rng.choice(self.real)
